"""On a distributed database, count the signers of a correction from its own row.

The trail lies in shards there, written by the service's role, and a server takes no second role's
statements beside them in the same transaction. A CHECK of the row keeps the two people apart.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "ledger_0044"
down_revision = "ledger_0043"
branch_labels = None
depends_on = None

FROM_THE_TRAIL: Final = """        SELECT COUNT(DISTINCT person) INTO touched
          FROM trail WHERE shard_key = 0 AND paper_id = asked AND signs;
"""
FROM_EITHER: Final = """        IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
            touched := CASE WHEN paper.approved_by <> paper.proposed_by THEN 2 ELSE 1 END;
        ELSE
            SELECT COUNT(DISTINCT person) INTO touched
              FROM trail WHERE shard_key = 0 AND paper_id = asked AND signs;
        END IF;
"""


def upgrade() -> None:
    """Count from either."""
    _replace(FROM_THE_TRAIL, FROM_EITHER)


def downgrade() -> None:
    """Count from the trail."""
    _replace(FROM_EITHER, FROM_THE_TRAIL)


def _replace(old: str, new: str) -> None:
    """Define the function anew; its owner and rights stay."""
    found = op.get_bind().scalar(
        sa.text("SELECT pg_get_functiondef(to_regprocedure('ledger.apply_correction(uuid)'))")
    )
    assert old in found, "apply_correction counts who signed"
    op.get_bind().exec_driver_sql(found.replace(old, new))
