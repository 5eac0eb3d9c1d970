"""Waivers of late charges (减免滞纳金、利息): one person of the centre requests, another approves.

The trail enforces two people. An approval lowers the charge bill and records it in the memo book.
It is refused while the bill is in a debit batch, which asks for the amount before the waiver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.store import allocation as allocation_store
from services.collection.arrears.domain.waiver import (
    BillBeingDebited,
    NotAChargeBill,
    OpenChargeLine,
    Waiver,
    WaiverExceedsOpen,
    WaiverLine,
    WaiverPending,
    WaiverReason,
    WaiverState,
    WaiverUnknown,
    faults_in,
    waived_lines,
    waived_voucher,
)
from services.collection.arrears.store import waiver as waiver_store
from services.collection.arrears.store import waiver_reason as waiver_reason_store
from services.collection.billing.domain.bill import CHARGE
from services.collection.billing.flows import bill as billing_bill_flow
from services.collection.billing.store.bill import BillLineRow, BillRow
from services.collection.common.domain.errors import DayInFuture
from services.collection.policy.domain.charge import ChargeKind
from shared import book_days, outbox, trail
from shared.clock import today
from shared.errors import Fault, Faulty, StateConflict
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import Caller
from shared.wire.ledger import voucher_message

PAPER: Final = "waiver"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRequest:
    """A request for a waiver. Without `kind`: late fee and interest. Without `amount_fen`: all."""

    kind: ChargeKind | None
    amount_fen: int | None
    reason: str
    evidence: str
    note: str
    asked_on: date

    @property
    def kinds(self) -> tuple[ChargeKind, ...]:
        """Return the kinds of charge that the request covers."""
        return tuple(ChargeKind) if self.kind is None else (self.kind,)


async def file(tx: AsyncConnection, ref: Ref, request: WaiverRequest, caller: Caller) -> Waiver:
    """Request a waiver of the open part of a charge bill.

    Raises:
        NotFound: there is no such bill.
        NotAChargeBill: the bill asks for contributions.
        DayInFuture: the day is after today.
        Faulty: every fault of the request.
        WaiverPending: another waiver of the bill is not decided yet.
    """
    bill, lines = await billing_bill_flow.find(tx, ref, caller)
    if bill.kind != CHARGE:
        raise NotAChargeBill(bill=ref.text(Reference.BILL))
    if request.asked_on > today():
        raise DayInFuture(asked_on=request.asked_on)
    charges = _charges(lines)
    kinds = _kinds(request, charges)
    faults = [
        *_day_faults(bill, request),
        *faults_in(
            request.reason,
            kinds,
            request.amount_fen,
            request.asked_on,
            charges,
            await waiver_reason_store.waiver_reasons(tx),
        ),
    ]
    if faults:
        raise Faulty(faults=faults)
    waiver = _new_waiver(bill, request, waived_lines(charges, kinds, request.amount_fen))
    if not await waiver_store.insert(tx, waiver):
        raise WaiverPending(bill=ref.text(Reference.BILL))
    await trail.record(tx, _step(waiver, "file", signs=True, why=request.note), caller)
    return waiver


def _charges(lines: Sequence[BillLineRow]) -> list[OpenChargeLine]:
    return [
        OpenChargeLine(
            line_no=line.line_no,
            kind=ChargeKind(line.account),
            insurance=line.insurance,
            fund=line.fund,
            open_fen=line.amount_fen - line.settled_fen,
        )
        for line in lines
    ]


def _kinds(request: WaiverRequest, charges: Sequence[OpenChargeLine]) -> tuple[ChargeKind, ...]:
    """Return the requested kinds; when both are requested, those with an open amount."""
    if request.kind is not None:
        return request.kinds
    open_kinds = {line.kind for line in charges if line.open_fen}
    return tuple(kind for kind in ChargeKind if kind in open_kinds)


def _day_faults(bill: BillRow, request: WaiverRequest) -> Sequence[Fault]:
    if request.asked_on >= bill.issued_on:
        return ()
    message = f"早于加收通知单日期 {bill.issued_on} (before the bill)"
    return (Fault("/asked_on", "BEFORE_THE_BILL", message),)


def _new_waiver(bill: BillRow, request: WaiverRequest, lines: tuple[WaiverLine, ...]) -> Waiver:
    return Waiver(
        unit_id=bill.unit_id,
        id=uuid7(),
        bill_id=bill.id,
        credit_code=bill.credit_code,
        district=bill.district,
        period=bill.period,
        reason=request.reason,
        evidence=request.evidence,
        note=request.note,
        asked_on=request.asked_on,
        amount_fen=sum(line.amount_fen for line in lines),
        status=WaiverState.FILED,
        decided_on=None,
        lines=lines,
    )


async def approve(tx: AsyncConnection, ref: Ref, on: date, caller: Caller) -> Waiver:
    """Approve a waiver, as another person than its requester.

    Raises:
        WaiverUnknown, StateConflict, SamePersonTwice: the caller cannot approve it.
        DayInFuture, DayClosed: the day is after today, or closed.
        Faulty: the day is before the request.
        BillBeingDebited: the bill is in a debit batch.
        WaiverExceedsOpen: the charge was paid meanwhile.
    """
    await book_days.chosen_day(tx, on, "/decided_on")
    waiver = await _load(tx, ref)
    (bill,) = await allocation_store.lock_named(tx, [(waiver.unit_id, waiver.bill_id)])
    decided = await _decide(tx, waiver, WaiverState.APPROVED, on, caller, why=None)
    if await waiver_store.is_being_debited(tx, waiver.unit_id, waiver.bill_id):
        raise BillBeingDebited(bill=Ref(waiver.unit_id, waiver.bill_id).text(Reference.BILL))
    open_fen = {
        line.line_no: line.amount_fen - settled_fen
        for line, settled_fen in zip(bill.lines, bill.line_settled_fen, strict=True)
    }
    if any(line.amount_fen > open_fen[line.line_no] for line in waiver.lines):
        raise WaiverExceedsOpen(
            open=format_yuan(bill.open_fen), waived=format_yuan(waiver.amount_fen)
        )
    await waiver_store.lower(tx, decided)
    await outbox.put(tx, waiver.unit_id, [voucher_message(waived_voucher(decided))])
    return decided


async def refuse(tx: AsyncConnection, ref: Ref, on: date, why: str, caller: Caller) -> Waiver:
    """Refuse a waiver, as another person than its requester.

    Raises:
        WaiverUnknown, StateConflict, SamePersonTwice, DayInFuture, Faulty: as `approve`.
    """
    return await _decide(tx, await _load(tx, ref), WaiverState.REFUSED, on, caller, why=why)


async def _decide(
    tx: AsyncConnection,
    waiver: Waiver,
    to: WaiverState,
    on: date,
    caller: Caller,
    *,
    why: str | None,
) -> Waiver:
    if on > today():
        raise DayInFuture(decided_on=on)
    if on < waiver.asked_on:
        message = f"早于申请日 {waiver.asked_on} (before it was request for)"
        raise Faulty(faults=[Fault("/decided_on", "BEFORE_THE_REQUEST", message)])
    step = "approve" if to is WaiverState.APPROVED else "refuse"
    await trail.record(tx, _step(waiver, step, signs=True, why=why), caller)
    if not await waiver_store.decide(tx, waiver.unit_id, waiver.id, to=to, on=on):
        raise StateConflict(status=waiver.status.value)
    return replace(waiver, status=to, decided_on=on)


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> Waiver:
    """Read a waiver that the caller may see.

    Raises:
        WaiverUnknown: there is none. Forbidden: it is of another district than the caller.
    """
    waiver = await _load(tx, ref)
    caller.require_district(waiver.district)
    return waiver


page = waiver_store.page
"""Reads waivers of a unit, of a district or of all."""


async def reasons(tx: AsyncConnection) -> Sequence[WaiverReason]:
    """Read the catalogue of reasons for waivers."""
    return await waiver_reason_store.waiver_reasons(tx)


async def trail_of(tx: AsyncConnection, ref: Ref, caller: Caller) -> list[dict[str, Any]]:
    """Read the trail of a waiver that the caller may see.

    Raises:
        WaiverUnknown, Forbidden: as `find`.
    """
    waiver = await find(tx, ref, caller)
    return await trail.of_paper(tx, waiver.unit_id, waiver.id)


async def _load(tx: AsyncConnection, ref: Ref) -> Waiver:
    waiver = await waiver_store.find(tx, ref.key, ref.id)
    if waiver is None:
        raise WaiverUnknown(waiver=ref.text(Reference.WAIVER))
    return waiver


def _step(waiver: Waiver, step: str, *, signs: bool, why: str | None) -> trail.Step:
    return trail.Step(
        shard_key=waiver.unit_id,
        paper=PAPER,
        paper_id=waiver.id,
        step=step,
        signs=signs,
        why=why,
        detail={
            "bill": Ref(waiver.unit_id, waiver.bill_id).text(Reference.BILL),
            "amount": format_yuan(waiver.amount_fen),
            "reason": waiver.reason,
            "evidence": waiver.evidence,
        },
    )
