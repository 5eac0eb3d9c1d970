"""The trace of a message of the outbox."""

from __future__ import annotations

from alembic import op

from shared import outbox

revision = "payout_0018"
down_revision = "payout_0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; they are empty unless an operator has traces written."""
    for statement in outbox.TRACE_DDL:
        op.execute(statement)


def downgrade() -> None:
    """Drop the columns."""
    op.execute("ALTER TABLE outbox DROP COLUMN traceparent")
