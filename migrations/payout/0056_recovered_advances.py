"""A case about a wrong claim also covers what advances paid of its lines.

Such a line of a case has nothing to do with the bank's payment of the rest: if that comes back, it stays.
"""

from __future__ import annotations

from alembic import op

revision = "payout_0056"
down_revision = "payout_0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; cases of before cover payments of the bank alone."""
    op.execute("ALTER TABLE recovery_line ADD COLUMN deducted boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE recovery_line DROP COLUMN deducted")
