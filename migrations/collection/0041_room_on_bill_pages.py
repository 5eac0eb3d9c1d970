"""Room on the pages of bills, so that a payment's updates stay on the page and off the indexes."""

from __future__ import annotations

from alembic import op

revision = "collection_0041"
down_revision = "collection_0040"
branch_labels = None
depends_on = None

TABLES = ("bill", "bill_line")
"""Nearly every row is updated soon after it is written: locked by its payment, then settled."""


def upgrade() -> None:
    """Fill pages by half; those that are written already stay as they are."""
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 50)")


def downgrade() -> None:
    """Fill pages whole."""
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} RESET (fillfactor)")
