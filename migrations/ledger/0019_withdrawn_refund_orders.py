"""Refund orders that collection withdraws before they are settled."""

from __future__ import annotations

from alembic import op

revision = "ledger_0019"
down_revision = "ledger_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let an order be withdrawn."""
    op.execute("""
        ALTER TABLE refund_order
            DROP CONSTRAINT refund_order_status_check,
            ADD CONSTRAINT refund_order_status_check
                CHECK (status IN ('open', 'settled', 'withdrawn'))
    """)


def downgrade() -> None:
    """Forbid it again; refuses by itself where an order was withdrawn."""
    op.execute("""
        ALTER TABLE refund_order
            DROP CONSTRAINT refund_order_status_check,
            ADD CONSTRAINT refund_order_status_check CHECK (status IN ('open', 'settled'))
    """)
