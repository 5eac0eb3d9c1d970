"""The day of filing of a claim, which decides its fund; claims of before do not state it."""

from __future__ import annotations

from alembic import op

revision = "payout_0036"
down_revision = "payout_0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the day."""
    op.execute("ALTER TABLE claim ADD COLUMN filed_on date")


def downgrade() -> None:
    """Drop the day."""
    op.execute("ALTER TABLE claim DROP COLUMN filed_on")
