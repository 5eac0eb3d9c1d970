"""Slots have generations, and owners' slots are stored once there are two (decision 0047)."""

from __future__ import annotations

from alembic import op

from shared.db import role_of
from shared.process.spread import whole

revision = "ledger_0041"
down_revision = "ledger_0040"
branch_labels = None
depends_on = None

ROLE = role_of("ledger")
UP = (
    # The generation of all slots, for the writers to see; and the one that made this slot.
    "ALTER TABLE slot_head ADD COLUMN generation integer NOT NULL DEFAULT 1",
    "ALTER TABLE slot_head ADD COLUMN made_in integer NOT NULL DEFAULT 1",
    """
    ALTER TABLE slot_head ADD CONSTRAINT slot_head_generation_sound
        CHECK (made_in BETWEEN 1 AND generation)
    """,
    """
    CREATE TABLE owner_slot (
        owner text    PRIMARY KEY,
        slot  integer NOT NULL CHECK (slot >= 0)
    )
    """,
    whole("owner_slot", beside="place"),
    f"GRANT SELECT, INSERT ON owner_slot TO {ROLE}",
)


def upgrade() -> None:
    """Add the generations and the table; all slots are of the first."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Take them away."""
    op.execute("DROP TABLE owner_slot")
    op.execute("ALTER TABLE slot_head DROP CONSTRAINT slot_head_generation_sound")
    op.execute("ALTER TABLE slot_head DROP COLUMN made_in")
    op.execute("ALTER TABLE slot_head DROP COLUMN generation")
