"""Cases of people who were merged before survivors owed: the survivor owes them too."""

from __future__ import annotations

from alembic import op

revision = "payout_0045"
down_revision = "payout_0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Name the record at the end of each chain of mergers.

    Without it the overpaid months, which the merger moved, count as not covered by the case and are
    listed again.
    """
    op.execute("""
        WITH RECURSIVE merger AS (
            SELECT person_id, survivor_id, number
              FROM person_correction
             WHERE survivor_id <> person_id
             UNION ALL
            SELECT merger.person_id, later.survivor_id, later.number
              FROM merger
              JOIN person_correction AS later
                ON later.person_id = merger.survivor_id AND later.number > merger.number
               AND later.survivor_id <> later.person_id
        ), last AS (
            SELECT DISTINCT ON (person_id) person_id, survivor_id
              FROM merger
             ORDER BY person_id, number DESC
        )
        UPDATE recovery_case AS owner
           SET survivor_id = last.survivor_id, identity_blind = survivor.identity_blind,
               sealed_number = survivor.sealed_number
          FROM last
         CROSS JOIN LATERAL (
               SELECT identity_blind, sealed_number
                 FROM entitlement
                WHERE entitlement.person_id = last.survivor_id
                ORDER BY suspended_at IS NULL DESC, in_force_from DESC
                LIMIT 1) AS survivor
         WHERE owner.case_key = last.person_id AND owner.cause = 'overpaid'
           AND owner.survivor_id IS NULL
           AND EXISTS (SELECT 1
                         FROM entitlement AS merged
                        WHERE merged.person_id = owner.case_key
                          AND merged.identity_blind = owner.identity_blind
                          AND merged.suspended_reason IN ('merged', 'second'))
    """)


def downgrade() -> None:
    """Keep them: the survivor owes what it owes."""
