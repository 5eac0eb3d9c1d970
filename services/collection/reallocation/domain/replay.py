"""Replay a unit's account from its facts. Pure.

The facts are the bills over contributions as they were issued, the payments, the credits of restated
months, and the waivers of late charges. They are played in the order of their own days, not in the
order in which they became known:

1. payments by the day on which they were paid, then by sender and serial number;
2. waivers by the day of their decision;
3. billing days: credits granted up to a day lower what is open of bills issued up to that day.

Within one day payments come first, then waivers, then billing. A payment sees every bill over
contributions, whatever the bill's day of issue: money that was paid early settles its bill once
there is one. A credit lowers a line no further than what is settled of it; the rest of the credit
stands, and lowers bills that are issued later.

Only what is owed bears late charges. A month that was restated owes less from the beginning, so of
each line only the first `owed_fen` count as paid late, whenever the restatement became known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from services.collection.allocation.domain.allocation import (
    Bill,
    Payment,
    allocate,
)
from services.collection.arrears.domain.late import LateAssessment, LateChargeAssessor
from services.collection.billing.domain.bill import CHARGE
from services.collection.billing.domain.credit import Credit, CreditableLine, use_credits
from services.collection.policy.domain.allocation_order import ONE_TICKET, AllocationOrder

LineKey = tuple[UUID, int]
"""Bill and number of its line."""
ShareKey = tuple[UUID, UUID, int]
"""Payment, bill and number of its line."""
ChargeKey = tuple[str, str, str]
"""Insurance, fund and kind of a late charge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedBill:
    """A bill over contributions as it was issued: nothing credited, nothing settled.

    `parties` says who bears each line: line number → unit or personal.
    """

    bill: Bill
    parties: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPayment:
    """Money of a receipt that is entrusted to the unit, less what was returned, moved or refunded.

    `keeps_to_period`: a person named the period, so the money goes to no other.
    """

    payment: Payment
    source: str
    serial: str
    keeps_to_period: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeWaiver:
    """An approved waiver of a charge bill, in fen per insurance, fund and kind."""

    id: UUID
    charge_bill_id: UUID
    decided_on: date
    amounts_fen: Mapping[ChargeKey, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """The facts that a unit's account follows from.

    `used_fen` of a credit is refunded or reserved for a refund: no bill can use it. Bills in
    `being_debited` are with the bank and are not lowered before it has answered.
    """

    bills: Sequence[IssuedBill]
    payments: Sequence[UnitPayment] = ()
    credits: Sequence[Credit] = ()
    waivers: Sequence[ChargeWaiver] = ()
    being_debited: frozenset[UUID] = frozenset()


@dataclass(slots=True)
class Position:
    """A unit's account after all its facts, in fen.

    bills: every bill, charge bills too, at what it asks for and what of it is settled.
    shares: what each payment settled of each line.
    left: what each payment did not need; it is in suspense.
    credited, waived: by how much each line was lowered.
    uses: by how much each credit lowered each line.
    assessments: the late charges, payment by payment.
    """

    bills: dict[UUID, Bill]
    shares: dict[ShareKey, int] = field(default_factory=lambda: defaultdict(int))
    left: dict[UUID, int] = field(default_factory=dict)
    credited: dict[LineKey, int] = field(default_factory=lambda: defaultdict(int))
    waived: dict[LineKey, int] = field(default_factory=lambda: defaultdict(int))
    uses: dict[tuple[UUID, UUID, int], int] = field(default_factory=lambda: defaultdict(int))
    assessments: Sequence[LateAssessment] = ()


def replay(
    facts: AccountFacts,
    late: LateChargeAssessor | None = None,
    order_on: Callable[[date], AllocationOrder] = lambda _: ONE_TICKET,
) -> Position:
    """Play a unit's facts in the order of their days.

    Args:
        late: assesses late charges; it must be fresh and know every bill (`owed_of` says how much
            of each line may bear charges). None when nothing can be late.
        order_on: the order in which money booked on a day pays bills.
    """
    position = Position(bills={one.bill.id: one.bill for one in facts.bills})
    parties = {one.bill.id: one.parties for one in facts.bills}
    for step in _timeline(facts):
        match step:
            case UnitPayment():
                _pay(position, step, late, order_on)
            case ChargeWaiver():
                _waive(position, step)
            case date():
                _lower(position, facts, parties, step)
    position.assessments = tuple(late.assessments) if late else ()
    for one in position.assessments:
        if one.charge_bill is not None:
            for line_no, fen in one.remitted.items():
                position.waived[one.charge_bill.id, line_no] += fen
    return position


def _timeline(facts: AccountFacts) -> Iterator[UnitPayment | ChargeWaiver | date]:
    steps: list[tuple[tuple[object, ...], UnitPayment | ChargeWaiver | date]] = []
    for paid in facts.payments:
        one = paid.payment
        steps.append(((one.paid_on, 0, paid.source, paid.serial, one.event_id.hex), paid))
    for waiver in facts.waivers:
        steps.append(((waiver.decided_on, 1, "", "", waiver.id.hex), waiver))
    if facts.credits:
        first = min(credit.granted_on for credit in facts.credits)
        days = {credit.granted_on for credit in facts.credits}
        days |= {one.bill.issued_on for one in facts.bills if one.bill.issued_on >= first}
        steps += [((day, 2, "", "", ""), day) for day in days]
    steps.sort(key=lambda step: step[0])
    return (step for _, step in steps)


def _pay(
    position: Position,
    step: UnitPayment,
    late: LateChargeAssessor | None,
    order_on: Callable[[date], AllocationOrder],
) -> None:
    payment = step.payment
    if payment.amount_fen <= 0:
        position.left[payment.event_id] = 0
        return
    bills: Iterable[Bill] = position.bills.values()
    order = order_on(payment.booked_on)
    if step.keeps_to_period:
        bills = [bill for bill in bills if bill.period == payment.period]
        order = order.of_named
    paid, left_fen = allocate(bills, payment, late, order)
    position.left[payment.event_id] = left_fen
    for one in paid:
        position.bills[one.bill.id] = one.after
        if one.charge_bill and one.charge_bill.id not in position.bills:
            position.bills[one.charge_bill.id] = one.charge_bill
        for share in one.shares:
            position.shares[payment.event_id, one.bill.id, share.line.line_no] += share.amount_fen


def _waive(position: Position, waiver: ChargeWaiver) -> None:
    """Lower what is open of a charge bill; a bill that is not charged any more needs no waiver."""
    bill = position.bills.get(waiver.charge_bill_id)
    if bill is None:
        return
    lowered = {}
    for line, settled_fen in zip(bill.lines, bill.line_settled_fen, strict=True):
        wanted_fen = waiver.amounts_fen.get((line.insurance, line.fund, line.account), 0)
        lowered[line.line_no] = min(wanted_fen, line.amount_fen - settled_fen)
        position.waived[bill.id, line.line_no] += lowered[line.line_no]
    position.bills[bill.id] = _lowered(bill, lowered)


def _lower(
    position: Position,
    facts: AccountFacts,
    parties: Mapping[UUID, Mapping[int, str]],
    day: date,
) -> None:
    granted = [
        replace(credit, used_fen=_used(position, credit))
        for credit in facts.credits
        if credit.granted_on <= day
    ]
    lines = [
        line
        for bill in position.bills.values()
        if bill.kind != CHARGE and bill.issued_on <= day and bill.id not in facts.being_debited
        for line in _creditable(bill, parties[bill.id])
    ]
    lowered: dict[UUID, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for use in use_credits(granted, lines):
        bill_id, line_no = use.line.bill_id, use.line.line_no
        position.uses[use.credit.id, bill_id, line_no] += use.amount_fen
        position.credited[bill_id, line_no] += use.amount_fen
        lowered[bill_id][line_no] += use.amount_fen
    for bill_id, by_line in lowered.items():
        position.bills[bill_id] = _lowered(position.bills[bill_id], by_line)


def _used(position: Position, credit: Credit) -> int:
    lowered_fen = sum(fen for (of, _, _), fen in position.uses.items() if of == credit.id)
    return credit.used_fen + lowered_fen


def _creditable(bill: Bill, parties: Mapping[int, str]) -> Iterator[CreditableLine]:
    for line, settled_fen in zip(bill.lines, bill.line_settled_fen, strict=True):
        if line.amount_fen > settled_fen:
            yield CreditableLine(
                unit_id=bill.unit_id,
                bill_id=bill.id,
                line_no=line.line_no,
                district=bill.district,
                period=bill.period,
                issued_on=bill.issued_on,
                insurance=line.insurance,
                party=parties[line.line_no],
                account=line.account,
                fund=line.fund,
                amount_fen=line.amount_fen - settled_fen,
            )


def _lowered(bill: Bill, by_line: Mapping[int, int]) -> Bill:
    lines = tuple(
        line._replace(amount_fen=line.amount_fen - by_line.get(line.line_no, 0))
        for line in bill.lines
    )
    return replace(bill, lines=lines)


def owed_of(facts: AccountFacts) -> dict[LineKey, int]:
    """Return what was owed of each line at first: issued, less the restatements of its month.

    Credits of a month take off the bills of that month issued last first.
    """
    restated: dict[tuple[str, str, str, str, str], int] = defaultdict(int)
    for credit in facts.credits:
        key = (credit.period, credit.insurance, credit.party, credit.account, credit.fund)
        restated[key] += credit.amount_fen
    owed = {}
    latest_first = sorted(
        facts.bills, key=lambda one: (one.bill.issued_on, one.bill.id), reverse=True
    )
    for one in latest_first:
        for line in one.bill.lines:
            key = (
                one.bill.period,
                line.insurance,
                one.parties[line.line_no],
                line.account,
                line.fund,
            )
            less_fen = min(restated[key], line.amount_fen)
            restated[key] -= less_fen
            owed[one.bill.id, line.line_no] = line.amount_fen - less_fen
    return owed
