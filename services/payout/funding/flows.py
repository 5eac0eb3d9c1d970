"""Proposing, deciding and reading funding plans, and the report of plan against actual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits import flows as benefits_flow
from services.payout.entitlements.store import rule as rule_store
from services.payout.funding import store as funding_store
from services.payout.funding.domain.plan import (
    CLAIMS_MAX,
    MONTHS_BACK,
    PAPER,
    AccountBudget,
    BudgetExcess,
    FundingPlan,
    FundingPlanDecided,
    FundingPlanStatus,
    NothingToPlan,
    PlanPart,
    by_account,
    excesses,
    plan_key,
    refused_over_budget,
)
from services.payout.funding.domain.report import FundFunding, LedgerFund, funding_of
from shared import trail
from shared.errors import NotFound
from shared.ids import Ref
from shared.money import format_yuan
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller


async def propose(
    tx: AsyncConnection,
    *,
    fund: str,
    month: Period,
    note: str,
    ledger: Mapping[str, LedgerFund],
    today: date,
    caller: Caller,
) -> FundingPlan:
    """Put every approved claim of a fund that has no plan into a plan of the month.

    Args:
        tx: the request's transaction.
        fund: whose money is asked for.
        month: the month in which it is spent.
        note: what finance should know.
        ledger: the month as the ledger has it, read before the transaction.
        today: the day of the proposal, which decides the rule about budgets.
        caller: who proposes.

    Raises:
        NothingToPlan: no claim waits.
        FundingPlanWaits: another plan of the fund and month waits for its decision.
        OverBudget: with every account beyond its budget, where the rule refuses it.
    """
    first = month.plus(-MONTHS_BACK)
    waiting = await funding_store.waiting_claims(tx, fund, first, CLAIMS_MAX)
    ref = Ref.new(plan_key(fund, month))
    got = await funding_store.reserve(tx, ref, [part.claim for part in waiting])
    parts = [part for part in waiting if part.claim in got]
    if not parts:
        raise NothingToPlan(fund=fund, month=str(month))
    plan = FundingPlan(
        ref=ref,
        fund=fund,
        month=month,
        number=1 + await funding_store.numbers(tx, ref.key, fund, month),
        status=FundingPlanStatus.PROPOSED,
        claims=len(parts),
        total_fen=sum(part.amount_fen for part in parts),
        note=note,
        warnings=(),
        proposed_by=caller.subject,
        proposed_on=today,
    )
    plan = await _within_budget(tx, plan, parts, ledger.get(fund), today)
    await funding_store.insert(tx, plan, parts)
    await _record(tx, plan, "proposed", caller)
    return plan


async def decide(
    tx: AsyncConnection,
    ref: Ref,
    status: FundingPlanStatus,
    note: str | None,
    *,
    ledger: Mapping[str, LedgerFund],
    today: date,
    caller: Caller,
) -> FundingPlan:
    """Approve a plan, which makes it the request to finance, or refuse it, which frees its claims.

    Raises:
        NotFound: no such plan.
        SamePersonTwice: the caller proposed it.
        FundingPlanDecided: it is decided already.
        OverBudget: other plans were approved since, or the budget was lowered.
    """
    plan = await funding_store.load(tx, ref, lock=True)
    if plan is None:
        raise NotFound(funding_plan=ref.text(Reference.FUNDING_PLAN))
    if plan.status is not FundingPlanStatus.PROPOSED:
        raise FundingPlanDecided(status=plan.status.value)
    parts = await funding_store.parts_of(tx, ref, after=0, limit=CLAIMS_MAX)
    if status is FundingPlanStatus.APPROVED:
        plan = await _within_budget(tx, plan, parts, ledger.get(plan.fund), today)
    else:
        await funding_store.release(tx, ref, [part.claim for part in parts])
    plan = replace(plan, status=status, decided_by=caller.subject, decided_on=today)
    await _record(tx, plan, status.value, caller, why=note)
    await funding_store.decide(tx, plan)
    return plan


async def _within_budget(
    tx: AsyncConnection,
    plan: FundingPlan,
    parts: Sequence[PlanPart],
    ledger: LedgerFund | None,
    today: date,
) -> FundingPlan:
    """Check a plan against the budget of its year; the rule in force says whether that refuses."""
    found = await _excesses(tx, plan, parts, ledger)
    if found and (await rule_store.in_force(tx, today)).refuses_over_budget(plan.fund):
        raise refused_over_budget(found)
    return replace(plan, warnings=[str(one) for one in found])


async def _excesses(
    tx: AsyncConnection, plan: FundingPlan, parts: Sequence[PlanPart], ledger: LedgerFund | None
) -> list[BudgetExcess]:
    if ledger is None or not ledger.has_budget:
        return []
    year = plan.month.year
    planned = await funding_store.planned(
        tx, Period(year, 1), Period(year, 12), fund=plan.fund, but=plan.ref
    )
    return excesses(
        by_account(parts),
        {account or "": one.planned_fen for (_, account), one in planned.items()},
        {
            account or "": AccountBudget(one.budget_fen, one.unplanned_fen)
            for account, one in ledger.accounts.items()
        },
        has_budget=True,
    )


async def find(tx: AsyncConnection, ref: Ref) -> FundingPlan:
    """Read a plan.

    Raises:
        NotFound: no such plan.
    """
    plan = await funding_store.load(tx, ref)
    if plan is None:
        raise NotFound(funding_plan=ref.text(Reference.FUNDING_PLAN))
    return plan


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[FundingPlan]:
    """Read plans in order of creation; `filters` are columns and the values they must have."""
    return await funding_store.page(tx, filters=filters, after=after, limit=limit)


async def parts(tx: AsyncConnection, ref: Ref, *, after: int, limit: int) -> list[PlanPart]:
    """Read a plan's claims by number, after one.

    Raises:
        NotFound: no such plan.
    """
    await find(tx, ref)
    return await funding_store.parts_of(tx, ref, after=after, limit=limit)


@dataclass(frozen=True, slots=True)
class FundingRequest:
    """A plan with its whole list, and the names of its kinds of benefits, to print."""

    plan: FundingPlan
    parts: Sequence[PlanPart]
    names: Mapping[str, str]


async def request(tx: AsyncConnection, ref: Ref) -> FundingRequest:
    """Read a plan as finance gets it.

    Raises:
        NotFound: no such plan.
    """
    plan = await find(tx, ref)
    rows = await funding_store.parts_of(tx, ref, after=0, limit=CLAIMS_MAX)
    names = {row.kind: row.name for row in await benefits_flow.kinds(tx)}
    return FundingRequest(plan, rows, names)


async def report(
    tx: AsyncConnection, month: Period, ledger: Mapping[str, LedgerFund]
) -> list[FundFunding]:
    """Put a month's plans beside what the ledger has."""
    planned = await funding_store.planned(tx, month, month, fund=None)
    return funding_of(planned, ledger, await funding_store.in_batches(tx))


async def _record(
    tx: AsyncConnection, plan: FundingPlan, step: str, caller: Caller, *, why: str | None = None
) -> None:
    await trail.record(
        tx,
        trail.Step(
            shard_key=plan.ref.key,
            paper=PAPER,
            paper_id=plan.ref.id,
            step=step,
            signs=True,
            why=why,
            detail={
                "fund": plan.fund,
                "month": str(plan.month),
                "total": format_yuan(plan.total_fen),
                "warnings": list(plan.warnings),
            },
        ),
        caller,
    )
