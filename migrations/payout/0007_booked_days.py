"""The days on which payments and returns are booked: later than the bank's days when these are closed."""

from alembic import op

revision = "payout_0007"
down_revision = "payout_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the days; everything of before was booked on the bank's day."""
    op.execute("""
        ALTER TABLE payment_line
          ADD COLUMN paid_booked_on date,
          ADD COLUMN returned_booked_on date
    """)
    op.execute("""
        UPDATE payment_line
           SET paid_booked_on = paid_on, returned_booked_on = returned_on
         WHERE paid_on IS NOT NULL OR returned_on IS NOT NULL
    """)
    op.execute("GRANT UPDATE (paid_booked_on, returned_booked_on) ON payment_line TO wuxian_payout")


def downgrade() -> None:
    """Drop the days."""
    op.execute(
        "ALTER TABLE payment_line DROP COLUMN paid_booked_on, DROP COLUMN returned_booked_on"
    )
