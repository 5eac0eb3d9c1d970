"""A field key that no value needs any more is noted as retired."""

from __future__ import annotations

from alembic import op

from shared.security import key_check

revision = "ledger_0023"
down_revision = "ledger_0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute(key_check.RETIRED_DDL)


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE key_fingerprint DROP COLUMN retired_at")
