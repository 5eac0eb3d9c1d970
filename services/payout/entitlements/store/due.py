"""The rule of what is due: which person's month, under which row, and how much of it is unpaid.

It looks at the months of the facts and never at when they became known, so facts may become known in
any order. It is SQL, because a run, the arrears of a raise and the report of completeness read it for
a whole district at once. All of them read it here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.period import Period

IN_FORCE: Final = """
       row.in_force_from <= month.period AND row.suspended_at IS NULL
       AND NOT EXISTS (
               SELECT 1
                 FROM entitlement AS later
                WHERE later.person_id = row.person_id
                  AND later.identity_blind = row.identity_blind
                  AND later.kind = row.kind
                  AND later.in_force_from > row.in_force_from
                  AND later.in_force_from <= month.period
                  AND later.suspended_at IS NULL)"""
"""True for the row of a person that counts in `month.period`: the latest that has begun."""

NOT_STOPPED: Final = """
       NOT EXISTS (
               SELECT 1
                 FROM entitlement_end AS ended
                WHERE ended.person_id = row.person_id
                  AND ended.identity_blind = row.identity_blind
                  AND ended.kind = row.kind
                  AND ended.status = 'approved'
                  AND ended.last_period < month.period
                  AND (ended.again_from IS NULL OR ended.again_from > month.period))
       AND NOT EXISTS (
               SELECT 1
                 FROM entitlement_suspension AS suspended
                WHERE suspended.person_id = row.person_id
                  AND suspended.identity_blind = row.identity_blind
                  AND suspended.kind = row.kind
                  AND suspended.since <= month.period
                  AND (suspended.until IS NULL OR suspended.until > month.period))"""
"""True unless `month.period` lies after an end of the person of `row`, or in a suspension."""

AMOUNT: Final = """
     CROSS JOIN LATERAL (
           SELECT CASE WHEN NOT row.moved THEN row.monthly_fen ELSE (
                       SELECT own.monthly_fen
                         FROM entitlement AS own
                        WHERE own.person_id = row.person_id
                          AND own.identity_blind = row.identity_blind AND own.kind = row.kind
                          AND own.in_force_from < row.in_force_from
                          AND own.suspended_at IS NULL AND NOT own.moved
                        ORDER BY own.in_force_from DESC
                        LIMIT 1) END AS fen) AS amount"""
"""Join the amount of a row: `amount.fen`, of one that was moved that of the row before it."""

PAID: Final = """paid AS MATERIALIZED (
    SELECT candidate.person_id, candidate.id, candidate.period, max(part.part) AS part,
           CAST(candidate.fen - coalesce(sum(part.amount_fen) FILTER (WHERE part.live), 0)
                AS bigint) AS open_fen
      FROM candidate
      JOIN pension_month AS part
        ON part.person_id = candidate.person_id
       AND part.identity_blind = candidate.identity_blind
       AND part.kind = candidate.kind AND part.period = candidate.period
     GROUP BY candidate.person_id, candidate.id, candidate.period, candidate.fen
)"""
"""A common table: the months of a common table `candidate` of which a run has paid something, with
what it has left open and the last part. `candidate` has rows with their amounts `fen`."""

UNTOUCHED: Final = """
       candidate.fen > 0
       AND (candidate.person_id, candidate.id, candidate.period) NOT IN (
               SELECT person_id, id, period FROM paid)"""
"""True for a month of `candidate` of which no run has paid anything."""

ROOM: Final = f"""room_month AS MATERIALIZED (
    SELECT DISTINCT person_id, identity_blind, kind, period FROM month
), room_part AS MATERIALIZED (
    SELECT month.person_id, month.identity_blind, month.kind, month.period, part.amount_fen,
           part.claim_key, part.claim_id
      FROM room_month AS month
      JOIN pension_month AS part
        ON part.person_id = month.person_id AND part.identity_blind = month.identity_blind
       AND part.kind = month.kind AND part.period = month.period AND part.live
), room_line AS MATERIALIZED (
    SELECT part.person_id, part.identity_blind, part.kind, part.period, line.claim_key,
           line.claim_id, line.line_no, part.amount_fen - line.amount_fen AS kept_fen
      FROM room_part AS part
      JOIN claim_line AS line
        ON line.claim_key = part.claim_key AND line.claim_id = part.claim_id
       AND line.person_id = part.person_id AND line.reference = part.period
     WHERE part.amount_fen >= 0
), room_sent AS MATERIALIZED (
    SELECT line.person_id, line.identity_blind, line.kind, line.period, paid.amount_fen
      FROM room_line AS line
      JOIN payment_part AS batched
        ON batched.claim_key = line.claim_key AND batched.claim_id = line.claim_id
       AND batched.live
      JOIN payment_line AS paid
        ON paid.batch_key = batched.batch_key AND paid.batch_id = batched.batch_id
       AND paid.part_no = batched.part_no AND paid.claim_line_no = line.line_no
       AND paid.status NOT IN ('refused', 'returned')
), room_used AS MATERIALIZED (
    SELECT person_id, identity_blind, kind, period, CAST(sum(fen) AS bigint) AS fen
      FROM (SELECT person_id, identity_blind, kind, period, 0 AS fen FROM room_month
             UNION ALL
            SELECT person_id, identity_blind, kind, period, amount_fen
              FROM room_part
             WHERE amount_fen < 0
             UNION ALL
            SELECT person_id, identity_blind, kind, period, kept_fen FROM room_line
             UNION ALL
            SELECT person_id, identity_blind, kind, period, amount_fen FROM room_sent) AS one
     GROUP BY person_id, identity_blind, kind, period
), room AS MATERIALIZED (
    SELECT month.person_id, month.identity_blind, month.kind, month.period,
           coalesce((
               SELECT amount.fen
                 FROM entitlement AS row
                 {AMOUNT}
                WHERE row.person_id = month.person_id
                  AND row.identity_blind = month.identity_blind
                  AND row.kind = month.kind AND {IN_FORCE} AND {NOT_STOPPED}
                LIMIT 1), 0) - month.fen AS fen
      FROM room_used AS month
)"""
"""Common tables: what may still be paid of the months of a common table `month`: `room.fen`.

It is what is due, less what the person has, which is what the bank paid or is to pay and what was
kept back for a debt, plus what the person gave back. A month has its parts with the person, their
lines with the claims and payments with the batches, so each is joined in its turn.
"""


async def due_in(tx: AsyncConnection, people: Sequence[int], kind: str, period: Period) -> set[int]:
    """Find those of some people, by key, to whom a month of a kind is due."""
    rows = await tx.execute(
        text(f"""
            SELECT DISTINCT row.person_id
              FROM unnest(CAST(:people AS bigint[])) AS one (person_id)
             CROSS JOIN (SELECT CAST(:period AS text) AS period) AS month
              JOIN entitlement AS row ON row.person_id = one.person_id AND row.kind = :kind
             WHERE {IN_FORCE} AND {NOT_STOPPED}
        """),
        {"people": people, "kind": kind, "period": str(period)},
    )
    return set(rows.scalars())
