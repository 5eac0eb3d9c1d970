"""Account corrections that name who decided them: the database demands another person."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence.tables import Watched
from shared.trail import folded_sql

revision = "payout_0038"
down_revision = "payout_0037"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"
TABLE: Final = "account_correction"
WATCHED: Final = Watched(("claim_key", "id"), hidden=("bank", "bank_number", "bank_holder"))
# The trail has the decision of every correction of before.
DECIDED_BEFORE: Final = """
    UPDATE account_correction AS paper
       SET decided_by = trail.person, decided_at = trail.at
      FROM trail
     WHERE trail.shard_key = paper.claim_key AND trail.paper_id = paper.id
       AND trail.paper = 'account_correction' AND trail.step = paper.status AND trail.signs
       AND paper.status <> 'proposed'
"""
# Not validated: a row of before that breaks them stays as it is.
CHECKS: Final = {
    "decided": "(status = 'proposed') = (decided_by IS NULL)"
    " AND (decided_by IS NULL) = (decided_at IS NULL)",
    "two_people": f"decided_by IS NULL OR {folded_sql('decided_by')} <> {folded_sql('proposed_by')}",
}


def upgrade() -> None:
    """Add who decided and when, from the trail for decisions of before."""
    op.execute(f"ALTER TABLE {TABLE} ADD COLUMN decided_by text, ADD COLUMN decided_at timestamptz")
    op.execute(DECIDED_BEFORE)
    for name, rule in CHECKS.items():
        op.execute(f"ALTER TABLE {TABLE} ADD CONSTRAINT {TABLE}_{name} CHECK ({rule}) NOT VALID")
    op.execute(WATCHED.ddl(TABLE)[-1])
    op.execute(f"GRANT UPDATE (decided_by, decided_at) ON {TABLE} TO {ROLE}")


def downgrade() -> None:
    """Drop both columns, and the rules with them."""
    op.execute(f"ALTER TABLE {TABLE} DROP COLUMN decided_by, DROP COLUMN decided_at")
