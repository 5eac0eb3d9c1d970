"""Amounts that a batch holds back: of pensions of whose months less is due than the lines say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.store.due import ROOM
from services.payout.payments.domain.batch import HeldBack
from shared.ids import Ref

REASON: Final = "该月待遇已不再应付 (nothing is due of the month any more)"

# Of a claim that is paid as a whole only people can be concerned of whom something became known
# since its run that stops or lowers a month; a raise of a whole city does neither. Of failed lines,
# which wait long, everybody. These instants are taken under the lock that the run has held.
_HOLD_BACK: Final = f"""
WITH run AS MATERIALIZED (
    SELECT claim.claim_key, claim.id AS claim_id, claim.filed_at AS since
      FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[])) AS whole (claim_key, claim_id)
      JOIN claim ON claim.claim_key = whole.claim_key AND claim.id = whole.claim_id
     WHERE claim.kind = 'pension_run'
), known AS MATERIALIZED (
    SELECT person_id
      FROM entitlement_end
     WHERE status = 'approved' AND decided_at >= (SELECT min(since) FROM run)
     UNION
    SELECT person_id
      FROM entitlement_suspension
     WHERE known_at >= (SELECT min(since) FROM run)
     UNION
    SELECT person_id
      FROM entitlement
     WHERE suspended_at >= (SELECT min(since) FROM run)
       AND (base_id IS NOT NULL OR suspended_reason <> 'raised')
     UNION
    SELECT row.person_id
      FROM entitlement AS row
      JOIN entitlement AS earlier
        ON earlier.person_id = row.person_id AND earlier.identity_blind = row.identity_blind
       AND earlier.kind = row.kind AND earlier.in_force_from < row.in_force_from
       AND earlier.monthly_fen > row.monthly_fen
     WHERE row.known_at >= (SELECT min(since) FROM run)
), wanted AS MATERIALIZED (
    SELECT line.claim_key, line.claim_id, line.line_no, line.person_id, line.reference,
           line.amount_fen AS fen
      FROM run
      JOIN claim_line AS line
        ON line.claim_key = run.claim_key AND line.claim_id = run.claim_id
      JOIN known ON known.person_id = line.person_id
     UNION ALL
    SELECT line.claim_key, line.claim_id, line.line_no, line.person_id, line.reference,
           CAST(sum(failed.amount_fen) AS bigint) AS fen
      FROM failed_payment AS failed
      JOIN claim_line AS line
        ON line.claim_key = failed.claim_key AND line.claim_id = failed.claim_id
       AND line.line_no = failed.line_no
     WHERE failed.retry_key = :batch_key AND failed.retry_id = :batch_id
     GROUP BY line.claim_key, line.claim_id, line.line_no, line.person_id, line.reference
), pension AS MATERIALIZED (
    SELECT wanted.claim_key, wanted.claim_id, wanted.line_no, wanted.fen, month.person_id,
           month.identity_blind, month.kind, month.period, month.part
      FROM wanted
      JOIN pension_month AS month
        ON month.claim_key = wanted.claim_key AND month.claim_id = wanted.claim_id
       AND month.person_id = wanted.person_id AND month.period = wanted.reference
       AND month.live AND month.amount_fen > 0
     WHERE wanted.fen > 0
       AND (wanted.claim_key, wanted.claim_id, wanted.line_no) NOT IN (
               SELECT claim_key, claim_id, line_no FROM double_payment)
), month AS MATERIALIZED (
    SELECT person_id, identity_blind, kind, period FROM pension
), {ROOM}, payable AS MATERIALIZED (
    SELECT month.claim_key, month.claim_id, month.line_no, month.fen,
           greatest(0, least(month.fen, room.fen - coalesce(
               sum(month.fen) OVER (
                   PARTITION BY month.person_id, month.identity_blind, month.kind, month.period
                       ORDER BY month.part
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) AS payable_fen
      FROM pension AS month
      JOIN room
        ON room.person_id = month.person_id AND room.identity_blind = month.identity_blind
       AND room.kind = month.kind AND room.period = month.period
), held AS (
    INSERT INTO failed_payment (claim_key, claim_id, line_no, batch_key, batch_id, fund, district,
                                outcome, amount_fen, reason)
    SELECT payable.claim_key, payable.claim_id, payable.line_no, CAST(:batch_key AS bigint),
           CAST(:batch_id AS uuid), claim.fund, claim.district, 'not_due',
           payable.fen - payable.payable_fen, CAST(:reason AS text)
      FROM payable
      JOIN claim ON claim.claim_key = payable.claim_key AND claim.id = payable.claim_id
     WHERE payable.payable_fen < payable.fen
)
SELECT claim_key, claim_id, count(*) FILTER (WHERE payable_fen = 0) AS lines, count(*) AS touched,
       CAST(sum(fen - payable_fen) AS bigint) AS fen
  FROM payable
 WHERE payable_fen < fen
 GROUP BY claim_key, claim_id
"""


async def hold_back(tx: AsyncConnection, batch: Ref, whole: Sequence[Ref]) -> dict[Ref, HeldBack]:
    """Hold back what is no longer due of pensions that a batch would pay: claim → lines and sum.

    The batch pays the claims `whole` as a whole, and the failed lines that are reserved for it. Of a
    month with several lines the earlier ones are paid first. What is held back waits as a failed
    payment. The caller holds `lock_pensions`.
    """
    rows = await tx.execute(
        text(_HOLD_BACK),
        {
            "keys": [ref.key for ref in whole],
            "ids": [ref.id for ref in whole],
            "batch_key": batch.key,
            "batch_id": batch.id,
            "reason": REASON,
        },
    )
    return {
        Ref(row.claim_key, row.claim_id): HeldBack(
            whole_lines=row.lines, lines=row.touched, fen=row.fen
        )
        for row in rows
    }
