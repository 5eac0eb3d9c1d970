"""The account's part of a pension that is carried over from an old system, on its paper."""

from __future__ import annotations

from alembic import op

revision = "payout_0049"
down_revision = "payout_0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE entitlement_change_line ADD COLUMN account_fen bigint")
    op.execute("""
        ALTER TABLE entitlement_change_line
          ADD CONSTRAINT entitlement_change_line_account_fen_check CHECK (account_fen >= 0)
    """)


def downgrade() -> None:
    """Drop the column; parts that were approved stay with their pensions."""
    op.execute("ALTER TABLE entitlement_change_line DROP COLUMN account_fen")
