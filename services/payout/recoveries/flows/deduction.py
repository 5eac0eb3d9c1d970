"""Deductions: what a pension run keeps back for cases, booked when the run is approved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.clients import voucher_payload
from services.payout.draw_marks import store as draw_marks_store
from services.payout.recoveries.domain.plan import allot
from services.payout.recoveries.domain.settle import (
    DividedEntry,
    EntryStatus,
    RecoveryEntry,
    SettlementHead,
    Way,
    deduction_voucher,
    shares_of,
)
from services.payout.recoveries.flows import case as recovery_case_flow
from services.payout.recoveries.store import case as recovery_case_store
from services.payout.recoveries.store import deduction as deduction_store
from services.payout.recoveries.store import entry as entry_store
from services.payout.recoveries.store.entry import GivenBack
from shared import book_days, outbox
from shared.ids import Ref
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductingRun:
    """A pension run, as far as deductions need it."""

    claim: Ref
    kind: str
    fund: str
    account: str
    district: str
    period: Period


async def record(tx: AsyncConnection, run: DeductingRun, *, caller: Caller) -> None:
    """Write what a run has kept back: entries, their shares, and months given back.

    The caller holds the lock of pensions alone, and has kept the cases in step before the run.
    """
    debts = await deduction_store.debts(tx, kind=run.kind, fund=run.fund, period=run.period)
    if not debts:
        return
    payments = await deduction_store.kept(
        tx, run.claim, keys=[key for key, _ in debts], kind=run.kind, period=run.period
    )
    kept = [
        (payment, case, fen)
        for payment in payments
        for case, fen in allot(payment.kept_fen, debts[payment.key, payment.blind])
    ]
    if not kept:
        return
    lines = await recovery_case_store.lines_of(tx, [case for _, case, _ in kept])
    divided = []
    given = []
    for payment, case, fen in kept:
        entry = RecoveryEntry(
            ref=Ref.new(case.key),
            case=case,
            way=Way.DEDUCTION,
            amount_fen=fen,
            claim=run.claim,
            entered_by=caller.subject,
        )
        shares = shares_of(lines[case], fen)
        divided.append(DividedEntry(entry, shares))
        given.append(
            GivenBack(
                key=payment.key,
                blind=payment.blind,
                kind=run.kind,
                entry=entry.ref,
                claim=run.claim,
                shares=shares,
            )
        )
    await entry_store.insert(tx, [one.entry for one in divided])
    await entry_store.share(tx, divided, run.period.year)
    await entry_store.give_back(tx, given)
    await draw_marks_store.of_people(tx, sorted({(one.key, one.blind) for one in given}))


async def book(tx: AsyncConnection, run: DeductingRun, today: date, *, caller: Caller) -> None:
    """Book what an approved run kept back, in one voucher, and close the cases that it settles."""
    entries = await entry_store.of_claim(tx, run.claim)
    if not entries:
        return
    booked_on = (await book_days.fact_day(tx, today)).book_date
    divided = await entry_store.divided(tx, entries)
    await entry_store.mark_income(tx, divided, booked_on.year)
    await entry_store.book(tx, divided, booked_on)
    await entry_store.decide(
        tx, [entry.ref for entry in entries], EntryStatus.SETTLED, caller.subject
    )
    await draw_marks_store.of_kept(tx, run.claim)
    everything = [share for one in divided for share in one.shares]
    head = SettlementHead(
        event_id=f"deducted:{run.claim.id.hex}",
        fund=run.fund,
        book_date=booked_on,
        value_date=today,
        references={"claim": run.claim.text(Reference.CLAIM)},
    )
    voucher = deduction_voucher(head, everything, account=run.account, district=run.district)
    await outbox.put(tx, run.claim.key, [voucher_payload(voucher, None)])
    closed = await recovery_case_store.close(tx, [entry.case for entry in entries])
    await recovery_case_flow.record(tx, closed, "closed", caller, signs=False)


async def undo(tx: AsyncConnection, claim: Ref, *, caller: Caller) -> None:
    """Let a refused run have kept nothing back; its months are released with its others."""
    entries = await entry_store.of_claim(tx, claim)
    if not entries:
        return
    await entry_store.unshare(tx, entries)
    await entry_store.decide(
        tx, [entry.ref for entry in entries], EntryStatus.UNDONE, caller.subject
    )
    closed = await recovery_case_store.close(tx, [entry.case for entry in entries])
    await recovery_case_flow.record(tx, closed, "closed", caller, signs=False)
