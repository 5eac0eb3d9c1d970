"""The check of an application: every reason against it, and the amount by the formulas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from services.payout.formulas.domain.person import PensionQuestion, PersonRecord, quote_person
from services.payout.formulas.domain.retirement import OutsideFlexibleRange
from services.payout.formulas.domain.row import FormulaRowMissing, RowBook
from services.payout.formulas.domain.worksheet import BenefitQuote
from services.payout.qualifications.domain.qualification import (
    BlockReason,
    CheckOutcome,
    Finding,
    split_findings,
)
from shared.errors import Fault, Faulty, Refusal
from shared.money import format_yuan
from shared.period import Period


@dataclass(frozen=True, slots=True)
class OwedMonths:
    """Months of the person that a unit owes."""

    credit_code: str
    months: int
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """A person as collection and the ledger know them."""

    record: PersonRecord
    name: str
    owed: tuple[OwedMonths, ...]
    doubled_months: int


@dataclass(frozen=True, slots=True)
class EarlierBenefits:
    """Benefits that payout has granted a person already, beside which a pension would pay twice."""

    has_pension: bool = False
    account_claims: tuple[str, ...] = ()
    """Claims, not refused, that pay out or transfer the pension account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRules:
    """The formula rows, and the reasons that a rule in force lets pass."""

    book: RowBook
    waivable: frozenset[str]


def check(
    rules: CheckRules,
    today: date,
    known: KnownPerson,
    question: PensionQuestion,
    *,
    earlier: EarlierBenefits,
) -> CheckOutcome:
    """Check an application by the records of today and the rows of the month of retirement.

    Raises:
        Faulty: the question contradicts the records. OutsideFlexibleRange: the chosen month does.
        FormulaRowMissing: not even the month of retirement can be computed.
    """
    quote = _quoted(rules.book, today, known, question)
    retirement = Period.parse(dict(quote.inputs)["retirement"])
    paid_months = int(dict(quote.inputs)["paid_months"])
    day = min(today, _last_day(retirement))
    missing = None
    try:
        quote = _quoted(rules.book, day, known, question)
    except FormulaRowMissing as refusal:
        missing = str(refusal.facts["rule"])
    findings = list(_findings(quote, known, retirement, today, earlier))
    if missing is not None:
        findings.append(Finding(BlockReason.ROWS_MISSING, f"{missing} {day}"))
    reasons, waived = split_findings(findings, rules.waivable)
    return CheckOutcome(
        checked_on=today,
        retirement=retirement,
        paid_months=paid_months,
        monthly_fen=None if missing else quote.total_fen,
        provisional=bool(quote.provisional),
        reasons=reasons,
        waived=waived,
        evidence=_evidence(quote, findings, day, known.record, priced=missing is None),
    )


def check_again(
    rules: CheckRules,
    today: date,
    known: KnownPerson | None,
    question: PensionQuestion,
    *,
    earlier: EarlierBenefits,
    before: CheckOutcome,
) -> CheckOutcome:
    """Check a stored application again; records that contradict it now, or that collection has no
    more, are a reason against it."""
    if known is None:
        return _facts_wrong(before, today, "征缴系统没有该参保人 (collection has no such person)")
    try:
        return check(rules, today, known, question, earlier=earlier)
    except (Faulty, OutsideFlexibleRange, FormulaRowMissing) as refusal:
        return _facts_wrong(before, today, refusal_text(refusal))


def _facts_wrong(before: CheckOutcome, today: date, why: str) -> CheckOutcome:
    return replace(
        before,
        checked_on=today,
        monthly_fen=None,
        reasons=(BlockReason.FACTS_WRONG,),
        waived=(),
        evidence=dict(before.evidence)
        | {"details": {BlockReason.FACTS_WRONG.value: why}, "lines": [], "steps": []},
    )


def refusal_text(refusal: Refusal) -> str:
    """Describe a refusal in one line by its faults, or by itself."""
    return "; ".join(fault.message for fault in refusal.faults) or refusal.message


def _quoted(
    book: RowBook, day: date, known: KnownPerson, question: PensionQuestion
) -> BenefitQuote:
    try:
        return quote_person(book, day, known.record, question)
    except Faulty as refusal:
        raise Faulty(
            faults=[
                Fault(fault.pointer.removeprefix("/benefit"), fault.code, fault.message)
                for fault in refusal.faults
            ]
        ) from None


def _findings(
    quote: BenefitQuote,
    known: KnownPerson,
    retirement: Period,
    today: date,
    earlier: EarlierBenefits,
) -> Iterator[Finding]:
    for condition in quote.conditions:
        if not condition.met:
            detail = f"{condition.required},现有 {condition.given}"
            yield Finding(BlockReason.YEARS_TOO_FEW, detail)
    if known.owed:
        detail = "; ".join(
            f"{one.credit_code} {one.first} 至 {one.last} 共 {one.months} 个月"
            for one in known.owed
        )
        yield Finding(BlockReason.UNIT_ARREARS, detail)
    if known.doubled_months:
        yield Finding(BlockReason.DOUBLE_COVER, f"{known.doubled_months} 个月")
    if earlier.has_pension:
        yield Finding(BlockReason.PENSION_DRAWN, "")
    if earlier.account_claims:
        yield Finding(BlockReason.ACCOUNT_PAID, "; ".join(earlier.account_claims))
    if retirement > Period.of(today):
        yield Finding(BlockReason.TOO_EARLY, f"{retirement}")


def _last_day(period: Period) -> date:
    following = period.plus(1)
    return date(following.year, following.month, 1) - timedelta(days=1)


def _evidence(
    quote: BenefitQuote, findings: list[Finding], day: date, record: PersonRecord, *, priced: bool
) -> dict[str, Any]:
    return {
        "quoted_on": day.isoformat(),
        "account_fen": record.account_fen,
        "details": {one.reason.value: one.detail for one in findings},
        "lines": [
            {"id": line.id, "name": line.name, "amount": format_yuan(line.amount_fen)}
            for line in quote.lines
            if priced
        ],
        "steps": [
            {"name": step.name, "formula": step.formula, "result": step.result}
            for step in quote.steps
            if priced
        ],
    }
