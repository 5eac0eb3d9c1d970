"""The day on which a message was booked when its own was closed, and an index of allocations by day."""

from __future__ import annotations

from alembic import op

from shared import outbox

revision = "collection_0025"
down_revision = "collection_0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the indexes; what was booked before is taken as booked on its own day."""
    for statement in outbox.BOOKED_DDL:
        op.execute(statement)
    # Allocations come nearly in the order of their days: a summary of blocks is enough.
    op.execute("CREATE INDEX allocation_by_day ON allocation USING brin (book_date)")


def downgrade() -> None:
    """Drop the index and the column."""
    op.execute("DROP INDEX allocation_by_day")
    op.execute("ALTER TABLE outbox DROP COLUMN booked_on")
