"""Checks that claims and entitlements share, and what collection knows of a unit's year."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from shared.cn.identity_number import birth_date, fault_in
from shared.errors import Fault, Faulty, Kind, Refusal
from shared.ids import Ref
from shared.period import Period
from shared.references import Reference

FAULTS_NAMED: Final = 1000
"""Faults listed in one answer; the answer also says how many there are in all."""


class PeriodInFuture(Refusal):
    """所属期尚未开始 (the month has not begun)"""

    kind = Kind.INVALID
    code = "PERIOD_IN_FUTURE"


class DateInFuture(Refusal):
    """日期晚于今天 (the date is later than today)"""

    kind = Kind.INVALID
    code = "DATE_IN_FUTURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPaidYear:
    """A unit's contributions of an insurance for the months of a year, and its heads."""

    district: str
    paid_fen: int
    paid_months: int
    heads_before: int
    heads_after: int
    head_months: int


def require_begun(period: Period, today: date) -> None:
    """Refuse a month that has not begun.

    Raises:
        PeriodInFuture: the month is later than today's.
    """
    if period > Period.of(today):
        raise PeriodInFuture(period=str(period))


def require_not_future(day: date, today: date) -> None:
    """Refuse a day after today.

    Raises:
        DateInFuture: the day is after today.
    """
    if day > today:
        raise DateInFuture(date=day)


def person_text(person_id: int) -> str:
    """Write the reference of a person whose key alone is known; the other services read the key."""
    return Ref(person_id, UUID(int=0)).text(Reference.PERSON)


def require_faultless(faults: Sequence[Fault]) -> None:
    """Refuse a request that has faults, and name them.

    Raises:
        Faulty: the list is not empty.
    """
    if faults:
        raise Faulty(faults=faults[:FAULTS_NAMED], count=len(faults))


def identity_number_faults(numbers: Iterable[tuple[str, str | None]], today: date) -> list[Fault]:
    """Find wrong identity numbers in (pointer, number) pairs; a missing number is no fault."""
    faults = []
    for pointer, number in numbers:
        if number is None:
            continue
        code = fault_in(number)
        born = birth_date(number)
        if code is None and born is not None and born > today:
            code = "IDENTITY_NUMBER_DATE"
        if code is not None:
            faults.append(Fault(pointer, code, "公民身份号码有误 (not a valid identity number)"))
    return faults
