"""Rules of agreements (协议) on arrears: deferrals (缓缴) and repayment plans (还款协议). Pure.

A deferral moves the arrears of some insurances and periods to a later day: no late charge runs
while it is in force, and certificates count its arrears as paid. A repayment plan lets a unit pay
by instalments: no late charge runs while it is kept, and a missed instalment ends its protection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.collection.policy.domain.charge import DAY, Span
from services.collection.policy.domain.charge_timeline import ChargeRules
from shared.errors import Fault, Kind, NotFound, Refusal, StateConflict
from shared.money import format_yuan
from shared.period import Period

INSTALMENTS_MAX: Final = 60


class AgreementKind(StrEnum):
    """Kind of agreement."""

    DEFERRAL = "deferral"
    REPAYMENT = "repayment"


class AgreementState(StrEnum):
    """Status of an agreement."""

    FILED = "filed"
    APPROVED = "approved"
    REFUSED = "refused"
    ENDED = "ended"


class AgreementUnknown(NotFound):
    """无此协议 (no such agreement)"""

    code = "AGREEMENT_UNKNOWN"


class AgreementOverlaps(Refusal):
    """与该单位现有协议的险种和所属期重叠 (it overlaps another agreement of the unit)"""

    kind = Kind.CONFLICT
    code = "AGREEMENT_OVERLAPS"


class AgreementEnded(StateConflict):
    """协议已终止或不可终止 (it cannot be ended on that day)"""

    code = "AGREEMENT_NOT_ENDABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """An instalment of a repayment plan."""

    number: int
    due_on: date
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """An agreement of a unit over some insurances and periods. Its days are inclusive."""

    unit_id: int
    id: UUID
    kind: AgreementKind
    credit_code: str
    district: str
    insurances: tuple[str, ...]
    period_from: Period
    period_to: Period
    from_day: date
    to_day: date
    status: AgreementState
    ended_on: date | None
    reason: str
    instalments: tuple[Instalment, ...] = ()

    def covers(self, insurance: str, period: Period) -> bool:
        """Tell whether it covers an insurance of a period."""
        return insurance in self.insurances and self.period_from <= period <= self.period_to

    def overlaps(self, other: Agreement) -> bool:
        """Tell whether both agreements cover the same insurance of the same period."""
        return (
            bool(set(self.insurances) & set(other.insurances))
            and self.period_from <= other.period_to
            and other.period_from <= self.period_to
        )

    @property
    def days(self) -> Span | None:
        """Its days, up to an early end: on these, money pays first what it does not cover."""
        if self.status not in {AgreementState.APPROVED, AgreementState.ENDED}:
            return None
        last = self.to_day if self.ended_on is None else min(self.to_day, self.ended_on)
        return Span(self.from_day, last) if last >= self.from_day else None

    @property
    def living(self) -> bool:
        """Tell whether it protects, or will when it is approved."""
        return self.status in {AgreementState.FILED, AgreementState.APPROVED}

    def broken_on(self, paid: Mapping[date, int], as_of: date) -> date | None:
        """Return the first day after a missed instalment; None while the plan is kept.

        `paid` is the amount paid on each day towards the covered arrears, in fen. An instalment is
        kept when everything due by its day was paid by its day.
        """
        due_fen = 0
        for instalment in self.instalments:
            due_fen += instalment.amount_fen
            paid_fen = sum(fen for day, fen in paid.items() if day <= instalment.due_on)
            if instalment.due_on < as_of and paid_fen < due_fen:
                return instalment.due_on + DAY
        return None

    def protection(self, paid: Mapping[date, int], as_of: date) -> Span | None:
        """Return the days without late charges, as known at the end of a day."""
        days, broken = self.days, self.broken_on(paid, as_of)
        if days is None or broken is None:
            return days
        last = min(days.last, broken - DAY)
        return Span(self.from_day, last) if last >= self.from_day else None

    def defers(self, day: date) -> bool:
        """Tell whether it is a deferral in force on a day."""
        span = self.protection({}, day) if self.kind is AgreementKind.DEFERRAL else None
        return span is not None and day in span


def faults_in(
    agreement: Agreement, rules: ChargeRules, insurances: Sequence[str], open_fen: int
) -> Iterator[Fault]:
    """Find the faults of a new agreement; `open_fen` is the open amount that it covers."""
    for number, name in enumerate(agreement.insurances):
        if name not in insurances:
            yield Fault(f"/insurances/{number}", "INSURANCE_UNKNOWN", f"未知险种: {name}")
        if name in agreement.insurances[:number]:
            yield Fault(f"/insurances/{number}", "INSURANCE_REPEATED", f"险种重复: {name}")
    if agreement.period_to < agreement.period_from:
        yield Fault("/period_to", "PERIODS_REVERSED", "终止月早于起始月 (ends before it begins)")
    if agreement.to_day < agreement.from_day:
        yield Fault("/to_day", "DAYS_REVERSED", "终止日早于起始日 (ends before it begins)")
    if agreement.kind is AgreementKind.DEFERRAL:
        yield from _deferral_faults(agreement, rules)
    else:
        yield from _plan_faults(agreement, open_fen)


def _deferral_faults(agreement: Agreement, rules: ChargeRules) -> Iterator[Fault]:
    months = rules.deferral_months
    if agreement.instalments:
        yield Fault(
            "/instalments", "INSTALMENTS_NOT_FOR_DEFERRAL", "缓缴不分期 (a deferral has none)"
        )
    for number, name in enumerate(agreement.insurances):
        if rules.deferrable is not None and name not in rules.deferrable:
            yield Fault(
                f"/insurances/{number}",
                "NOT_DEFERRABLE",
                f"该险种不可缓缴 (not deferrable): {name}",
            )
    if agreement.period_to >= agreement.period_from.plus(months):
        yield Fault("/period_to", "DEFERRAL_TOO_LONG", f"最多缓缴 {months} 个月 (months at most)")
    end = Period.of(agreement.from_day).plus(months).day(agreement.from_day.day)
    if agreement.to_day >= end:
        yield Fault("/to_day", "DEFERRAL_TOO_LONG", f"缓缴期最长 {months} 个月 (months at most)")


def _plan_faults(agreement: Agreement, open_fen: int) -> Iterator[Fault]:
    parts = agreement.instalments
    if not parts:
        yield Fault("/instalments", "INSTALMENTS_MISSING", "还款协议须列明分期 (list instalments)")
        return
    for number, part in enumerate(parts):
        before = parts[number - 1].due_on if number else agreement.from_day
        if part.due_on < before or (number and part.due_on == before):
            yield Fault(
                f"/instalments/{number}/due_on",
                "INSTALMENT_OUT_OF_ORDER",
                "还款日须依次递增,不早于起始日 (days must rise, none before the first day)",
            )
    total_fen = sum(part.amount_fen for part in parts)
    if total_fen != open_fen:
        planned, owed = format_yuan(total_fen), format_yuan(open_fen)
        yield Fault("/instalments", "PLAN_TOTAL_DIFFERS", f"分期合计与欠费不符: {planned} ≠ {owed}")
