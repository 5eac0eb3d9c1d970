"""Rules of dunning notices (催缴通知书): which units get one, for what, under which number. Pure.

Arrears under a deferral in force or a kept repayment plan are not dunned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.collection.arrears.domain.arrears import (
    ArrearsTotals,
    Receivable,
    by_insurance,
    totals_of,
)
from shared.ids import uuid7


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningNotice:
    """A notice to one unit: its totals, and the totals per (insurance, party)."""

    unit_id: int
    id: UUID
    number: str
    credit_code: str
    district: str
    day: date
    oldest: str
    sums: ArrearsTotals
    lines: Mapping[tuple[str, str], ArrearsTotals]


def overdue_unprotected(receivables: Sequence[Receivable]) -> list[Receivable]:
    """Select the receivables of a unit that a notice asks for."""
    return [one for one in receivables if one.overdue and not one.protected]


def notices(
    held: Mapping[int, Sequence[Receivable]], *, district: str, day: date, first: int
) -> list[DunningNotice]:
    """Build a notice for each unit that needs one, numbered from `first` by credit code."""
    wanted = [found for receivables in held.values() if (found := overdue_unprotected(receivables))]
    wanted.sort(key=lambda found: found[0].line.credit_code)
    return [
        DunningNotice(
            unit_id=found[0].line.unit_id,
            id=uuid7(),
            number=f"CJ-{district}-{day:%Y%m%d}-{number:06d}",
            credit_code=found[0].line.credit_code,
            district=district,
            day=day,
            oldest=min(one.line.period for one in found),
            sums=totals_of(found),
            lines=by_insurance(found),
        )
        for number, found in enumerate(wanted, first)
    ]
