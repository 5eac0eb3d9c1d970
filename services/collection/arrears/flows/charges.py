"""Assess late payments: load the facts that the rules need, and write the charges.

Payments in time, which are nearly all, need no query here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.allocation import Bill, Payment
from services.collection.arrears.domain.agreement import Agreement
from services.collection.arrears.domain.charge_books import charge_vouchers
from services.collection.arrears.domain.explain_charge import explained
from services.collection.arrears.domain.late import (
    ChargeLineKey,
    KnownChargeBill,
    LateBill,
    LateChargeAssessor,
    LateLine,
)
from services.collection.arrears.store import agreement as agreement_store
from services.collection.arrears.store import charge as charge_store
from services.collection.arrears.store.charge import ChargeRow, DebtLine
from services.collection.billing.domain.bill import CHARGE
from services.collection.common.domain.calendar import SEARCH_DAYS, due_day, nominal_due_day
from services.collection.common.domain.errors import NoPolicy
from services.collection.common.store import calendar as calendar_store
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.charge import Span, Timetable
from services.collection.policy.domain.charge_timeline import (
    ChargeTimeline,
    DatedChargeRules,
    debt_of,
)
from services.collection.register.flows import unit as unit_flow
from shared import outbox
from shared.period import Period
from shared.roles import Caller
from shared.wire.ledger import voucher_message


async def rulings_of(tx: AsyncConnection, region: str) -> ChargeTimeline:
    """Read the rules of a region's policies on late charges.

    Raises:
        NoPolicy: the region has none.
    """
    dated = []
    for row in await charge_store.in_force(tx, region):
        policy = await policy_flow.by_id(tx, row.policy_id)
        dated.append(
            DatedChargeRules(
                in_force_from=row.effective_from,
                in_force_to=row.effective_to,
                rules=policy.charges,
                due_day=policy.due_day,
            )
        )
    if not dated:
        raise NoPolicy(region=region)
    return ChargeTimeline(tuple(dated))


async def tables_of(
    tx: AsyncConnection, rulings: ChargeTimeline, policy_ids: Iterable[UUID]
) -> dict[UUID, Timetable]:
    """Build the timetable of charges for debts levied under each policy."""
    return {
        policy_id: rulings.table((await policy_flow.by_id(tx, policy_id)).charges)
        for policy_id in set(policy_ids)
    }


async def with_agreements(tx: AsyncConnection, bills: Sequence[Bill]) -> list[Bill]:
    """Add to bills over contributions the insurances of their periods that agreements cover."""
    units = {bill.unit_id for bill in bills if bill.kind != CHARGE}
    if not units:
        return list(bills)
    of_unit: dict[int, list[Agreement]] = defaultdict(list)
    for agreement in await agreement_store.of_units(tx, sorted(units)):
        of_unit[agreement.unit_id].append(agreement)
    return [_with_agreed(bill, of_unit.get(bill.unit_id, ())) for bill in bills]


def _with_agreed(bill: Bill, agreements: Sequence[Agreement]) -> Bill:
    if bill.kind == CHARGE or not agreements:
        return bill
    period = Period.parse(bill.period)
    return replace(
        bill,
        agreed=tuple(
            (insurance, days)
            for agreement in agreements
            if (days := agreement.days) is not None
            for insurance in agreement.insurances
            if agreement.covers(insurance, period)
        ),
    )


class Protections:
    """Days on which agreements protect units from late charges."""

    def __init__(
        self,
        agreements: Sequence[Agreement],
        paid: Mapping[UUID, Mapping[date, int]],
        as_of: date,
    ) -> None:
        self.of_unit: dict[int, list[tuple[Agreement, Span]]] = defaultdict(list)
        for agreement in agreements:
            span = agreement.protection(paid.get(agreement.id, {}), as_of)
            if span is not None:
                self.of_unit[agreement.unit_id].append((agreement, span))

    def free(self, unit_id: int, insurance: str, period: Period) -> list[Span]:
        """Return the protected days of an insurance and period."""
        return [
            span
            for agreement, span in self.of_unit.get(unit_id, ())
            if agreement.covers(insurance, period)
        ]

    def deferred(self, unit_id: int, insurance: str, period: Period, day: date) -> bool:
        """Tell whether a deferral in force on a day covers an insurance of a period."""
        return any(
            agreement.covers(insurance, period) and agreement.defers(day)
            for agreement, _ in self.of_unit.get(unit_id, ())
        )


async def protections_of(tx: AsyncConnection, unit_ids: Iterable[int], as_of: date) -> Protections:
    """Read the protections of units, as known at the end of a day."""
    agreements = await agreement_store.of_units(tx, sorted(set(unit_ids)))
    return Protections(agreements, await agreement_store.paid(tx, agreements), as_of)


async def assess(
    tx: AsyncConnection, region: str, bills: Sequence[Bill], payments: Sequence[tuple[int, Payment]]
) -> LateChargeAssessor | None:
    """Prepare the assessor for payments of (unit, payment) into locked bills.

    Return None when no payment can be late and no charge bill is open.
    """
    last: dict[int, date] = {}
    for unit_id, payment in payments:
        last[unit_id] = max(payment.paid_on, last.get(unit_id, date.min))
    late = [
        bill
        for bill in bills
        if bill.kind != CHARGE and bill.open_fen and last.get(bill.unit_id, date.min) > bill.due_on
    ]
    if not late and not any(bill.kind == CHARGE and bill.open_fen for bill in bills):
        return None
    rulings = await rulings_of(tx, region)
    booked = {payment.booked_on for _, payment in payments}
    wanted = [(bill.unit_id, bill.id) for bill in late]
    return LateChargeAssessor(
        bills=await _late_bills(tx, rulings, wanted, max(last.values())) if wanted else {},
        rulings=rulings,
        due_days={day: await _due_on(tx, rulings, day) for day in booked},
        charged=await charge_store.charged(tx, wanted) if wanted else {},
    )


async def fresh_assessor(
    tx: AsyncConnection,
    region: str,
    wanted: Sequence[tuple[int, UUID]],
    payments: Sequence[Payment],
    *,
    owed_fen: Mapping[tuple[UUID, int], int],
    known: Mapping[tuple[UUID, UUID], KnownChargeBill],
    remitted_fen: Mapping[tuple[UUID, UUID], Mapping[ChargeLineKey, int]],
) -> LateChargeAssessor:
    """Build an assessor that replays all payments into bills (unit, id): nothing is charged yet."""
    rulings = await rulings_of(tx, region)
    last = max((payment.paid_on for payment in payments), default=date.min)
    booked = {payment.booked_on for payment in payments}
    return LateChargeAssessor(
        bills=await _late_bills(tx, rulings, wanted, last) if wanted else {},
        rulings=rulings,
        due_days={day: await _due_on(tx, rulings, day) for day in booked},
        charged={},
        owed_fen=owed_fen,
        known=known,
        remitted_fen=remitted_fen,
    )


async def _late_bills(
    tx: AsyncConnection, rulings: ChargeTimeline, wanted: Sequence[tuple[int, UUID]], as_of: date
) -> dict[UUID, LateBill]:
    lines = await charge_store.debts(tx, wanted)
    tables = await tables_of(tx, rulings, (line.policy_id for line in lines))
    protections = await protections_of(tx, (line.unit_id for line in lines), as_of)
    of_bill: dict[UUID, list[DebtLine]] = defaultdict(list)
    for line in lines:
        of_bill[line.bill_id].append(line)
    found = {}
    for bill_id, own in of_bill.items():
        head = own[0]
        period = Period.parse(head.period)
        policy = await policy_flow.by_id(tx, head.policy_id)
        found[bill_id] = LateBill(
            debt=debt_of(period, head.due_on, policy.charges, policy.due_day),
            policy_id=head.policy_id,
            collector=head.collector,
            lines={line.line_no: LateLine(line.insurance, line.fund) for line in own},
            table=tables[head.policy_id],
            free={
                line.insurance: protections.free(line.unit_id, line.insurance, period)
                for line in own
            },
        )
    return found


async def _due_on(tx: AsyncConnection, rulings: ChargeTimeline, issued_on: date) -> date:
    """Compute the due day of a charge bill: that of contributions of the month of its issue."""
    period, number = Period.of(issued_on), rulings.on(issued_on).due_day
    first = nominal_due_day(period, number)
    days = await calendar_store.workdays(tx, first, first + timedelta(SEARCH_DAYS))
    return due_day(period, number, days).day


async def save(tx: AsyncConnection, assessor: LateChargeAssessor) -> None:
    """Write new charges and their bills, and queue their memo vouchers."""
    if not assessor.assessments:
        return
    explanations = {
        charge.id: explained(charge.accrual)
        for one in assessor.assessments
        for charge in one.charges
    }
    await charge_store.insert_bills(tx, assessor.assessments)
    await charge_store.insert(tx, assessor.assessments, explanations)
    messages: list[tuple[int, dict[str, Any]]] = [
        (one.paid_bill.unit_id, voucher_message(voucher))
        for one in assessor.assessments
        for voucher in charge_vouchers(one)
    ]
    await outbox.put_many(tx, messages)


async def page(
    tx: AsyncConnection, *, credit_code: str, caller: Caller, after: UUID | None, limit: int
) -> list[ChargeRow]:
    """Read the late charges of a unit, oldest first.

    Raises:
        UnitUnknown: the unit is not registered. Forbidden: it is of another district.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    return await charge_store.page(tx, unit.id, after=after, limit=limit)
