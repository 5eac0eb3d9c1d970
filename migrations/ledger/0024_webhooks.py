"""Events of facts, and their delivery to registered addresses."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.webhooks.tables import ddl, ddl_back

revision = "ledger_0024"
down_revision = "ledger_0023"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_ledger"

# The ledger has no outbox, so it had no lease: one process delivers at a time.
LEASE: Final = """
CREATE TABLE lease (
    name   text        PRIMARY KEY,
    holder text        NOT NULL,
    until  timestamptz NOT NULL
)
"""


def upgrade() -> None:
    """Create the tables. Facts of before have no events: papers tell them."""
    op.execute(LEASE)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON lease TO {ROLE}")
    for statement in ddl(ROLE):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    for statement in ddl_back():
        op.execute(statement)
    op.execute("DROP TABLE lease")
