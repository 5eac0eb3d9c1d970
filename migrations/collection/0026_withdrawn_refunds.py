"""Approved refunds that two people withdraw before the ledger has settled them."""

from __future__ import annotations

from alembic import op

revision = "collection_0026"
down_revision = "collection_0025"
branch_labels = None
depends_on = None

BEFORE = "'requested', 'approved', 'refused', 'paid', 'returning', 'returned'"
MORE = "'withdrawal_requested', 'withdrawal_approved', 'withdrawn'"


def _allow(statuses: str) -> None:
    op.execute(f"""
        ALTER TABLE refund
            DROP CONSTRAINT refund_status_check,
            ADD CONSTRAINT refund_status_check CHECK (status IN ({statuses}))
    """)


def upgrade() -> None:
    """Let a refund be withdrawn."""
    _allow(f"{BEFORE}, {MORE}")
    op.execute("""
        CREATE INDEX refund_to_withdraw ON refund (id) WHERE status = 'withdrawal_approved'
    """)


def downgrade() -> None:
    """Forbid it again; refuses by itself where a refund was withdrawn."""
    op.execute("DROP INDEX refund_to_withdraw")
    _allow(BEFORE)
