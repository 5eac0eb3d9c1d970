"""Settling cases: money that came back, and amounts written off, each by two people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.clients import voucher_payload
from services.payout.common.domain import require_faultless, require_not_future
from services.payout.draw_marks import store as draw_marks_store
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.recoveries.domain.case import (
    CaseCause,
    CaseStatus,
    RecoveryCase,
    RecoveryCaseState,
)
from services.payout.recoveries.domain.receipt import (
    ReceiptDiffers,
    ReceiptOutcome,
    ReceiptUsed,
    RecoveryReceipt,
    future_faults,
)
from services.payout.recoveries.domain.settle import (
    DividedEntry,
    EntryStatus,
    RecoveryEntry,
    RecoveryEntryState,
    RecoveryTooLarge,
    SettlementHead,
    Share,
    Way,
    repayment_voucher,
    shares_of,
)
from services.payout.recoveries.flows import case as recovery_case_flow
from services.payout.recoveries.store import case as recovery_case_store
from services.payout.recoveries.store import entry as entry_store
from services.payout.recoveries.store import receipt as receipt_store
from services.payout.recoveries.store.entry import GivenBack
from shared import book_days, outbox, trail
from shared.errors import NotFound
from shared.ids import Ref
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import Caller

PAPER: Final = "recovery_entry"


async def propose_repayment(
    tx: AsyncConnection,
    case_ref: Ref,
    receipt: RecoveryReceipt,
    amount_fen: int,
    *,
    today: date,
    caller: Caller,
) -> RecoveryEntry:
    """Propose that an amount of a receipt settles a case; it counts once another person approves.

    Raises:
        RecoveryCaseUnknown, RecoveryCaseState, RecoveryTooLarge: the case cannot take it.
        ReceiptDiffers: the serial is recorded with another amount or day.
        ReceiptUsed: less of the receipt is left.
        DateInFuture: it arrives after today.
    """
    require_not_future(receipt.value_date, today)
    case = await _confirmed(tx, case_ref)
    if amount_fen > case.open_fen:
        raise RecoveryTooLarge(open=format_yuan(case.open_fen))
    await _take(tx, receipt, amount_fen)
    entry = RecoveryEntry(
        ref=Ref.new(case_ref.key),
        case=case_ref,
        way=Way.REPAYMENT,
        amount_fen=amount_fen,
        bank_serial=receipt.bank_serial,
        entered_by=caller.subject,
    )
    await entry_store.insert(tx, [entry], receipt.key)
    await _record(tx, entry, "proposed", caller)
    return entry


async def _take(tx: AsyncConnection, receipt: RecoveryReceipt, amount_fen: int) -> None:
    await receipt_store.insert(tx, receipt)
    stored = await receipt_store.load(tx, receipt.bank_serial)
    assert stored is not None
    if not stored.says_as(receipt):
        raise ReceiptDiffers(bank_serial=receipt.bank_serial)
    if amount_fen > stored.left_fen:
        raise ReceiptUsed(left=format_yuan(stored.left_fen))
    await receipt_store.use(tx, receipt.bank_serial, amount_fen)


async def propose_write_off(
    tx: AsyncConnection,
    case_ref: Ref,
    amount_fen: int,
    *,
    reason: str,
    document: str,
    caller: Caller,
) -> RecoveryEntry:
    """Propose that an amount of a case is not recovered any more.

    Raises:
        RecoveryCaseUnknown, RecoveryCaseState, RecoveryTooLarge: the case cannot take it.
    """
    case = await _confirmed(tx, case_ref)
    if amount_fen > case.open_fen:
        raise RecoveryTooLarge(open=format_yuan(case.open_fen))
    entry = RecoveryEntry(
        ref=Ref.new(case_ref.key),
        case=case_ref,
        way=Way.WRITE_OFF,
        amount_fen=amount_fen,
        reason=reason,
        document=document,
        entered_by=caller.subject,
    )
    await entry_store.insert(tx, [entry])
    await _record(tx, entry, "proposed", caller, why=reason)
    return entry


async def decide(
    tx: AsyncConnection,
    ref: Ref,
    status: EntryStatus,
    note: str | None,
    *,
    today: date,
    caller: Caller,
) -> RecoveryEntry:
    """Settle (`SETTLED`) or refuse a proposed entry, as another person than its proposer.

    Raises:
        NotFound: no such entry.
        RecoveryEntryState: it is decided already.
        RecoveryCaseState, RecoveryTooLarge: the case cannot take it any more.
        SamePersonTwice: the caller proposed it.
    """
    await entitlement_store.lock_pensions(tx, alone=True)
    entry = await entry_store.load(tx, ref, lock=True)
    if entry is None:
        raise NotFound(recovery_entry=ref.text(Reference.RECOVERY_ENTRY))
    await _record(tx, entry, status.value, caller, why=note)
    if entry.status is not EntryStatus.PROPOSED or entry.way is Way.DEDUCTION:
        # A deduction is settled or undone with its run.
        raise RecoveryEntryState(status=entry.status.value, way=entry.way.value)
    decided = replace(entry, status=status, decided_by=caller.subject)
    if status is EntryStatus.SETTLED:
        decided = await _settle(tx, decided, today=today, caller=caller)
    elif entry.bank_serial is not None:
        await receipt_store.use(tx, entry.bank_serial, -entry.amount_fen)
    await entry_store.decide(tx, [ref], status, caller.subject)
    return decided


async def take_receipts(
    tx: AsyncConnection, receipts: Sequence[RecoveryReceipt], *, today: date, caller: Caller
) -> list[ReceiptOutcome]:
    """Take receipts that the bank reports; each settles the case whose notice its payer names.

    A receipt whose notice is not known, or that is more than is open, waits for two people. One
    whose serial is recorded with another amount or day replaces what a person entered, unless a
    case has taken of it; else it is not taken. The others of the file are.

    Raises:
        Faulty: receipts that arrive after today; nothing is taken.
    """
    require_faultless(future_faults(receipts, today))
    await entitlement_store.lock_pensions(tx, alone=True)
    return [await _take_receipt(tx, receipt, today, caller) for receipt in receipts]


async def _take_receipt(
    tx: AsyncConnection, receipt: RecoveryReceipt, today: date, caller: Caller
) -> ReceiptOutcome:
    if not await receipt_store.insert(tx, receipt):
        stored = await receipt_store.load(tx, receipt.bank_serial)
        assert stored is not None
        if stored.says_as(receipt):
            return ReceiptOutcome.REPLAYED
        if not stored.is_unused_entry:
            return ReceiptOutcome.DIFFERS
        await receipt_store.replace(tx, receipt)
    named = receipt.notice_no
    found = await receipt_store.case_of_notice(tx, named) if named else None
    if found is None:
        return ReceiptOutcome.WAITING
    case = await _in_step(tx, await recovery_case_flow.locked(tx, found), caller)
    if case.status is not CaseStatus.CONFIRMED or receipt.amount_fen > case.open_fen:
        return ReceiptOutcome.WAITING
    entry = RecoveryEntry(
        ref=Ref.new(found.key),
        case=found,
        way=Way.REPAYMENT,
        amount_fen=receipt.amount_fen,
        status=EntryStatus.SETTLED,
        bank_serial=receipt.bank_serial,
        entered_by=caller.subject,
    )
    await entry_store.insert(tx, [entry], receipt.key)
    await receipt_store.use(tx, receipt.bank_serial, receipt.amount_fen)
    await _record(tx, entry, "reported", caller)
    await _settle(tx, entry, today=today, caller=caller)
    await entry_store.decide(tx, [entry.ref], EntryStatus.SETTLED, None)
    return ReceiptOutcome.APPLIED


async def _settle(
    tx: AsyncConnection, entry: RecoveryEntry, *, today: date, caller: Caller
) -> RecoveryEntry:
    case = await _in_step(tx, await recovery_case_flow.locked(tx, entry.case), caller)
    if case.status is not CaseStatus.CONFIRMED:
        raise RecoveryCaseState(status=case.status.value)
    shares = shares_of(await recovery_case_store.lines(tx, case.ref), entry.amount_fen)
    if entry.way is Way.WRITE_OFF:
        await entry_store.share(tx, [DividedEntry(entry, shares)], today.year)
        await _close(tx, case, caller)
        return entry
    assert entry.bank_serial is not None
    receipt = await receipt_store.load(tx, entry.bank_serial)
    assert receipt is not None
    booked_on, value_date = await book_days.fact_day(tx, receipt.value_date)
    head = SettlementHead(
        event_id=f"recovered:{entry.ref.id.hex}",
        fund=case.fund,
        book_date=booked_on,
        value_date=value_date,
        references={
            "recovery_case": case.ref.text(Reference.RECOVERY_CASE),
            "bank_serial": entry.bank_serial,
        },
    )
    await apply(tx, AppliedEntry(case, entry, shares, booked_on))
    await outbox.put(tx, entry.ref.key, [voucher_payload(repayment_voucher(head, shares), None)])
    await _close(tx, case, caller)
    return replace(entry, booked_on=booked_on)


@dataclass(frozen=True, slots=True)
class AppliedEntry:
    """An entry that settles its shares of a case, and the day on which it is booked."""

    case: RecoveryCase
    entry: RecoveryEntry
    shares: list[Share]
    booked_on: date


async def apply(tx: AsyncConnection, settlement: AppliedEntry) -> None:
    """Write what an entry recovers: on its case's lines, on the person's months, for the totals."""
    case, entry, shares = settlement.case, settlement.entry, settlement.shares
    divided = [DividedEntry(entry, shares)]
    await entry_store.share(tx, divided, settlement.booked_on.year)
    await entry_store.book(tx, divided, settlement.booked_on)
    if case.cause is CaseCause.OVERPAID:
        assert case.blind is not None
        given = GivenBack(
            key=case.person_key,
            blind=case.blind,
            kind=case.kind,
            entry=entry.ref,
            claim=entry.claim,
            shares=shares,
        )
        await entry_store.give_back(tx, [given])
        await draw_marks_store.of_people(tx, [(given.key, given.blind)])


async def _confirmed(tx: AsyncConnection, ref: Ref) -> RecoveryCase:
    case = await recovery_case_flow.locked(tx, ref)
    if case.status is not CaseStatus.CONFIRMED:
        raise RecoveryCaseState(status=case.status.value)
    return case


async def _in_step(tx: AsyncConnection, case: RecoveryCase, caller: Caller) -> RecoveryCase:
    """Read a case again once it covers no more than its payee still has too much."""
    await recovery_case_flow.keep_in_step(tx, kind=case.kind, caller=caller)
    return await recovery_case_flow.locked(tx, case.ref)


async def _close(tx: AsyncConnection, case: RecoveryCase, caller: Caller) -> None:
    closed = await recovery_case_store.close(tx, [case.ref])
    await recovery_case_flow.record(tx, closed, "closed", caller, signs=False)


async def entries(tx: AsyncConnection, case: Ref, *, caller: Caller) -> list[RecoveryEntry]:
    """Read what settles a case that the caller may see.

    Raises:
        RecoveryCaseUnknown, Forbidden: see `recovery_case_flow.find`.
    """
    await recovery_case_flow.find(tx, case, caller=caller)
    return await entry_store.of_case(tx, case)


async def waiting(tx: AsyncConnection, *, after: str | None, limit: int) -> list[RecoveryReceipt]:
    """Read receipts of which something is left, by their serials."""
    return await receipt_store.waiting(tx, after=after, limit=limit)


async def _record(
    tx: AsyncConnection, entry: RecoveryEntry, step: str, caller: Caller, *, why: str | None = None
) -> None:
    await trail.record(
        tx,
        trail.Step(
            shard_key=entry.ref.key,
            paper=PAPER,
            paper_id=entry.ref.id,
            step=step,
            signs=True,
            why=why,
            detail={
                "way": entry.way.value,
                "amount": format_yuan(entry.amount_fen),
                "case": entry.case.text(Reference.RECOVERY_CASE),
            },
        ),
        caller,
    )
