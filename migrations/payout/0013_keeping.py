"""The keys that made the data are noted; stored answers and delivered messages are cleaned after their time."""

from __future__ import annotations

from alembic import op

from shared.db import role_of
from shared.process import retention
from shared.security import key_check

revision = "payout_0013"
down_revision = "payout_0012"
branch_labels = None
depends_on = None

ROLE = role_of("payout")
TABLES = (retention.ANSWERS, retention.MESSAGES)


def upgrade() -> None:
    """Make the tables, the triggers that keep rows, and the rights to clean."""
    op.execute(key_check.DDL)
    op.execute(f"GRANT {key_check.GRANT} ON key_fingerprint TO {ROLE}")
    for statement in retention.ddl(ROLE, *TABLES):
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for statement in retention.ddl_back(ROLE, *TABLES):
        op.execute(statement)
    op.execute("DROP TABLE key_fingerprint")
