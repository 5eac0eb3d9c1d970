"""Shapes of arrears, their accrued charges, and assessed charges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import Field

from services.collection.arrears.domain.arrears import (
    ArrearsTotals,
    Receivable,
    by_bill,
    by_insurance,
    totals_of,
)
from services.collection.arrears.domain.explain_charge import explained
from services.collection.arrears.store.charge import ChargeRow
from services.collection.common.schemas.common import Day
from services.collection.flags.domain import CreditFlag
from shared.clock import today
from shared.ids import Ref
from shared.references import Reference
from shared.schema import CreditCode, In, Out, YuanOut


class AccrualPieceOut(Out):
    """A range of days under one rule: principal × days × rate ÷ per_days."""

    rule: str = Field(examples=["late_fee.2011"])
    source: str
    first: date
    last: date
    days: int
    rate: str = Field(examples=["0.0005"])
    per_days: int = Field(examples=[1], description="1 日利率; 360, 365 年利率")
    product: str
    cap: str | None = Field(description="触及的上限 (the cap that cut it short)")


class ChargeRoundingOut(Out):
    """The rounding of the product."""

    unit: str
    mode: str


class ChargeExplanationOut(Out):
    """The explanation of a late fee or interest."""

    kind: str = Field(examples=["late_fee"])
    principal: str
    days: int
    pieces: list[AccrualPieceOut]
    product: str
    rounding: ChargeRoundingOut
    cap: str | None
    amount: str

    @classmethod
    def of(cls, facts: dict[str, Any]) -> ChargeExplanationOut:
        """Build the answer from a stored explanation."""
        return cls.model_validate(facts)


class AccrualOut(Out):
    """The explanation of the accrual on a bill line."""

    bill: str
    line: int
    insurance: str
    explanation: ChargeExplanationOut


class ArrearsTotalsOut(Out):
    """Sums of open lines. Late fee and interest are the amounts due if paid on the requested day."""

    open: YuanOut
    overdue_open: YuanOut = Field(description="逾期未缴,不含缓缴 (overdue, deferred left out)")
    deferred_open: YuanOut = Field(description="缓缴中 (deferred)")
    late_fee: YuanOut
    interest: YuanOut

    @classmethod
    def sums(cls, found: ArrearsTotals) -> dict[str, int]:
        """Return the sums as members."""
        return {
            "open": found.open_fen,
            "overdue_open": found.overdue_fen,
            "deferred_open": found.deferred_fen,
            "late_fee": found.late_fee_fen,
            "interest": found.interest_fen,
        }


class InsuranceArrearsOut(ArrearsTotalsOut):
    """Open amounts of one insurance and party."""

    insurance: str
    party: str


class BillArrearsOut(Out):
    """A bill with an open amount; `deferred` when all of it is deferred."""

    period: str
    bill: str
    kind: str = Field(examples=["contribution"], description="contribution | charge")
    due_on: date
    amount: YuanOut
    open: YuanOut
    late_fee: YuanOut
    interest: YuanOut
    overdue: bool
    deferred: bool

    @classmethod
    def of(cls, lines: Sequence[Receivable]) -> BillArrearsOut:
        """Build the answer from the open lines of one bill."""
        head, sums = lines[0].line, totals_of(lines)
        return cls(
            period=head.period,
            bill=Ref(head.unit_id, head.bill_id).text(Reference.BILL),
            kind=head.kind,
            due_on=head.due_on,
            amount=head.total_fen,
            open=sums.open_fen,
            late_fee=sums.late_fee_fen,
            interest=sums.interest_fen,
            overdue=any(one.overdue for one in lines),
            deferred=all(one.deferred for one in lines),
        )


def insurances_out(receivables: Sequence[Receivable]) -> list[InsuranceArrearsOut]:
    """Sum open amounts per insurance and party."""
    return [
        InsuranceArrearsOut(insurance=insurance, party=party, **ArrearsTotalsOut.sums(sums))
        for (insurance, party), sums in by_insurance(receivables).items()
    ]


class ArrearsOut(Out):
    """A unit's arrears at the end of a day, as booked until then."""

    credit_code: str
    district: str
    as_of: date
    open: list[BillArrearsOut]
    total: YuanOut
    overdue: bool = Field(
        description="有逾期未缴,缓缴视同已缴 (something was due before that day and is not deferred)"
    )
    deferred: bool = Field(description="有缓缴 (something is deferred)")
    late_fee: YuanOut = Field(description="截至当日应计滞纳金 (accrued, a memo until paid)")
    interest: YuanOut = Field(description="截至当日应计利息 (accrued, a memo until paid)")
    insurances: list[InsuranceArrearsOut]
    accruals: list[AccrualOut] | None = Field(default=None, description="explain=true 时给出")
    claims_blocked: str | None = Field(
        default=None,
        description="失信标记限制待遇申请的依据 (basis of a flag that blocks claims today)",
    )

    @classmethod
    def of(
        cls,
        credit_code: str,
        district: str,
        as_of: date,
        found: Sequence[Receivable],
        *,
        explain: bool,
        blocked: CreditFlag | None,
    ) -> ArrearsOut:
        """Build the answer from receivables, and the flag that blocks claims."""
        sums = totals_of(found)
        return cls(
            credit_code=credit_code,
            district=district,
            as_of=as_of,
            open=[BillArrearsOut.of(lines) for lines in by_bill(found)],
            total=sums.open_fen,
            overdue=any(one.overdue for one in found),
            deferred=any(one.deferred for one in found),
            late_fee=sums.late_fee_fen,
            interest=sums.interest_fen,
            insurances=insurances_out(found),
            accruals=_accruals(found) if explain else None,
            claims_blocked=None if blocked is None else blocked.basis,
        )


def _accruals(found: Sequence[Receivable]) -> list[AccrualOut]:
    return [
        AccrualOut(
            bill=Ref(one.line.unit_id, one.line.bill_id).text(Reference.BILL),
            line=one.line.line_no,
            insurance=one.line.insurance,
            explanation=ChargeExplanationOut.of(explained(accrual)),
        )
        for one in found
        for accrual in one.accruals
    ]


class ArrearsQueryIn(In):
    """A query of up to 1,000 units; today by default."""

    credit_codes: list[CreditCode] = Field(
        min_length=1, max_length=1000, examples=[["91120101MA05K0TH1H"]]
    )
    as_of: Day | None = None

    def day(self) -> date:
        """Return the requested day."""
        return self.as_of or today()


class UnitArrearsOut(ArrearsTotalsOut):
    """The arrears of one of many units."""

    credit_code: str
    overdue: bool
    deferred: bool
    oldest: str | None = Field(examples=["2021-07"], description="最早欠费所属期")
    insurances: list[InsuranceArrearsOut]

    @classmethod
    def of(cls, credit_code: str, found: Sequence[Receivable]) -> UnitArrearsOut:
        """Build the answer from receivables."""
        return cls(
            credit_code=credit_code,
            overdue=any(one.overdue for one in found),
            deferred=any(one.deferred for one in found),
            oldest=min((one.line.period for one in found), default=None),
            insurances=insurances_out(found),
            **cls.sums(totals_of(found)),
        )


class ArrearsQueryOut(Out):
    """The arrears of units, in the order of their first mention."""

    as_of: date
    items: list[UnitArrearsOut]


class ChargeOut(Out):
    """A late charge on one line of a bill. `charge_bill` bills it."""

    id: str = Field(examples=[Reference.CHARGE.example])
    bill: str
    line: int
    kind: str
    period: str
    insurance: str
    fund: str
    principal: YuanOut
    due_on: date
    paid_on: date
    fixed_on: date
    days: int
    amount: YuanOut
    charge_bill: str | None
    explanation: ChargeExplanationOut

    @classmethod
    def of(cls, row: ChargeRow) -> ChargeOut:
        """Build the answer from a stored charge."""
        billed = row.charge_bill_id
        return cls(
            id=Ref(row.unit_id, row.id).text(Reference.CHARGE),
            bill=Ref(row.unit_id, row.bill_id).text(Reference.BILL),
            line=row.line_no,
            kind=row.kind,
            period=row.period,
            insurance=row.insurance,
            fund=row.fund,
            principal=row.principal_fen,
            due_on=row.due_on,
            paid_on=row.paid_on,
            fixed_on=row.fixed_on,
            days=row.days,
            amount=row.amount_fen,
            charge_bill=None if billed is None else Ref(row.unit_id, billed).text(Reference.BILL),
            explanation=ChargeExplanationOut.of(row.explanation),
        )
