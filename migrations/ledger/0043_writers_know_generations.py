"""Once the slots have grown, only writers that know generations may write (decision 0047)."""

from __future__ import annotations

from alembic import op

revision = "ledger_0043"
down_revision = "ledger_0042"
branch_labels = None
depends_on = None

UP = (
    # A release that knows no generations counts `revision` up and leaves this column alone. While
    # there is one generation it may: the rule by which it places owners is the only one.
    "ALTER TABLE slot_head ADD COLUMN generation_revision bigint NOT NULL DEFAULT 0",
    "UPDATE slot_head SET generation_revision = revision",
    """
    ALTER TABLE slot_head ADD CONSTRAINT slot_head_written_by_generation
        CHECK (generation = 1 OR generation_revision = revision)
    """,
)


def upgrade() -> None:
    """Add the column that only writers that know generations count up, and its rule."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop the column with its rule."""
    op.execute("ALTER TABLE slot_head DROP CONSTRAINT slot_head_written_by_generation")
    op.execute("ALTER TABLE slot_head DROP COLUMN generation_revision")
