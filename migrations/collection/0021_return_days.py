"""The day on which a return is booked: what was in suspense on a past day can be told by it."""

from __future__ import annotations

from alembic import op

revision = "collection_0021"
down_revision = "collection_0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the day; returns that were booked before were booked on the bank's day."""
    op.execute("ALTER TABLE receipt_change ADD COLUMN booked_on date")
    op.execute("""
        UPDATE receipt_change AS change
           SET booked_on = greatest(change.on_day, receipt.book_date)
          FROM receipt
         WHERE change.status = 'approved' AND receipt.receipt_key = change.receipt_key
           AND receipt.id = change.receipt_id
    """)
    op.execute("GRANT UPDATE (booked_on) ON receipt_change TO wuxian_collection")


def downgrade() -> None:
    """Drop the day."""
    op.execute("ALTER TABLE receipt_change DROP COLUMN booked_on")
