"""The reason why a corrected account is another's."""

from __future__ import annotations

from alembic import op

revision = "payout_0039"
down_revision = "payout_0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; corrections of before have no reason."""
    op.execute("ALTER TABLE account_correction ADD COLUMN holder_reason text")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE account_correction DROP COLUMN holder_reason")
