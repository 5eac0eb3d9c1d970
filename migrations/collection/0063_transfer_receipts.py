"""Receipts that are the money of a transfer from another city, matched with its letter."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "collection_0063"
down_revision = "collection_0062"
branch_labels = None
depends_on = None

SERIAL: Final = "(status IN ('returning', 'returned')) = (return_serial IS NOT NULL)"


def _replace(returned: str, sources: str) -> None:
    """Write the checks of a refund's source, and of its return, anew."""
    known = op.get_bind().scalar(
        sa.text("""
            SELECT conname
              FROM pg_constraint
             WHERE conrelid = CAST('refund' AS regclass) AND contype = 'c'
               AND pg_get_constraintdef(oid) LIKE '%return_serial%'
        """)
    )
    for change in (
        "DROP CONSTRAINT refund_source_check",
        f'DROP CONSTRAINT "{known}"',
        f"ADD CONSTRAINT refund_source_check CHECK (source IN ({sources}))",
        f"ADD CONSTRAINT refund_return_serial CHECK ({returned})",
    ):
        op.execute(f"ALTER TABLE refund {change}")


def upgrade() -> None:
    """Add the letter. The ledger reverses a transfer, so its return has no serial of the bank's."""
    op.execute("ALTER TABLE refund ADD COLUMN transfer jsonb")
    _replace(
        f"{SERIAL} OR (source = 'transfer' AND return_serial IS NULL)",
        "'receipt', 'credits', 'charge', 'transfer'",
    )
    op.execute("""
        ALTER TABLE refund ADD CONSTRAINT refund_transfer
            CHECK ((source = 'transfer') = (transfer IS NOT NULL))
    """)


def downgrade() -> None:
    """Take the letter away; refuses by itself where a receipt is matched with one."""
    op.execute("ALTER TABLE refund DROP CONSTRAINT refund_transfer")
    _replace(SERIAL, "'receipt', 'credits', 'charge'")
    op.execute("ALTER TABLE refund DROP COLUMN transfer")
