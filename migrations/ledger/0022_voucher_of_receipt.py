"""Find the vouchers of a receipt without reading all that was ever in suspense."""

from __future__ import annotations

from alembic import op

revision = "ledger_0022"
down_revision = "ledger_0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.execute("""
        CREATE INDEX voucher_of_receipt ON voucher ((refs ->> 'receipt'), slot)
         WHERE refs ->> 'receipt' IS NOT NULL
    """)


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP INDEX voucher_of_receipt")
