"""The ledger hears of the mergers that were approved before it merged personal accounts.

A balance that was moved by hand meanwhile stays right: both transfers now count for one account.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0022"
down_revision = "collection_0021"
branch_labels = None
depends_on = None


def _reference(prefix: str, key: str, id: str) -> str:
    return f"'{prefix}_' || lpad(to_hex({key}), 16, '0') || replace(CAST({id} AS text), '-', '')"


UP = f"""
    INSERT INTO outbox (shard_key, id, payload)
    SELECT person_id, gen_random_uuid(),
           convert_to(CAST(jsonb_build_object(
               'kind', 'personal_merger',
               'event_id', 'person_correction:' || replace(CAST(id AS text), '-', ''),
               'person', {_reference("per", "person_id", "person_uuid")},
               'survivor', {_reference("per", "survivor_id", "survivor_uuid")},
               'references', jsonb_build_object('paper', {_reference("pcr", "person_id", "id")})
           ) AS text), 'UTF8')
      FROM person_correction
     WHERE status = 'in_force' AND person_id <> survivor_id
"""


def upgrade() -> None:
    """Write the messages; the worker delivers them."""
    op.execute(UP)


def downgrade() -> None:
    """Withdraw what was not delivered yet."""
    op.execute("""
        DELETE FROM outbox
         WHERE sent_at IS NULL
           AND position(CAST('"personal_merger"' AS bytea) IN payload) > 0
    """)
