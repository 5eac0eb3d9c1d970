"""Assessment of late charges: one charge per late bill line, and one charge bill for all. Pure.

Only the unit's share bears charges: the staff's share never bears the late fee (20号令 art. 11), and
the interest follows it.

A line may be paid in parts. Its charges are rounded as one: each part is charged the rounded sum so
far less the amount charged before. So the order and number of parts on one day change nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from uuid import UUID

from services.collection.allocation.domain.allocation import Bill, BillLine, LineShare, Payment
from services.collection.billing.domain.bill import CHARGE
from services.collection.policy.domain.charge import (
    Accrual,
    ChargeKind,
    Debt,
    Span,
    Timetable,
    accrue,
    rounded,
)
from services.collection.policy.domain.charge_timeline import ChargeTimeline
from shared.ids import uuid7


@dataclass(frozen=True, slots=True)
class ChargedSoFar:
    """Charges of one line and kind so far: the exact sum, and the fen that were billed."""

    parts: int = 0
    amount_fen: int = 0


NOTHING = ChargedSoFar()


@dataclass(frozen=True, slots=True)
class LateLine:
    """A unit's line that bears charges."""

    insurance: str
    fund: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LateBill:
    """The facts of a bill that its late charges depend on. `free` are protected days per insurance."""

    debt: Debt
    policy_id: UUID
    collector: str
    lines: Mapping[int, LateLine]
    table: Timetable
    free: Mapping[str, Sequence[Span]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A charge on the amount that one payment paid into one line."""

    id: UUID
    line_no: int
    line: LateLine
    accrual: Accrual
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LateAssessment:
    """The late charges of one payment of one bill. `charge_bill` is None when all round to zero.

    remitted: number of a line of the charge bill → what of it is not asked for (fen).
    """

    paid_bill: Bill
    late_bill: LateBill
    payment: Payment
    charges: tuple[Charge, ...]
    charge_bill: Bill | None
    insurances: tuple[str, ...]
    remitted: Mapping[int, int] = field(default_factory=dict)


ChargeLineKey = tuple[str, str, str]
"""Insurance, fund and kind of a line of a charge bill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownChargeBill:
    """A charge bill issued before for the same payment of the same bill."""

    id: UUID
    issued_on: date
    due_on: date
    line_nos: Mapping[ChargeLineKey, int]


@dataclass(slots=True)
class LateChargeAssessor:
    """Assesses the late charges of payments, in the order in which they are booked.

    remitted_fen: (bill, payment) → what of its charges was refunded after it was paid, per line: it
    is not asked for, as if it never had been.
    """

    bills: Mapping[UUID, LateBill]
    rulings: ChargeTimeline
    due_days: Mapping[date, date]
    charged: dict[tuple[UUID, int, ChargeKind], ChargedSoFar]
    assessments: list[LateAssessment] = field(default_factory=list)
    owed_fen: Mapping[tuple[UUID, int], int] = field(default_factory=dict)
    known: Mapping[tuple[UUID, UUID], KnownChargeBill] = field(default_factory=dict)
    remitted_fen: Mapping[tuple[UUID, UUID], Mapping[ChargeLineKey, int]] = field(
        default_factory=dict
    )

    def charges_first(self, on: date) -> bool:
        """Tell whether the policy of a day has charges paid before the principal."""
        return self.rulings.on(on).rules.charges_first

    def charge(self, bill: Bill, shares: Sequence[LineShare], payment: Payment) -> Bill | None:
        """Return the charge bill for a payment of a bill; None when nothing was late."""
        late = self.bills.get(bill.id)
        if late is None or payment.paid_on <= late.debt.due_on:
            return None
        charges = tuple(
            charge
            for share in shares
            if (line := late.lines.get(share.line.line_no)) is not None
            for kind in ChargeKind
            if (charge := self._line(bill, late, line, share, kind, payment)) is not None
        )
        if not charges:
            return None
        known = self.known.get((bill.id, payment.event_id))
        remitted_fen = self.remitted_fen.get((bill.id, payment.event_id), {})
        lines, remitted = _lines(charges, known.line_nos if known else {}, remitted_fen)
        made = self._bill(bill, lines, payment, known) if lines else None
        self.assessments.append(
            LateAssessment(
                paid_bill=bill,
                late_bill=late,
                payment=payment,
                charges=charges,
                charge_bill=made,
                insurances=tuple(line.insurance for line in lines),
                remitted=remitted,
            )
        )
        return made

    def _line(
        self,
        bill: Bill,
        late: LateBill,
        line: LateLine,
        share: LineShare,
        kind: ChargeKind,
        payment: Payment,
    ) -> Charge | None:
        key = (bill.id, share.line.line_no, kind)
        before = self.charged.get(key, NOTHING)
        accrual = accrue(
            kind,
            self._chargeable_fen(bill, share),
            late.debt,
            payment.paid_on,
            late.table,
            free=late.free.get(line.insurance, ()),
            already_parts=before.parts,
        )
        if accrual is None:
            return None
        parts = before.parts + accrual.parts
        amount_fen = rounded(parts) - before.amount_fen
        self.charged[key] = ChargedSoFar(parts, before.amount_fen + amount_fen)
        return Charge(
            id=uuid7(),
            line_no=share.line.line_no,
            line=line,
            accrual=accrual,
            amount_fen=amount_fen,
        )

    def _chargeable_fen(self, bill: Bill, share: LineShare) -> int:
        """Return the part of a share that pays an amount owed; overpaid money bears no charge."""
        owed_fen = self.owed_fen.get((bill.id, share.line.line_no))
        if owed_fen is None:
            return share.amount_fen
        place = bill.lines.index(share.line)
        return min(share.amount_fen, max(0, owed_fen - bill.line_settled_fen[place]))

    def _bill(
        self,
        of: Bill,
        lines: tuple[BillLine, ...],
        payment: Payment,
        known: KnownChargeBill | None,
    ) -> Bill:
        return Bill(
            unit_id=of.unit_id,
            id=known.id if known else uuid7(),
            declaration_id=of.declaration_id,
            credit_code=of.credit_code,
            district=of.district,
            period=of.period,
            issued_on=known.issued_on if known else payment.booked_on,
            lines=lines,
            line_settled_fen=(0,) * len(lines),
            due_on=known.due_on if known else self.due_days[payment.booked_on],
            kind=CHARGE,
        )


def _lines(
    charges: Sequence[Charge],
    known: Mapping[ChargeLineKey, int],
    remitted_fen: Mapping[ChargeLineKey, int],
) -> tuple[tuple[BillLine, ...], dict[int, int]]:
    """Build the lines of a charge bill, one per insurance, fund and kind, and what is remitted of them.

    A line that is remitted in full asks for nothing, and stays on its bill.
    """
    sums: dict[ChargeLineKey, int] = defaultdict(int)
    for charge in charges:
        sums[charge.line.insurance, charge.line.fund, charge.accrual.kind.value] += (
            charge.amount_fen
        )
    following = count(max(known.values(), default=0) + 1)
    lines: list[BillLine] = []
    remitted: dict[int, int] = {}
    for (insurance, fund, kind), amount_fen in sums.items():
        if not amount_fen:
            continue
        line_no = known.get((insurance, fund, kind)) or next(following)
        less_fen = min(amount_fen, remitted_fen.get((insurance, fund, kind), 0))
        if less_fen:
            remitted[line_no] = less_fen
        lines.append(
            BillLine(
                line_no=line_no,
                fund=fund,
                account=kind,
                amount_fen=amount_fen - less_fen,
                insurance=insurance,
            )
        )
    return tuple(lines), remitted
