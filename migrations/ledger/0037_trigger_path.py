"""The trigger on reversals looks for vouchers in the schema, whichever connection writes.

On a distributed database a trigger runs at a shard, with that server's own search path.
"""

from __future__ import annotations

from alembic import op

revision = "ledger_0037"
down_revision = "ledger_0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Fix the path of the function."""
    op.execute("ALTER FUNCTION refuse_over_reversal() SET search_path = ledger, pg_temp")


def downgrade() -> None:
    """Leave it to the connection."""
    op.execute("ALTER FUNCTION refuse_over_reversal() RESET search_path")
