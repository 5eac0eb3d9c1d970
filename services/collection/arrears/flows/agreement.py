"""Agreements on arrears: the district files, the centre approves; the trail enforces two people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.domain.agreement import (
    Agreement,
    AgreementEnded,
    AgreementKind,
    AgreementOverlaps,
    AgreementState,
    AgreementUnknown,
    Instalment,
    faults_in,
)
from services.collection.arrears.store import agreement as agreement_store
from services.collection.arrears.store import arrears as arrears_store
from services.collection.billing.domain.bill import CHARGE
from services.collection.billing.store import due as due_store
from services.collection.common.domain.errors import DayInFuture
from services.collection.policy import flows as policy_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.store import unit as unit_store
from shared import trail
from shared.clock import today
from shared.errors import Fault, Faulty, StateConflict
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.page import UnitFilter
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

PAPER: Final = "agreement"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRequest:
    """An agreement to be filed. The last day of a repayment plan is its last instalment's."""

    kind: AgreementKind
    credit_code: str
    insurances: tuple[str, ...]
    period_from: Period
    period_to: Period
    from_day: date
    to_day: date | None
    reason: str
    instalments: tuple[Instalment, ...]


@dataclass(frozen=True, slots=True)
class AgreementProgress:
    """An agreement and the amounts paid towards it, by day."""

    agreement: Agreement
    paid: Mapping[date, int]

    @property
    def unit_id(self) -> int:
        """Return the unit of the agreement."""
        return self.agreement.unit_id

    @property
    def id(self) -> UUID:
        """Return the agreement's id."""
        return self.agreement.id


async def file(
    tx: AsyncConnection, request: AgreementRequest, *, region: str, caller: Caller
) -> AgreementProgress:
    """File an agreement.

    Raises:
        UnitUnknown, Forbidden, NoPolicy: the request cannot be judged.
        Faulty: every fault of the request.
        AgreementOverlaps: another agreement covers the same arrears.
    """
    unit = await unit_flow.find(tx, request.credit_code, caller)
    await unit_store.lock(tx, unit.id)
    found = await policy_flow.in_force(tx, region, request.from_day)
    agreement = _new_agreement(request, unit.id, unit.district)
    faults = [
        *_day_faults(request),
        *faults_in(
            agreement, found.policy.charges, found.policy.insurances, await _open_fen(tx, agreement)
        ),
    ]
    if faults:
        raise Faulty(faults=faults)
    for other in await agreement_store.of_units(tx, [unit.id], effective=False):
        if other.living and other.overlaps(agreement):
            raise AgreementOverlaps(
                agreement=Ref(other.unit_id, other.id).text(Reference.AGREEMENT)
            )
    await agreement_store.insert(tx, agreement)
    await trail.record(tx, _step(agreement, "file", signs=True), caller)
    return AgreementProgress(agreement, {})


def _new_agreement(request: AgreementRequest, unit_id: int, district: str) -> Agreement:
    last = request.instalments[-1].due_on if request.instalments else request.from_day
    return Agreement(
        unit_id=unit_id,
        id=uuid7(),
        kind=request.kind,
        credit_code=request.credit_code,
        district=district,
        insurances=request.insurances,
        period_from=request.period_from,
        period_to=request.period_to,
        from_day=request.from_day,
        to_day=request.to_day or last,
        status=AgreementState.FILED,
        ended_on=None,
        reason=request.reason,
        instalments=request.instalments,
    )


def _day_faults(request: AgreementRequest) -> Sequence[Fault]:
    deferral = request.kind is AgreementKind.DEFERRAL
    if deferral and request.to_day is None:
        return [Fault("/to_day", "TO_DAY_MISSING", "缓缴须有终止日 (a deferral has a last day)")]
    if not deferral and request.to_day is not None:
        message = "还款协议至最后一期为止 (a plan lasts to its last instalment)"
        return [Fault("/to_day", "TO_DAY_NOT_FOR_PLAN", message)]
    return []


async def _open_fen(tx: AsyncConnection, agreement: Agreement) -> int:
    """Sum the open amount that an agreement covers, on its first day or today."""
    day = min(agreement.from_day, today())
    lines = await arrears_store.of_units(tx, [(agreement.unit_id, agreement.credit_code)], day)
    return sum(
        line.open_fen
        for line in lines
        if line.kind != CHARGE and agreement.covers(line.insurance, line.of_period())
    )


async def approve(tx: AsyncConnection, ref: Ref, caller: Caller) -> AgreementProgress:
    """Approve an agreement, as another person than its filer.

    Raises:
        AgreementUnknown, StateConflict, SamePersonTwice: the caller cannot approve it.
    """
    return await _decide(tx, ref, "approve", AgreementState.APPROVED, caller, why=None)


async def refuse(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> AgreementProgress:
    """Refuse an agreement, as another person than its filer.

    Raises:
        AgreementUnknown, StateConflict, SamePersonTwice: as `approve`.
    """
    return await _decide(tx, ref, "refuse", AgreementState.REFUSED, caller, why=why)


async def _decide(
    tx: AsyncConnection, ref: Ref, step: str, to: AgreementState, caller: Caller, *, why: str | None
) -> AgreementProgress:
    agreement = await _load(tx, ref)
    await trail.record(tx, _step(agreement, step, signs=True, why=why), caller)
    moved = await agreement_store.set_status(tx, ref.key, ref.id, was=AgreementState.FILED, to=to)
    if not moved:
        raise StateConflict(status=agreement.status.value)
    if to is AgreementState.APPROVED:
        # Money may have come before the agreement became known.
        await due_store.mark_due(tx, [agreement.unit_id], cause=PAPER, on=today())
    return await find(tx, ref, caller)


async def end(
    tx: AsyncConnection, ref: Ref, ended_on: date, why: str, caller: Caller
) -> AgreementProgress:
    """End an approved agreement early. `ended_on` is the last day that it protects.

    Raises:
        AgreementUnknown: there is none.
        DayInFuture: the day is after today.
        AgreementEnded: it is not in force, or ends by then anyway.
    """
    agreement = await _load(tx, ref)
    if ended_on > today():
        raise DayInFuture(ended_on=ended_on)
    if ended_on >= agreement.to_day:
        raise AgreementEnded(to_day=agreement.to_day)
    moved = await agreement_store.set_status(
        tx,
        ref.key,
        ref.id,
        was=AgreementState.APPROVED,
        to=AgreementState.ENDED,
        ended_on=ended_on,
    )
    if not moved:
        raise AgreementEnded(status=agreement.status.value)
    await due_store.mark_due(tx, [agreement.unit_id], cause=PAPER, on=today())
    detail = {"ended_on": ended_on.isoformat()}
    await trail.record(tx, _step(agreement, "end", signs=False, why=why, detail=detail), caller)
    return await find(tx, ref, caller)


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> AgreementProgress:
    """Read an agreement that the caller may see.

    Raises:
        AgreementUnknown: there is none. Forbidden: it is of another district than the caller.
    """
    agreement = await _load(tx, ref)
    caller.require_district(agreement.district)
    return (await with_paid(tx, [agreement]))[0]


async def with_paid(
    tx: AsyncConnection, agreements: Sequence[Agreement]
) -> list[AgreementProgress]:
    """Add the payments towards agreements."""
    paid = await agreement_store.paid(tx, agreements)
    return [AgreementProgress(agreement, paid.get(agreement.id, {})) for agreement in agreements]


async def page(
    tx: AsyncConnection,
    *,
    unit_id: UnitFilter,
    district: str | None,
    status: str | None,
    after: tuple[int, UUID],
    limit: int,
) -> list[AgreementProgress]:
    """Read agreements of a unit, of a district or of all, with the payments towards them."""
    rows = await agreement_store.page(
        tx, unit_id=unit_id, district=district, status=status, after=after, limit=limit
    )
    return await with_paid(tx, rows)


async def trail_of(tx: AsyncConnection, ref: Ref, caller: Caller) -> list[dict[str, Any]]:
    """Read the trail of an agreement that the caller may see.

    Raises:
        AgreementUnknown, Forbidden: as `find`.
    """
    found = await find(tx, ref, caller)
    return await trail.of_paper(tx, found.unit_id, found.id)


async def _load(tx: AsyncConnection, ref: Ref) -> Agreement:
    agreement = await agreement_store.find(tx, ref.key, ref.id)
    if agreement is None:
        raise AgreementUnknown
    return agreement


def _step(
    agreement: Agreement,
    step: str,
    *,
    signs: bool,
    why: str | None = None,
    detail: Mapping[str, str] | None = None,
) -> trail.Step:
    facts = {"amount": format_yuan(sum(part.amount_fen for part in agreement.instalments))}
    return trail.Step(
        shard_key=agreement.unit_id,
        paper=PAPER,
        paper_id=agreement.id,
        step=step,
        signs=signs,
        why=why,
        detail=dict(detail or (facts if agreement.instalments else {})),
    )
