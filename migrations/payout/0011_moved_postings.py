"""The day on which a message was booked when its own was closed."""

from alembic import op

from shared import outbox

revision = "payout_0011"
down_revision = "payout_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was booked before is taken as booked on its own day."""
    for statement in outbox.BOOKED_DDL:
        op.execute(statement)


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE outbox DROP COLUMN booked_on")
