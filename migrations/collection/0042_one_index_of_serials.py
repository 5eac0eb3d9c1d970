"""One index of the serials of receipts, where two held the same."""

from __future__ import annotations

from alembic import op

revision = "collection_0042"
down_revision = "collection_0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the narrower index; `receipt_of_serial` begins with the same column."""
    op.execute("DROP INDEX receipt_by_serial")


def downgrade() -> None:
    """Make it again."""
    op.execute("CREATE INDEX receipt_by_serial ON receipt (serial)")
