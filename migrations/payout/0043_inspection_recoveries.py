"""Orders of inspections: each is taken once, becomes a recovery case, and is reported."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "payout_0043"
down_revision = "payout_0042"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"

UP: Final = (
    "ALTER TABLE recovery_case ADD COLUMN inspection text",
    """
    CREATE TABLE inspection_order (
        inspection_key bigint  NOT NULL,
        inspection     text    NOT NULL,
        finding_no     integer NOT NULL,
        case_key       bigint,
        case_id        uuid,
        refusal        text,
        reported       text,
        PRIMARY KEY (inspection_key, inspection, finding_no),
        CHECK (num_nulls(case_key, case_id) IN (0, 2)),
        CHECK (num_nulls(case_id, refusal) = 1)
    )
    """,
    f"GRANT SELECT, INSERT, UPDATE (reported) ON inspection_order TO {ROLE}",
)


def upgrade() -> None:
    """Make the table, and let a case name its inspection."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Forget which cases inspections ordered."""
    op.execute("DROP TABLE inspection_order")
    op.execute("ALTER TABLE recovery_case DROP COLUMN inspection")
