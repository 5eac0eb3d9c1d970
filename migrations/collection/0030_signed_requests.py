"""Nonces of signed requests: a request that was signed once is taken once."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.signature.nonce import TABLE, ddl

revision = "collection_0030"
down_revision = "collection_0029"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"


def upgrade() -> None:
    """Create the table."""
    for statement in ddl(ROLE):
        op.execute(statement)


def downgrade() -> None:
    """Drop the table."""
    op.execute(f"DROP TABLE {TABLE}")
