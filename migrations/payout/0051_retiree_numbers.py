"""Numbers of the messages about retired people, which the database gives in their order."""

from __future__ import annotations

from alembic import op

revision = "payout_0051"
down_revision = "payout_0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the last number to the gate of the draws."""
    op.execute("ALTER TABLE person_gate ADD COLUMN number bigint NOT NULL DEFAULT 0")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE person_gate DROP COLUMN number")
