"""Pensions paid out of personal accounts: the account's part of each pension, and what was asked."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence.tables import EVENTS, Watched

revision = "payout_0048"
down_revision = "payout_0047"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"
WATCHED: Final = Watched(("person_id", "since", "change_id"), hidden=("identity_blind",))
TABLES: Final = (
    # The part of a pension that the account pays, from a month on, in force once its paper is.
    """
    CREATE TABLE account_pension (
        person_id      bigint           NOT NULL,
        identity_blind bytea            NOT NULL,
        since          text COLLATE "C" NOT NULL,
        change_key     bigint           NOT NULL,
        change_id      uuid             NOT NULL,
        account_fen    bigint           NOT NULL CHECK (account_fen >= 0),
        PRIMARY KEY (person_id, identity_blind, since, change_id)
    )
    """,
    # What was asked of the ledger for a month, by the day on which its payment is booked.
    """
    CREATE TABLE account_draw (
        person_id      bigint           NOT NULL,
        identity_blind bytea            NOT NULL,
        period         text COLLATE "C" NOT NULL,
        drawn_on       date             NOT NULL,
        id             uuid             NOT NULL,
        asked_fen      bigint           NOT NULL CHECK (asked_fen <> 0),
        PRIMARY KEY (person_id, identity_blind, period, drawn_on, id)
    )
    """,
    # Months about which something became known; all of a person's for an empty period.
    """
    CREATE TABLE draw_mark (
        person_id      bigint           NOT NULL,
        identity_blind bytea            NOT NULL,
        period         text COLLATE "C" NOT NULL,
        id             uuid             NOT NULL DEFAULT gen_random_uuid(),
        PRIMARY KEY (person_id, identity_blind, period, id)
    )
    """,
)
# The record that a merged one ended in has copies of the rows of the same paper.
PENSIONERS: Final = """
WITH RECURSIVE chain (person_id, survivor_id) AS (
    SELECT person_id, person_id FROM qualification WHERE status = 'approved'
     UNION
    SELECT chain.person_id, merged.survivor_id
      FROM chain
      JOIN person_correction AS merged
        ON merged.person_id = chain.survivor_id AND merged.survivor_id <> merged.person_id
), pensioner AS (
    SELECT DISTINCT paper.qualification_key, paper.id, row.person_id, row.identity_blind,
           row.in_force_from AS since, paper.change_key, paper.change_id, paper.evidence
      FROM qualification AS paper
      JOIN chain ON chain.person_id = paper.person_id
      JOIN entitlement AS row
        ON row.person_id = chain.survivor_id AND row.kind = 'basic_pension'
       AND row.in_force_from
           = to_char(to_date(paper.retirement, 'YYYY-MM') + interval '1 month', 'YYYY-MM')
       AND (row.person_id = paper.person_id AND row.identity_blind = paper.identity_blind
            OR row.person_id <> paper.person_id)
     WHERE paper.status = 'approved'
)
"""
PARTS: Final = f"""
{PENSIONERS}
INSERT INTO account_pension (person_id, identity_blind, since, change_key, change_id, account_fen)
SELECT person_id, identity_blind, since, change_key, change_id, coalesce(part.fen, 0)
  FROM (SELECT person_id, identity_blind, since, change_key, change_id, evidence
          FROM pensioner
         UNION ALL
        SELECT pensioner.person_id, pensioner.identity_blind, pensioner.since, again.change_key,
               again.change_id, again.evidence
          FROM pensioner
          JOIN qualification_recalculation AS again
            ON again.qualification_key = pensioner.qualification_key
           AND again.qualification_id = pensioner.id) AS stated
  LEFT JOIN LATERAL (
       SELECT CAST(replace(line ->> 'amount', '.', '') AS bigint) AS fen
         FROM jsonb_array_elements(stated.evidence -> 'lines') AS line
        WHERE line ->> 'id' = 'account') AS part ON true
 WHERE part.fen IS NOT NULL OR stated.evidence ->> 'account_fen' = '0'
    ON CONFLICT DO NOTHING
"""
# Background work puts the draws of marked people right, a few at a time, and tells the ledger of them.
MARKS: Final = """
INSERT INTO draw_mark (person_id, identity_blind, period)
SELECT DISTINCT person_id, identity_blind, '' FROM entitlement WHERE kind = 'basic_pension'
"""


def upgrade() -> None:
    """Make the tables, read the parts of pensions of before, and mark all pensioners."""
    for statement in (*TABLES, PARTS, MARKS):
        op.execute(statement)
    op.execute("INSERT INTO person_gate (name) VALUES ('draws')")
    for statement in WATCHED.ddl("account_pension"):
        op.execute(statement)
    op.execute(f"GRANT SELECT, INSERT ON account_pension, account_draw TO {ROLE}")
    op.execute(f"GRANT SELECT, INSERT, DELETE ON draw_mark TO {ROLE}")


def downgrade() -> None:
    """Drop the tables."""
    for event in EVENTS:
        op.execute(f"DROP TRIGGER account_pension_{event.lower()}_recorded ON account_pension")
    op.execute("DELETE FROM person_gate WHERE name = 'draws'")
    for table in ("draw_mark", "account_draw", "account_pension"):
        op.execute(f"DROP TABLE {table}")
