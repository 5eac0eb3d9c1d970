"""Draws in the database: thousands of persons in one statement."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.personal.domain import Bill

_DRAW: Final = """
WITH named AS (
    SELECT COALESCE(merged.holder_id, one.person_id) AS person_id,
           CAST(SUM(one.asked_fen) AS bigint) AS asked_fen
      FROM unnest(CAST(:persons AS bigint[]), CAST(:amounts AS bigint[]))
        AS one (person_id, asked_fen)
      LEFT JOIN personal_holder AS merged
        ON merged.person_id = one.person_id
     GROUP BY 1
), record AS (
    SELECT person_id, person_id AS record_id
      FROM named
     UNION ALL
    SELECT other.holder_id, other.person_id
      FROM personal_holder AS other
      JOIN named ON named.person_id = other.holder_id
), moved AS (
    SELECT record.person_id, credit.amount_fen AS held_fen, 0 AS asked_fen,
           0 AS drawn_fen
      FROM record
      JOIN personal_credit AS credit
        ON credit.person_id = record.record_id AND credit.fund = :fund
     UNION ALL
    SELECT record.person_id, closed.interest_fen, 0, 0
      FROM record
      JOIN personal_year AS closed
        ON closed.person_id = record.record_id AND closed.fund = :fund
     UNION ALL
    SELECT record.person_id, earlier.drawn_fen, earlier.asked_fen,
           earlier.drawn_fen
      FROM record
      JOIN personal_draw AS earlier
        ON earlier.person_id = record.record_id AND earlier.fund = :fund
), account AS (
    SELECT person_id, SUM(held_fen) AS held_fen, SUM(asked_fen) AS asked_fen,
           SUM(drawn_fen) AS drawn_fen
      FROM moved
     GROUP BY person_id
), written AS (
    INSERT INTO personal_draw (person_id, fund, paper, asked_fen, drawn_fen,
                               drawn_on)
    SELECT named.person_id, CAST(:fund AS text), CAST(:paper AS text),
           named.asked_fen,
           GREATEST(0, LEAST(COALESCE(account.asked_fen, 0) + named.asked_fen,
                             COALESCE(account.held_fen, 0)))
           - COALESCE(account.drawn_fen, 0),
           CAST(:day AS date)
      FROM named
      LEFT JOIN account ON account.person_id = named.person_id
     ORDER BY named.person_id
    RETURNING person_id, drawn_fen
), given AS (
    INSERT INTO personal_credit (person_id, fund, kind, period, source, amount_fen,
                                 credited_on)
    SELECT person_id, CAST(:fund AS text), 'pension', CAST(:period AS text),
           CAST(:paper AS text), -drawn_fen, CAST(:day AS date)
      FROM written
     WHERE drawn_fen <> 0
    RETURNING amount_fen
)
SELECT COUNT(*) AS people, CAST(COALESCE(-SUM(amount_fen), 0) AS bigint) AS fen
  FROM given
"""


async def draw(tx: AsyncConnection, paper: Bill, fund: str) -> tuple[int, int]:
    """Write what a paper asks and what the accounts give; return how many give something, and the sum.

    Merged records are one account, and its holder gives. What an account has given over all papers is
    what was asked of it, up to what it held: its balance and what it has given before. The caller
    holds the fund's row alone.
    """
    row = (
        await tx.execute(
            text(_DRAW),
            {
                "fund": fund,
                "paper": paper.id,
                "period": paper.period,
                "day": paper.credited_on,
                "persons": [one.person_id for one in paper.credits],
                "amounts": [one.amount_fen for one in paper.credits],
            },
        )
    ).one()
    return row.people, row.fen
