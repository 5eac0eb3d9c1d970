"""Amounts that a pension run keeps back for recovery cases, in the database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.recoveries.domain.plan import CaseClaim
from shared.ids import Ref
from shared.period import Period

_DEBTS: Final = """
    SELECT owner.case_key, owner.id AS case_id,
           coalesce(owner.survivor_id, owner.case_key) AS person_id, owner.identity_blind,
           least(coalesce(plan.monthly_fen, lines.open_fen), lines.open_fen) AS wanted_fen
      FROM recovery_case AS owner
      JOIN recovery_plan AS plan
        ON plan.case_key = owner.case_key AND plan.case_id = owner.id
       AND plan.status = 'approved' AND plan.deduct_from <= :period
     CROSS JOIN LATERAL (
           SELECT CAST(sum(amount_fen - recovered_fen - written_off_fen) AS bigint) AS open_fen
             FROM recovery_line AS line
            WHERE line.case_key = owner.case_key AND line.case_id = owner.id) AS lines
     WHERE owner.status = 'confirmed' AND owner.cause = 'overpaid' AND owner.kind = :kind
       AND owner.fund = :fund AND lines.open_fen > 0"""

DEBTS: Final = f"""debt AS (
    SELECT owed.person_id, owed.identity_blind, sum(owed.wanted_fen) AS wanted_fen,
           rule.percent, rule.floor_fen
      FROM ({_DEBTS}) AS owed
     CROSS JOIN LATERAL (
           SELECT CAST(value ->> 'percent' AS bigint) AS percent,
                  CAST(value ->> 'floor_fen' AS bigint) AS floor_fen
             FROM entitlement_rule
            WHERE topic = 'deduction' AND code = :kind AND status = 'approved'
              AND in_force_from <= to_date(:period, 'YYYY-MM')
            ORDER BY in_force_from DESC, decided_at DESC NULLS LAST
            LIMIT 1) AS rule
     GROUP BY owed.person_id, owed.identity_blind, rule.percent, rule.floor_fen
)"""
"""A common table: what confirmed cases with an approved plan want of each person's month.

It needs the parameters `kind`, `fund` and `period`. Nothing is kept back while no rule is in force.
"""

KEPT: Final = """
      LEFT JOIN debt
        ON debt.person_id = due.person_id AND debt.identity_blind = due.identity_blind
       AND due.period = :period
     CROSS JOIN LATERAL (
           SELECT CAST(greatest(0, least(debt.wanted_fen,
                                         due.amount_fen * debt.percent / 100,
                                         due.amount_fen - debt.floor_fen)) AS bigint) AS fen
           ) AS owed
     CROSS JOIN LATERAL (
           SELECT CASE WHEN debt.person_id IS NULL THEN 0 ELSE owed.fen END AS fen) AS kept"""
"""Join what is kept back of a line of the run's own month: `kept.fen`; the rule is in
`recoveries.domain.plan`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPayment:
    """A person's line of a run, of which an amount was kept back."""

    key: int
    blind: bytes
    kept_fen: int


async def debts(
    tx: AsyncConnection, *, kind: str, fund: str, period: Period
) -> dict[tuple[int, bytes], list[CaseClaim]]:
    """Read what cases want of a month, by person."""
    rows = await tx.execute(
        text(f"{_DEBTS} ORDER BY owner.id"), {"kind": kind, "fund": fund, "period": str(period)}
    )
    found: dict[tuple[int, bytes], list[CaseClaim]] = defaultdict(list)
    for row in rows:
        case = CaseClaim(case=Ref(row.case_key, row.case_id), wanted_fen=row.wanted_fen)
        found[row.person_id, bytes(row.identity_blind)].append(case)
    return dict(found)


async def kept(
    tx: AsyncConnection, claim: Ref, *, keys: list[int], kind: str, period: Period
) -> list[KeptPayment]:
    """Read what a run kept back of people: what their month counts less what the line pays."""
    rows = await tx.execute(
        text("""
            WITH line AS (
                SELECT person_id, amount_fen
                  FROM claim_line
                 WHERE claim_key = :claim_key AND claim_id = :claim_id AND reference = :period
                   AND person_id = ANY (CAST(:keys AS bigint[]))
            )
            SELECT month.person_id AS key, month.identity_blind AS blind,
                   month.amount_fen - line.amount_fen AS kept_fen
              FROM pension_month AS month
              JOIN line ON line.person_id = month.person_id
             WHERE month.person_id = ANY (CAST(:keys AS bigint[])) AND month.kind = :kind
               AND month.period = :period AND month.claim_key = :claim_key
               AND month.claim_id = :claim_id AND month.amount_fen > line.amount_fen
             ORDER BY month.person_id, month.identity_blind
        """),
        {
            "keys": keys,
            "kind": kind,
            "period": str(period),
            "claim_key": claim.key,
            "claim_id": claim.id,
        },
    )
    return [KeptPayment(key=row.key, blind=bytes(row.blind), kept_fen=row.kept_fen) for row in rows]
