"""The days that the books take entries on, as this service last heard of them."""

from __future__ import annotations

from alembic import op

from shared import book_days

revision = "payout_0005"
down_revision = "payout_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; the worker fills it."""
    op.execute(book_days.DDL)
    op.execute(f"GRANT {book_days.GRANT} ON book_days TO wuxian_payout")


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE book_days")
