"""Triggers of bills and debits look for their tables in the schema, whichever connection writes.

On a distributed database a trigger runs at a shard, with that server's own search path.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0057"
down_revision = "collection_0056"
branch_labels = None
depends_on = None

FUNCTIONS = (
    "bill_issued_stands",
    "bill_line_issued_stands",
    "bill_not_with_bank",
    "debit_line_not_of_tax",
)


def upgrade() -> None:
    """Fix the path of each function."""
    for name in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {name}() SET search_path = collection, pg_temp")


def downgrade() -> None:
    """Leave it to the connection."""
    for name in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {name}() RESET search_path")
