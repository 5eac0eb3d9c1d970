"""The balances of a merged account are a document, not an amount: the column is not called one."""

from __future__ import annotations

from alembic import op

revision = "ledger_0017"
down_revision = "ledger_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename the column."""
    op.execute("ALTER TABLE personal_merger RENAME COLUMN balances_fen TO balances")


def downgrade() -> None:
    """Name it as before."""
    op.execute("ALTER TABLE personal_merger RENAME COLUMN balances TO balances_fen")
