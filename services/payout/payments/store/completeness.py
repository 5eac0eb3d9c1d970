"""Completeness of a month of pensions in the database: what is due against what became of it."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.store.due import AMOUNT, IN_FORCE, NOT_STOPPED
from services.payout.payments.domain.completeness import (
    MonthCompleteness,
    PayoutState,
    PeopleSum,
    StopReason,
)
from shared.db import patient
from shared.period import Period

PATIENCE_SECONDS: Final = 600
"""A report reads everybody of a city, a few times a month."""

# A month that a district pays: of each person the row in force, its amount, and what runs claimed
# of it. A line of a run has the state of its last payment; one that was paid stays paid. What a batch
# held back of a line waits like a failed one.
_STATES: Final = f"""
WITH person AS MATERIALIZED (
    SELECT row.person_id, row.identity_blind, row.kind, amount.fen,
           ({NOT_STOPPED}) AS is_due,
           EXISTS (SELECT 1
                     FROM entitlement_suspension AS suspended
                    WHERE suspended.person_id = row.person_id
                      AND suspended.identity_blind = row.identity_blind
                      AND suspended.kind = row.kind
                      AND suspended.since <= month.period
                      AND (suspended.until IS NULL OR suspended.until > month.period))
               AS is_suspended
      FROM entitlement AS row
     CROSS JOIN (SELECT CAST(:period AS text) AS period) AS month
     {AMOUNT}
     WHERE row.kind = :kind
       AND (CAST(:district AS text) IS NULL OR row.district = CAST(:district AS text))
       AND {IN_FORCE}
), month AS (
    SELECT month.person_id, month.identity_blind, month.period, month.claim_key, month.claim_id,
           month.amount_fen
      FROM person
      JOIN pension_month AS month
        ON month.person_id = person.person_id AND month.identity_blind = person.identity_blind
       AND month.kind = person.kind AND month.period = :period AND month.live
), run AS MATERIALIZED (
    SELECT line.person_id, month.identity_blind, line.claim_key, line.claim_id, line.line_no,
           month.amount_fen AS fen, claim.status
      FROM month
      JOIN claim ON claim.claim_key = month.claim_key AND claim.id = month.claim_id
      JOIN claim_line AS line
        ON line.claim_key = month.claim_key AND line.claim_id = month.claim_id
       AND line.person_id = month.person_id AND line.reference = month.period
), sent AS (
    SELECT run.claim_id, run.line_no, bool_or(line.status = 'paid') AS is_paid,
           bool_or(line.status IN ('pending', 'unknown', 'return_early')) AS is_open,
           max(line.paid_on) FILTER (WHERE line.status = 'paid') AS paid_on
      FROM run
      JOIN payment_part AS part
        ON part.claim_key = run.claim_key AND part.claim_id = run.claim_id AND part.live
      JOIN payment_line AS line
        ON line.batch_key = part.batch_key AND line.batch_id = part.batch_id
       AND line.part_no = part.part_no AND line.claim_line_no = run.line_no
     GROUP BY run.claim_id, run.line_no
), held AS (
    SELECT run.claim_id, run.line_no, CAST(sum(failed.amount_fen) AS bigint) AS fen
      FROM failed_payment AS failed
      JOIN run
        ON run.claim_key = failed.claim_key AND run.claim_id = failed.claim_id
       AND run.line_no = failed.line_no AND run.fen > 0
     WHERE failed.retry_id IS NULL AND failed.outcome = 'not_due'
     GROUP BY run.claim_id, run.line_no
), known AS (
    SELECT run.person_id, run.identity_blind, run.fen - coalesce(held.fen, 0) AS fen,
           sent.paid_on,
           CASE WHEN run.status <> 'approved' THEN 'signing'
                WHEN sent.is_paid THEN 'paid'
                WHEN sent.is_open THEN 'in_flight'
                WHEN sent.line_no IS NOT NULL THEN 'waiting_account'
                ELSE 'batching' END AS state
      FROM run
      LEFT JOIN sent ON sent.claim_id = run.claim_id AND sent.line_no = run.line_no
      LEFT JOIN held
        ON held.claim_id = run.claim_id AND held.line_no = run.line_no AND run.fen > 0
     WHERE run.fen <> coalesce(held.fen, 0)
     UNION ALL
    SELECT run.person_id, run.identity_blind, held.fen, NULL, 'waiting_account'
      FROM held
      JOIN run
        ON run.claim_id = held.claim_id AND run.line_no = held.line_no AND run.fen > 0
), balance AS (
    SELECT person.person_id, person.identity_blind,
           CASE WHEN person.is_due THEN person.fen ELSE 0 END AS due, coalesce(claimed.fen, 0) AS fen
      FROM person
      LEFT JOIN (SELECT person_id, identity_blind, sum(fen) AS fen
                   FROM known
                  GROUP BY person_id, identity_blind) AS claimed
        ON claimed.person_id = person.person_id
       AND claimed.identity_blind = person.identity_blind
)
SELECT what, count(*) AS people, CAST(sum(fen) AS bigint) AS fen
  FROM (SELECT 'due' AS what, due AS fen FROM balance WHERE due > 0
         UNION ALL
        SELECT 'unclaimed', due - fen FROM balance WHERE due > fen
         UNION ALL
        SELECT 'beyond', fen - due FROM balance WHERE fen > due
         UNION ALL
        SELECT CASE WHEN is_suspended THEN 'suspended' ELSE 'ended' END, fen
          FROM person WHERE NOT is_due
         UNION ALL
        SELECT state, sum(fen) FROM known GROUP BY person_id, identity_blind, state
         UNION ALL
        SELECT 'in_time', sum(fen) FROM known WHERE state = 'paid' AND paid_on <= :pay_by
         GROUP BY person_id, identity_blind) AS one
 GROUP BY what
"""


async def of_month(
    tx: AsyncConnection, *, kind: str, period: Period, district: str | None, pay_by: date
) -> MonthCompleteness:
    """Compare what is due of a month with what became of it, in a district or in the whole city."""
    await patient(tx, PATIENCE_SECONDS)
    rows = await tx.execute(
        text(_STATES),
        {"kind": kind, "period": str(period), "district": district, "pay_by": pay_by},
    )
    sums = {row.what: PeopleSum(row.people, row.fen) for row in rows}
    return MonthCompleteness(
        period=period,
        district=district,
        pay_by=pay_by,
        due=sums.get("due", PeopleSum()),
        states=[(state, sums.get(state.value, PeopleSum())) for state in PayoutState],
        stopped=[(reason, sums.get(reason.value, PeopleSum())) for reason in StopReason],
        in_time=sums.get("in_time", PeopleSum()),
        beyond=sums.get("beyond", PeopleSum()),
    )
