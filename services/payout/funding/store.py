"""Funding plans in the database: plans, their claims, and the claims that a plan has taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.funding.domain.plan import (
    FundingPlan,
    FundingPlanStatus,
    FundingPlanWaits,
    PlanPart,
)
from services.payout.funding.domain.report import FundAccount, PlannedSum
from shared.ids import Ref
from shared.page import read_page
from shared.period import Period

_COLUMNS: Final = """plan_key, id, fund, month, number, status, claims, total_fen, note, warnings,
       proposed_by, proposed_on, decided_by, decided_on"""


def _plan(*, plan_key: int, id: UUID, month: str, status: str, **columns: Any) -> FundingPlan:
    return FundingPlan(
        ref=Ref(plan_key, id),
        month=Period.parse(month),
        status=FundingPlanStatus(status),
        **columns,
    )


def _part(*, claim_key: int, claim_id: UUID, period: str, **columns: Any) -> PlanPart:
    return PlanPart(claim=Ref(claim_key, claim_id), period=Period.parse(period), **columns)


async def waiting_claims(
    tx: AsyncConnection, fund: str, first: Period, limit: int
) -> list[PlanPart]:
    """Read approved claims of a fund that no plan and no payment batch has, the oldest first.

    Months that are paid early, before a festival, count too: only `first` bounds their period.
    """
    rows = await tx.execute(
        text("""
            SELECT row_number() OVER (ORDER BY claim.id) AS part_no, claim.claim_key,
                   claim.id AS claim_id, claim.kind, claim.district, claim.period, claim.account,
                   claim.lines, claim.total_fen AS amount_fen
              FROM claim
             WHERE claim.fund = :fund AND claim.status = 'approved' AND claim.total_fen > 0
               AND claim.period >= :first
               AND NOT EXISTS (SELECT 1
                                 FROM claim_funding AS planned
                                WHERE planned.claim_key = claim.claim_key
                                  AND planned.claim_id = claim.id AND planned.live)
               AND NOT EXISTS (SELECT 1
                                 FROM claim_payment AS paid
                                WHERE paid.claim_key = claim.claim_key
                                  AND paid.claim_id = claim.id AND paid.live)
             ORDER BY claim.id
             LIMIT :limit
        """),
        {"fund": fund, "first": str(first), "limit": limit},
    )
    return [_part(**row._mapping) for row in rows]


async def reserve(tx: AsyncConnection, plan: Ref, claims: Sequence[Ref]) -> set[Ref]:
    """Reserve claims for a plan, in key order; return those it got."""
    rows = await tx.execute(
        text("""
            INSERT INTO claim_funding (claim_key, claim_id, plan_key, plan_id)
            SELECT claim_key, claim_id, CAST(:plan_key AS bigint), CAST(:plan_id AS uuid)
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]))
                AS wanted (claim_key, claim_id)
             ORDER BY claim_key, claim_id
            ON CONFLICT (claim_key, claim_id) WHERE live DO NOTHING
            RETURNING claim_key, claim_id
        """),
        {
            "plan_key": plan.key,
            "plan_id": plan.id,
            "keys": [ref.key for ref in claims],
            "ids": [ref.id for ref in claims],
        },
    )
    return {Ref(row.claim_key, row.claim_id) for row in rows}


async def release(tx: AsyncConnection, plan: Ref, claims: Sequence[Ref]) -> None:
    """Release the claims of a refused plan; another plan may take them."""
    await tx.execute(
        text("""
            UPDATE claim_funding
               SET live = false
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[])) AS freed (claim_key, id)
             WHERE claim_funding.claim_key = freed.claim_key
               AND claim_funding.claim_id = freed.id
               AND claim_funding.plan_id = :plan_id AND claim_funding.live
        """),
        {
            "plan_id": plan.id,
            "keys": [ref.key for ref in claims],
            "ids": [ref.id for ref in claims],
        },
    )


async def numbers(tx: AsyncConnection, key: int, fund: str, month: Period) -> int:
    """Count the plans of a fund and month that are not refused."""
    rows = await tx.execute(
        text("""
            SELECT count(*)
              FROM funding_plan
             WHERE plan_key = :plan_key AND fund = :fund AND month = :month
               AND status <> 'refused'
        """),
        {"plan_key": key, "fund": fund, "month": str(month)},
    )
    return int(rows.scalar_one())


async def insert(tx: AsyncConnection, plan: FundingPlan, parts: Sequence[PlanPart]) -> None:
    """Store a proposed plan and its claims.

    Raises:
        FundingPlanWaits: another plan of the fund and month waits.
    """
    try:
        await tx.execute(
            text("""
                INSERT INTO funding_plan (plan_key, id, fund, month, number, claims, total_fen,
                                          note, warnings, proposed_by, proposed_on)
                VALUES (:plan_key, :id, :fund, :month, :number, :claims, :total_fen, :note,
                        CAST(:warnings AS jsonb), :proposed_by, :proposed_on)
            """),
            {
                "plan_key": plan.ref.key,
                "id": plan.ref.id,
                "fund": plan.fund,
                "month": str(plan.month),
                "number": plan.number,
                "claims": plan.claims,
                "total_fen": plan.total_fen,
                "note": plan.note,
                "warnings": orjson.dumps(list(plan.warnings)).decode(),
                "proposed_by": plan.proposed_by,
                "proposed_on": plan.proposed_on,
            },
        )
    except IntegrityError as error:
        if "funding_plan_waiting" in str(error.orig) or "funding_plan_number" in str(error.orig):
            raise FundingPlanWaits(fund=plan.fund, month=str(plan.month)) from None
        raise
    await tx.execute(
        text("""
            INSERT INTO funding_part (plan_key, plan_id, part_no, claim_key, claim_id, kind,
                                      district, period, account, lines, amount_fen)
            SELECT CAST(:plan_key AS bigint), CAST(:plan_id AS uuid), part_no, claim_key, claim_id,
                   kind, district, period, account, lines, amount_fen
              FROM unnest(CAST(:part_nos AS int[]), CAST(:keys AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:kinds AS text[]), CAST(:districts AS text[]),
                          CAST(:periods AS text[]), CAST(:accounts AS text[]),
                          CAST(:lines AS int[]), CAST(:amounts AS bigint[]))
                AS plan (part_no, claim_key, claim_id, kind, district, period, account, lines,
                         amount_fen)
        """),
        {
            "plan_key": plan.ref.key,
            "plan_id": plan.ref.id,
            "part_nos": [part.part_no for part in parts],
            "keys": [part.claim.key for part in parts],
            "ids": [part.claim.id for part in parts],
            "kinds": [part.kind for part in parts],
            "districts": [part.district for part in parts],
            "periods": [str(part.period) for part in parts],
            "accounts": [part.account for part in parts],
            "lines": [part.lines for part in parts],
            "amounts": [part.amount_fen for part in parts],
        },
    )


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> FundingPlan | None:
    """Read a plan; `lock` it for the rest of the transaction before deciding it."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM funding_plan
                 WHERE plan_key = :plan_key AND id = :id
                 {"FOR UPDATE" if lock else ""}
            """),
            {"plan_key": ref.key, "id": ref.id},
        )
    ).first()
    return _plan(**row._mapping) if row else None


async def decide(tx: AsyncConnection, plan: FundingPlan) -> None:
    """Store the decision about a proposed plan."""
    await tx.execute(
        text("""
            UPDATE funding_plan
               SET status = :status, decided_by = :decided_by, decided_on = :decided_on,
                   warnings = CAST(:warnings AS jsonb)
             WHERE plan_key = :plan_key AND id = :id AND status = 'proposed'
        """),
        {
            "plan_key": plan.ref.key,
            "id": plan.ref.id,
            "status": plan.status.value,
            "decided_by": plan.decided_by,
            "decided_on": plan.decided_on,
            "warnings": orjson.dumps(list(plan.warnings)).decode(),
        },
    )


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[FundingPlan]:
    """Read plans by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM funding_plan",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_plan,
        equal=filters,
    )


async def parts_of(tx: AsyncConnection, ref: Ref, *, after: int, limit: int) -> list[PlanPart]:
    """Read a plan's claims by number, after one."""
    return await read_page(
        tx,
        """
        SELECT part_no, claim_key, claim_id, kind, district, period, account, lines, amount_fen
          FROM funding_part
        """,
        key=("part_no",),
        after=(after,),
        limit=limit,
        row=_part,
        equal={"plan_key": ref.key, "plan_id": ref.id},
    )


async def planned(
    tx: AsyncConnection, first: Period, last: Period, *, fund: str | None, but: Ref | None = None
) -> dict[FundAccount, PlannedSum]:
    """Sum the plans of a span of months that are not refused, by fund and account.

    Args:
        tx: reads only.
        first: the first month.
        last: the last month.
        fund: one fund only.
        but: a plan that is left out.
    """
    rows = await tx.execute(
        text("""
            SELECT plan.fund, part.account, CAST(sum(part.amount_fen) AS bigint) AS planned_fen,
                   CAST(coalesce(sum(part.amount_fen) FILTER (WHERE plan.status = 'approved'), 0)
                        AS bigint) AS requested_fen
              FROM funding_plan AS plan
              JOIN funding_part AS part
                ON part.plan_key = plan.plan_key AND part.plan_id = plan.id
             WHERE plan.month BETWEEN :first AND :last AND plan.status <> 'refused'
               AND (CAST(:fund AS text) IS NULL OR plan.fund = :fund)
               AND plan.id IS DISTINCT FROM CAST(:but AS uuid)
             GROUP BY plan.fund, part.account
             ORDER BY plan.fund, part.account
             LIMIT 10000
        """),
        {
            "first": str(first),
            "last": str(last),
            "fund": fund,
            "but": None if but is None else but.id,
        },
    )
    return {(row.fund, row.account): PlannedSum(row.planned_fen, row.requested_fen) for row in rows}


async def in_batches(tx: AsyncConnection) -> dict[str, int]:
    """Sum what batches with money behind them have not paid or released: fund → fen."""
    rows = await tx.execute(
        text("""
            SELECT fund, CAST(sum(total_fen - paid_fen - refused_fen) AS bigint) AS open_fen
              FROM payment_batch
             WHERE status = 'ready'
             GROUP BY fund
             ORDER BY fund
             LIMIT 100
        """)
    )
    return {row.fund: row.open_fen for row in rows if row.open_fen}
