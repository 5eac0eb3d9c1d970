"""The trace of a message of the outbox, and of a declaration since its acceptance."""

from __future__ import annotations

from alembic import op

from shared import outbox

revision = "collection_0040"
down_revision = "collection_0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; they are empty unless an operator has traces written."""
    for statement in (*outbox.TRACE_DDL, "ALTER TABLE declaration ADD COLUMN traceparent text"):
        op.execute(statement)


def downgrade() -> None:
    """Drop the columns."""
    op.execute("ALTER TABLE outbox DROP COLUMN traceparent")
    op.execute("ALTER TABLE declaration DROP COLUMN traceparent")
