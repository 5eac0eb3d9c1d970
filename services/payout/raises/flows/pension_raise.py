"""Drafting, previewing, approving and explaining raises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.domain import require_faultless
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.raises.domain.pension_raise import (
    PAPER,
    PensionRaise,
    RaiseControl,
    RaiseDecided,
    RaiseLine,
    RaiseNobody,
    RaiseOutcome,
    RaiseStatus,
    RaiseTotalsDiffer,
)
from services.payout.raises.domain.rule import rule_faults
from services.payout.raises.store import line as line_store
from services.payout.raises.store import outcome as outcome_store
from services.payout.raises.store import pension_raise as pension_raise_store
from shared import trail
from shared.errors import NotFound
from shared.ids import Ref
from shared.money import format_yuan
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

SAMPLES = 20


async def draft(tx: AsyncConnection, paper: PensionRaise, *, caller: Caller) -> PensionRaise:
    """Store a draft; it raises nobody until another person approves it.

    Raises:
        Faulty: every fault in the rule.
        RaiseExists: another raise has the month and sequence number.
    """
    require_faultless(rule_faults(paper.rule))
    await pension_raise_store.insert(tx, paper)
    await _record(tx, paper, "drafted", caller, signs=True)
    return paper


async def outcome(tx: AsyncConnection, ref: Ref, *, today: date) -> RaiseOutcome:
    """Apply a draft and return what it changes; the caller rolls back, so nothing is changed.

    Raises:
        NotFound: no such raise. RaiseDecided: it is decided already.
    """
    await outcome_store.be_patient(tx)
    await entitlement_store.lock_pensions(tx, alone=True)
    paper = await _load_draft(tx, ref)
    return await _apply(tx, paper, await entitlement_store.time_of_lock(tx), today)


async def approve(
    tx: AsyncConnection, ref: Ref, control: RaiseControl, *, today: date, caller: Caller
) -> PensionRaise:
    """Approve a draft and raise everybody at once. No run is filed meanwhile.

    Raises:
        NotFound: no such raise. RaiseDecided: it is decided already.
        SamePersonTwice: the caller drafted it.
        RaiseNobody: it raises nobody.
        RaiseTotalsDiffer: it does not come to the control totals.
    """
    await outcome_store.be_patient(tx)
    await entitlement_store.lock_pensions(tx, alone=True)
    paper = await _load_draft(tx, ref)
    await _record(tx, paper, RaiseStatus.APPROVED.value, caller, signs=True, control=control)
    at = await entitlement_store.time_of_lock(tx)
    found = await _apply(tx, paper, at, today)
    if not found.people:
        raise RaiseNobody(raise_=ref.text(Reference.PENSION_RAISE))
    if found.control != control:
        raise RaiseTotalsDiffer(
            people=found.people,
            monthly=format_yuan(found.monthly_fen),
            arrears=format_yuan(found.control.arrears_fen),
        )
    await pension_raise_store.decide(
        tx, ref, RaiseStatus.APPROVED, person=caller.subject, at=at, control=control
    )
    return await find(tx, ref)


async def refuse(tx: AsyncConnection, ref: Ref, note: str, *, caller: Caller) -> PensionRaise:
    """Refuse a draft with the reason.

    Raises:
        NotFound: no such raise. RaiseDecided: it is decided already.
        SamePersonTwice: the caller drafted it.
    """
    paper = await _load_draft(tx, ref)
    await _record(tx, paper, RaiseStatus.REFUSED.value, caller, signs=True, why=note)
    at = await entitlement_store.time_of_lock(tx)
    await pension_raise_store.decide(
        tx, ref, RaiseStatus.REFUSED, person=caller.subject, at=at, control=None
    )
    return await find(tx, ref)


async def _load_draft(tx: AsyncConnection, ref: Ref) -> PensionRaise:
    paper = await pension_raise_store.load(tx, ref, lock=True)
    if paper is None:
        raise NotFound(pension_raise=ref.text(Reference.PENSION_RAISE))
    if paper.status is not RaiseStatus.DRAFT:
        raise RaiseDecided(status=paper.status.value)
    return paper


async def _apply(
    tx: AsyncConnection, paper: PensionRaise, at: datetime, today: date
) -> RaiseOutcome:
    month = max(paper.first_period, Period.of(today))
    before = await outcome_store.due_sums(tx, paper, month)
    # A raise that comes earlier in order changes what later ones are computed on.
    later = [
        one for one in await pension_raise_store.approved(tx, paper.kind) if one.order > paper.order
    ]
    await line_store.write_lines(tx, paper, approved_at=at, at=at, person_ids=None, again=False)
    await _write_again(tx, later, at, None)
    await line_store.write_rows(tx, paper, at=at, person_ids=None, again=False)
    after = await outcome_store.due_sums(tx, paper, month)
    arrears = [
        (period, fen - before.unpaid.get(period, 0)) for period, fen in sorted(after.unpaid.items())
    ]
    return RaiseOutcome(
        month=month,
        people=await outcome_store.people(tx, paper.ref.id),
        monthly_fen=after.due_fen - before.due_fen,
        arrears=[(period, fen) for period, fen in arrears if fen],
        by_group=await outcome_store.by_group(tx, paper.ref.id),
        without_facts=await outcome_store.without_facts(tx, paper),
        samples=await outcome_store.page_of_lines(
            tx, paper.ref.id, district=None, after=None, limit=SAMPLES
        ),
    )


async def _write_again(
    tx: AsyncConnection,
    papers: Sequence[PensionRaise],
    at: datetime,
    person_ids: Sequence[int] | None,
) -> None:
    for one in papers:
        assert one.decided_at is not None, "an approved raise has its instant"
        await line_store.write_lines(
            tx, one, approved_at=one.decided_at, at=at, person_ids=person_ids, again=True
        )


async def catch_up(tx: AsyncConnection, *, kind: str, district: str) -> None:
    """Raise people of a district whose rows from before a raise became known after it.

    A run does this first, under its lock.
    """
    people = await line_store.people_behind(tx, kind, district)
    if people:
        await raise_again(tx, kind=kind, person_ids=people)


async def raise_again(tx: AsyncConnection, *, kind: str, person_ids: Sequence[int]) -> None:
    """Compute all approved raises of some people anew, after their rows or facts have changed."""
    papers = await pension_raise_store.approved(tx, kind)
    if not papers:
        return
    at = await entitlement_store.time_of_lock(tx)
    await _write_again(tx, papers, at, person_ids)
    await line_store.write_rows(tx, papers[-1], at=at, person_ids=person_ids, again=True)


async def find(tx: AsyncConnection, ref: Ref) -> PensionRaise:
    """Read a raise.

    Raises:
        NotFound: no such raise.
    """
    paper = await pension_raise_store.load(tx, ref)
    if paper is None:
        raise NotFound(pension_raise=ref.text(Reference.PENSION_RAISE))
    return paper


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[PensionRaise]:
    """Read raises in order of drafting; `filters` are columns and the values they must have."""
    return await pension_raise_store.page(tx, filters=filters, after=after, limit=limit)


async def lines(
    tx: AsyncConnection, ref: Ref, *, district: str | None, after: UUID | None, limit: int
) -> tuple[PensionRaise, Sequence[RaiseLine]]:
    """Read a raise with the lines of its people, of a district or of all.

    Raises:
        NotFound: no such raise.
    """
    paper = await find(tx, ref)
    return paper, await outcome_store.page_of_lines(
        tx, ref.id, district=district, after=after, limit=limit
    )


async def _record(
    tx: AsyncConnection,
    paper: PensionRaise,
    step: str,
    caller: Caller,
    *,
    signs: bool,
    why: str | None = None,
    control: RaiseControl | None = None,
) -> None:
    detail: dict[str, Any] = {"from": str(paper.first_period), "sequence": paper.sequence}
    if control is not None:
        detail |= {
            "people": control.people,
            "monthly": format_yuan(control.monthly_fen),
            "arrears": format_yuan(control.arrears_fen),
        }
    await trail.record(
        tx,
        trail.Step(
            shard_key=paper.ref.key,
            paper=PAPER,
            paper_id=paper.ref.id,
            step=step,
            signs=signs,
            why=why,
            detail=detail,
        ),
        caller,
    )
