"""Events of facts, and their delivery to registered addresses."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.webhooks.tables import ddl, ddl_back

revision = "collection_0037"
down_revision = "collection_0036"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"


def upgrade() -> None:
    """Create the tables. Facts of before have no events: papers tell them."""
    for statement in ddl(ROLE):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    for statement in ddl_back():
        op.execute(statement)
