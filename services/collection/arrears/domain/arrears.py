"""Rules of arrears (欠费): the open amounts of a unit at the end of a day. Pure.

Late fee and interest are a memo here: the amounts due if the open amount were paid on that day.
They become a debt only when it is paid, through the charge that is assessed then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.collection.arrears.domain.late import ChargedSoFar
from services.collection.billing.domain.bill import CHARGE
from services.collection.policy.domain.charge import Accrual, ChargeKind, rounded
from shared.errors import Kind, Refusal
from shared.fund import Party
from shared.period import Period


class UnitInArrears(Refusal):
    """单位有逾期未缴,不予出具足额缴费证明 (the unit owes what was due; each open bill is named)"""

    kind = Kind.CONFLICT
    code = "UNIT_IN_ARREARS"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLine:
    """A bill line that was open at the end of a day."""

    unit_id: int
    credit_code: str
    bill_id: UUID
    kind: str
    policy_id: UUID
    period: str
    due_on: date
    total_fen: int
    line_no: int
    insurance: str
    party: str
    account: str
    open_fen: int

    @property
    def bears_charges(self) -> bool:
        """Tell whether lateness costs: only the unit's own contributions do."""
        return self.kind != CHARGE and self.party == Party.UNIT

    def of_period(self) -> Period:
        """Return the period as a value."""
        return Period.parse(self.period)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivable:
    """An open line, its state (overdue, deferred, free of charges), and its accrued charges."""

    line: OpenLine
    overdue: bool
    deferred: bool
    protected: bool
    accruals: tuple[Accrual, ...]
    accrued_fen: Mapping[ChargeKind, int]

    @property
    def late_fee_fen(self) -> int:
        """Accrued late fee."""
        return self.accrued_fen.get(ChargeKind.LATE_FEE, 0)

    @property
    def interest_fen(self) -> int:
        """Accrued interest."""
        return self.accrued_fen.get(ChargeKind.INTEREST, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrearsTotals:
    """Sums of receivables. `overdue_fen` leaves out deferred amounts."""

    open_fen: int
    overdue_fen: int
    deferred_fen: int
    late_fee_fen: int
    interest_fen: int


NO_ARREARS: Final = ArrearsTotals(
    open_fen=0, overdue_fen=0, deferred_fen=0, late_fee_fen=0, interest_fen=0
)


def receivable(
    line: OpenLine,
    as_of: date,
    *,
    deferred: bool,
    protected: bool,
    accruals: Sequence[Accrual],
    charged: Mapping[ChargeKind, ChargedSoFar],
) -> Receivable:
    """Build the receivable of an open line. Accruals are rounded together with charges already
    assessed."""
    accrued = {}
    for accrual in accruals:
        before = charged.get(accrual.kind, ChargedSoFar())
        accrued[accrual.kind] = rounded(before.parts + accrual.parts) - before.amount_fen
    return Receivable(
        line=line,
        overdue=line.due_on < as_of and not deferred,
        deferred=deferred,
        protected=protected,
        accruals=tuple(accruals),
        accrued_fen=accrued,
    )


def totals_of(receivables: Sequence[Receivable]) -> ArrearsTotals:
    """Sum receivables."""
    return ArrearsTotals(
        open_fen=sum(one.line.open_fen for one in receivables),
        overdue_fen=sum(one.line.open_fen for one in receivables if one.overdue),
        deferred_fen=sum(one.line.open_fen for one in receivables if one.deferred),
        late_fee_fen=sum(one.late_fee_fen for one in receivables),
        interest_fen=sum(one.interest_fen for one in receivables),
    )


def by_insurance(receivables: Sequence[Receivable]) -> dict[tuple[str, str], ArrearsTotals]:
    """Sum receivables per (insurance, party), in the order of their names."""
    groups: dict[tuple[str, str], list[Receivable]] = defaultdict(list)
    for one in receivables:
        groups[one.line.insurance, one.line.party].append(one)
    return {key: totals_of(groups[key]) for key in sorted(groups)}


def by_bill(receivables: Sequence[Receivable]) -> list[list[Receivable]]:
    """Group receivables by bill, oldest period first."""
    groups: dict[tuple[str, UUID], list[Receivable]] = defaultdict(list)
    for one in receivables:
        groups[one.line.period, one.line.bill_id].append(one)
    return [groups[key] for key in sorted(groups)]
