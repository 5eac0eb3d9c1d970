"""Facts that keep a person from retiring: months that a unit owes, months paid at two units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.collection.arrears.domain.arrears import Receivable
from services.collection.contributions.domain import BilledMonth
from shared.ids import Ref
from shared.period import Period

PENSION: Final = "pension"


@dataclass(frozen=True, slots=True)
class UnpaidMonths:
    """A person's months of pension insurance that are overdue at a unit."""

    credit_code: str
    district: str
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class RetirementFacts:
    """Facts of collection against a retirement; `person` is the surviving record."""

    person: Ref
    sealed_name: bytes
    doubled: tuple[Period, ...]
    unpaid: tuple[UnpaidMonths, ...]


def unpaid_months(
    counted: Iterable[BilledMonth], owed: Sequence[Receivable]
) -> tuple[UnpaidMonths, ...]:
    """Find the person's months that units owe. A deferred month (缓缴) is not overdue."""
    overdue = {one.line.bill_id for one in owed if one.overdue and one.line.insurance == PENSION}
    found: dict[tuple[str, str], set[Period]] = defaultdict(set)
    for month in counted:
        if month.bill_id in overdue:
            found[month.credit_code, month.district].add(Period.parse(month.period))
    return tuple(
        UnpaidMonths(credit_code, district, tuple(sorted(periods)))
        for (credit_code, district), periods in sorted(found.items())
    )
