"""Stable-job refunds (稳岗返还): a claim whose amount follows from what the unit has paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.payout.benefits.domain import ClaimKind
from services.payout.claims.domain.draft import ClaimDraft, ClaimLineDraft
from services.payout.common.domain import UnitPaidYear
from services.payout.formulas.domain.stable_job import StableJobInputs
from services.payout.formulas.domain.worksheet import BenefitQuote
from shared.errors import Fault, Kind, Refusal
from shared.money import format_yuan
from shared.period import Period

INSURANCE: Final = "unemployment"


class RefundNotDue(Refusal):
    """不符合稳岗返还条件 (a condition of the stable-job refund is not met)"""

    kind = Kind.CONFLICT
    code = "REFUND_NOT_DUE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """A unit's request. It states no amount, and no contributions: collection knows those."""

    credit_code: str
    district: str
    filed_on: date
    size: str
    payee_name: str
    bank: str
    bank_number: str
    bank_holder: str
    natural_heads: int
    drawing_heads: int | None
    disqualified: bool

    @property
    def year(self) -> int:
        """Return the year of the contributions: the one before the day of filing."""
        return self.filed_on.year - 1


def inputs_of(request: RefundRequest, paid: UnitPaidYear) -> StableJobInputs:
    """Return the inputs of the formula: the unit's facts from collection, the rest from the request."""
    return StableJobInputs(
        size=request.size,
        contributions_fen=paid.paid_fen,
        paid_months=paid.paid_months,
        heads_before=paid.heads_before,
        heads_after=paid.heads_after,
        head_months=paid.head_months,
        drawing_heads=request.drawing_heads,
        natural_heads=request.natural_heads,
        disqualified=request.disqualified,
    )


def district_faults(request: RefundRequest, paid: UnitPaidYear) -> list[Fault]:
    """Find a claim of another district than the unit's."""
    if request.district == paid.district:
        return []
    message = f"单位属 {paid.district} 分中心 (the unit is of district {paid.district})"
    return [Fault("/district", "UNIT_DISTRICT_DIFFERS", message)]


def require_due(quote: BenefitQuote) -> None:
    """Refuse a refund whose conditions are not all met, or that comes to nothing.

    Raises:
        RefundNotDue: every condition that is not met.
    """
    faults = [
        Fault(
            "/credit_code",
            "CONDITION_NOT_MET",
            f"{one.name}:须{one.required},实为{one.given} (a condition is not met)",
        )
        for one in quote.conditions
        if not one.met
    ]
    if not faults and not quote.total_fen:
        faults = [
            Fault("/credit_code", "NOTHING_PAID", "上年度无实缴 (nothing was paid last year)")
        ]
    if faults:
        raise RefundNotDue(faults=faults)


def claim_of(request: RefundRequest, quote: BenefitQuote) -> ClaimDraft:
    """Build the claim of a refund; its period is in the year of the contributions."""
    line = ClaimLineDraft(
        payee_name=request.payee_name,
        bank=request.bank,
        bank_number=request.bank_number,
        bank_holder=request.bank_holder,
        amount_fen=quote.total_fen,
        reference=f"WG-{request.year}",
    )
    return ClaimDraft(
        kind=ClaimKind.STABLE_JOB_REFUND,
        district=request.district,
        period=Period(request.year, 12),
        credit_code=request.credit_code,
        filed_on=request.filed_on,
        summary=f"{request.year} 年度稳岗返还",
        control_lines=1,
        control_total_fen=line.amount_fen,
        lines=[line],
    )


def basis_of(request: RefundRequest, paid: UnitPaidYear, quote: BenefitQuote) -> dict[str, Any]:
    """Write what the amount follows from, for the trail: facts, steps and the rows used."""
    return {
        "year": request.year,
        "contributions": format_yuan(paid.paid_fen),
        "paid_months": paid.paid_months,
        "heads": [paid.heads_before, paid.heads_after],
        "size": request.size,
        "steps": [f"{step.name}: {step.formula} = {step.result}" for step in quote.steps],
        "rows": [f"{row.rule} {row.in_force_from} {row.source}" for row in quote.rows],
    }
