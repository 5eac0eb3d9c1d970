"""Reallocate a unit's account: load its facts, replay them, write the difference.

The unit is locked first, then its credits, then its bills, as in billing. Nothing is
written where the account is recorded as it follows from its facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.allocation import Bill, Payment
from services.collection.allocation.domain.receipt import Channel
from services.collection.allocation.flows import ReceiptPolicies, policies_of
from services.collection.arrears.domain.charge_books import charge_vouchers
from services.collection.arrears.domain.explain_charge import explained
from services.collection.arrears.domain.late import LateAssessment, LateChargeAssessor
from services.collection.arrears.flows import charges as charges_flow
from services.collection.arrears.store import charge as charge_store
from services.collection.billing.domain.bill import CHARGE
from services.collection.billing.domain.credit import Credit
from services.collection.billing.store import due as due_store
from services.collection.reallocation.domain import books as reallocation_books_rules
from services.collection.reallocation.domain.books import REALLOCATION, Heading, ReceiptBooks
from services.collection.reallocation.domain.difference import (
    AccountDifference,
    RecordedAccount,
    difference,
)
from services.collection.reallocation.domain.replay import (
    AccountFacts,
    IssuedBill,
    UnitPayment,
    owed_of,
    replay,
)
from services.collection.reallocation.store import facts as facts_store
from services.collection.reallocation.store import write as write_store
from services.collection.reallocation.store.facts import (
    PaymentRow,
    ReallocationRow,
    StoredBill,
    StoredCharges,
)
from services.collection.register.flows import unit as unit_flow
from shared import book_days, outbox, trail
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.roles import Caller
from shared.wire.ledger import voucher_message

PAPER = "unit_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A fact that became known: its name, its paper, and the day on which the books take it.

    headings: receipt → how its voucher is headed, where this cause is that receipt's own.
    booked_fen: payment → what of it is booked so far, where that is not what it is entrusted with
    now: nothing of a new one, more of one that was returned or moved.
    """

    name: str
    on: date
    paper: str | None = None
    headings: Mapping[UUID, Heading] = field(default_factory=dict)
    booked_fen: Mapping[UUID, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A unit's account: its facts, and what is recorded of it."""

    unit_id: int
    credit_code: str
    bills: Sequence[StoredBill]
    payments: Mapping[UUID, PaymentRow]
    credits: Mapping[UUID, Credit]
    facts: AccountFacts
    recorded: RecordedAccount
    charges: StoredCharges


async def reallocate(
    tx: AsyncConnection, unit_id: int, cause: Cause, *, region: str, caller: Caller
) -> AccountDifference:
    """Bring a unit's account to what follows from its facts; what changed, if anything.

    Raises:
        NoPolicy: no policy says how late charges or receipts are booked.
    """
    credit_code = await facts_store.lock_unit(tx, unit_id)
    if credit_code is None:
        return AccountDifference()
    account = await _load(tx, unit_id, credit_code, cause)
    policies = await policies_of(tx, region)
    late = await _assessor(tx, account, region)
    position = replay(account.facts, late, policies.order)
    found = difference(account.recorded, position)
    await due_store.clear_due(tx, unit_id)
    if found:
        first = (await book_days.read(tx)).first_open_day
        found = replace(found, new_bills=[_issued_from(one, first) for one in found.new_bills])
        cause = replace(cause, on=max(cause.on, first))
        await _save(tx, account, found, cause, policies, late)
        await trail.record(tx, _step(unit_id, found, cause), caller)
    return found


def _issued_from(assessment: LateAssessment, first: date) -> LateAssessment:
    """Issue a charge bill on an open day: the month of the payment may be closed."""
    bill = assessment.charge_bill
    if bill is None or bill.issued_on >= first:
        return assessment
    issued = replace(bill, issued_on=first, due_on=max(bill.due_on, first))
    return replace(assessment, charge_bill=issued)


lock_unit = facts_store.lock_unit
"""Locks a unit; several units are locked in the order of their keys."""


async def page(
    tx: AsyncConnection, *, credit_code: str, caller: Caller, after: UUID | None, limit: int
) -> list[ReallocationRow]:
    """Read a unit's reallocations, oldest first.

    Raises:
        UnitUnknown: the unit is not registered. Forbidden: it is of another district.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    return await facts_store.page(tx, unit.id, after=after, limit=limit)


async def _load(tx: AsyncConnection, unit_id: int, credit_code: str, cause: Cause) -> Account:
    credits = await facts_store.lock_credits(tx, unit_id)
    stored = await facts_store.lock_bills(tx, unit_id)
    agreed = await charges_flow.with_agreements(tx, [one.bill for one in stored])
    bills = [replace(one, bill=bill) for one, bill in zip(stored, agreed, strict=True)]
    payments = await facts_store.payments(tx, unit_id)
    uses = await facts_store.uses(tx, unit_id)
    shares = await facts_store.shares(tx, unit_id)
    charges = await facts_store.charges(tx, unit_id)
    facts = AccountFacts(
        bills=[_as_issued(one) for one in bills if one.bill.kind != CHARGE],
        payments=[_entrusted(one) for one in payments],
        credits=[_unused(credit, uses) for credit in credits],
        waivers=await facts_store.waivers(tx, unit_id),
        being_debited=await facts_store.being_debited(tx, unit_id),
    )
    settled: dict[UUID, int] = {}
    for (event_id, _, _), fen in shares.items():
        settled[event_id] = settled.get(event_id, 0) + fen
    booked = {one.event_id: one.amount_fen - one.taken_fen for one in payments}
    booked |= cause.booked_fen
    return Account(
        unit_id=unit_id,
        credit_code=credit_code,
        bills=bills,
        payments={one.event_id: one for one in payments},
        credits={credit.id: credit for credit in credits},
        facts=facts,
        recorded=RecordedAccount(
            bills={one.bill.id: one.bill for one in bills},
            lines=facts_store.lines_of(bills),
            shares=shares,
            left={event_id: fen - settled.get(event_id, 0) for event_id, fen in booked.items()},
            charged=charges.charged,
            uses=uses,
        ),
        charges=charges,
    )


def _as_issued(stored: StoredBill) -> IssuedBill:
    lines = tuple(
        line._replace(amount_fen=stored.lines[line.line_no].issued_fen)
        for line in stored.bill.lines
    )
    bill: Bill = replace(stored.bill, lines=lines, line_settled_fen=(0,) * len(lines))
    return IssuedBill(bill=bill, parties=stored.parties)


def _entrusted(row: PaymentRow) -> UnitPayment:
    payment = Payment(
        event_id=row.event_id,
        paid_on=row.paid_on,
        booked_on=row.booked_on,
        amount_fen=row.amount_fen - row.taken_fen,
        period=row.period,
        bill_id=row.bill_id,
        parts=row.parts,
    )
    named = row.kind != "receipt" and row.bill_id is None
    return UnitPayment(payment=payment, source=row.source, serial=row.serial, keeps_to_period=named)


def _unused(credit: Credit, uses: Mapping[tuple[UUID, UUID, int], int]) -> Credit:
    """Return a credit as if only refunds, paid or reserved, had used it."""
    lowered_fen = sum(fen for (credit_id, _, _), fen in uses.items() if credit_id == credit.id)
    return replace(credit, used_fen=credit.used_fen - lowered_fen)


async def _assessor(
    tx: AsyncConnection, account: Account, region: str
) -> LateChargeAssessor | None:
    bills = [one.bill for one in account.facts.bills]
    payments = [one.payment for one in account.facts.payments if one.payment.amount_fen > 0]
    first_due = min((bill.due_on for bill in bills), default=date.max)
    is_late = any(payment.paid_on > first_due for payment in payments)
    if not is_late and not account.charges.bill_of:
        return None
    return await charges_flow.fresh_assessor(
        tx,
        region,
        [(account.unit_id, bill.id) for bill in bills],
        payments,
        owed_fen=owed_of(account.facts),
        known=facts_store.known_charge_bills(account.bills, account.charges.bill_of),
        remitted_fen=await facts_store.remitted(tx, account.unit_id),
    )


async def _save(
    tx: AsyncConnection,
    account: Account,
    found: AccountDifference,
    cause: Cause,
    policies: ReceiptPolicies,
    late: LateChargeAssessor | None,
) -> None:
    ref, on = Ref(account.unit_id, uuid7()), _day(account, found, cause)
    await write_store.insert(tx, ref, cause=cause.name, paper=cause.paper, on=on)
    await charge_store.insert_bills(tx, found.new_bills)
    await write_store.add_lines(tx, account.unit_id, found.new_lines)
    explanations = {
        one.charge.id: explained(one.charge.accrual) for one in found.charges if one.charge
    }
    await write_store.add_charges(tx, ref, found.charges, explanations, account.charges.bill_of, on)
    days = {
        event_id: heading.day if (heading := cause.headings.get(one.receipt_id)) else on
        for event_id, one in account.payments.items()
    }
    await write_store.add_shares(tx, ref, found.shares, account.payments, days)
    await write_store.change_lines(tx, ref, found.lines, on)
    await write_store.sum_up_bills(tx, account.unit_id, sorted(found.changed_bills))
    await write_store.add_uses(tx, ref, found.uses, on)
    receipts = await _receipts(tx, account, found, policies, ref)
    for receipt_id, fen in _suspended(account, found).items():
        await write_store.change_suspense(tx, receipts[receipt_id], fen)
    await outbox.put_many(tx, _messages(account, found, replace(cause, on=on), receipts, ref, late))


def _day(account: Account, found: AccountDifference, cause: Cause) -> date:
    """Return the book day of a reallocation: no earlier than that of what it changes."""
    events = {event_id for event_id, _, _ in found.shares} | set(found.left)
    booked = [
        one.booked_on
        for event_id in events
        if (one := account.payments[event_id]).receipt_id not in cause.headings
    ]
    return max([cause.on, *booked])


async def _receipts(
    tx: AsyncConnection,
    account: Account,
    found: AccountDifference,
    policies: ReceiptPolicies,
    reallocation: Ref,
) -> dict[UUID, ReceiptBooks]:
    events = {event_id for event_id, _, _ in found.shares} | set(found.left)
    wanted = sorted(
        {(account.payments[one].receipt_key, account.payments[one].receipt_id) for one in events}
    )
    books = {}
    for key, id in wanted:
        row = await facts_store.receipt(tx, key, id)
        channel = Channel(row.channel)
        books[id] = ReceiptBooks(
            ref=Ref(key, id),
            account=row.suspense_account or policies.account(channel, row.book_date),
            suspense_fund=row.suspense_fund or policies.on(row.book_date).suspense_fund,
            district=row.suspense_district or row.district,
            period=row.period,
            value_date=row.paid_on,
            references={
                "receipt": Ref(key, id).text(Reference.RECEIPT),
                "channel": row.channel,
                "serial": row.serial,
                "paper": row.paper,
                "reallocation": reallocation.text(Reference.REALLOCATION),
            },
        )
    return books


def _suspended(account: Account, found: AccountDifference) -> dict[UUID, int]:
    """Sum the changes of suspense by receipt, as far as this unit's payments go."""
    changes: dict[UUID, int] = {}
    for event_id, fen in found.left.items():
        receipt_id = account.payments[event_id].receipt_id
        changes[receipt_id] = changes.get(receipt_id, 0) + fen
    return {receipt_id: fen for receipt_id, fen in changes.items() if fen}


def _messages(
    account: Account,
    found: AccountDifference,
    cause: Cause,
    receipts: Mapping[UUID, ReceiptBooks],
    ref: Ref,
    late: LateChargeAssessor | None,
) -> list[tuple[int, dict[str, Any]]]:
    receipt_of = {one.event_id: one.receipt_id for one in account.payments.values()}
    headings = {
        receipt_id: cause.headings.get(receipt_id)
        or Heading(
            event_id=f"reallocation:{ref.id.hex}:{number}",
            kind=REALLOCATION,
            summary="重新分账",
            day=cause.on,
            value_date=receipts[receipt_id].value_date,
        )
        for number, receipt_id in enumerate(sorted(receipts), 1)
    }
    incomes = late.rulings.on(cause.on).rules.accounts if late else {}
    vouchers = [voucher for one in found.new_bills for voucher in charge_vouchers(one)]
    vouchers += [
        voucher
        for _, voucher in reallocation_books_rules.receipt_vouchers(
            found, receipt_of, receipts, headings, incomes, account.credit_code
        )
    ]
    owed = reallocation_books_rules.receivable_voucher(found, account.credits, ref, cause.on)
    if owed is not None:
        vouchers.append(owed)
    return [(account.unit_id, voucher_message(voucher)) for voucher in vouchers]


def _step(unit_id: int, found: AccountDifference, cause: Cause) -> trail.Step:
    return trail.Step(
        shard_key=unit_id,
        paper=PAPER,
        paper_id=UUID(int=unit_id),
        step="reallocated",
        signs=False,
        detail={
            "cause": cause.name,
            "paper": cause.paper,
            "bills": sorted(bill_id.hex for bill_id in found.changed_bills),
            "moved_fen": sum(fen for fen in found.shares.values() if fen > 0),
        },
    )
