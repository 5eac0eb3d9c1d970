"""An Idempotency-Key is one request of one caller over all doors."""

from __future__ import annotations

from alembic import op

from shared import idempotency

revision = "collection_0019"
down_revision = "collection_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and list the keys that were used before."""
    op.execute(idempotency.KEY_DDL)
    op.execute(idempotency.KEYS_BEFORE)
    op.execute("GRANT SELECT, INSERT ON idempotency_key TO wuxian_collection")


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE idempotency_key")
