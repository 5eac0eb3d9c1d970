"""Bought and extended months (补缴、延长缴费): one person's months of pension insurance at once.

Every month is levied on one chosen base by the policy of the month of filing, within its limits.
The declaration is handled and billed like any other; once its bill is settled, its months count as
paid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from services.collection.filing.domain.records import LineRow, PersonRow
from services.collection.levy.domain.levy import ContributionLine, Wages, person_lines
from services.collection.policy.domain.policy import Schedule
from shared.errors import Fault, Kind, Refusal
from shared.fund import Party
from shared.period import Period

KIND: Final = "extension"
"""Kind of a declaration of bought or extended months."""
PENSION: Final = "pension"
MONTHS_MAX: Final = 300
LISTED_MAX: Final = 12


class ExtensionNotLevied(Refusal):
    """现行政策对该类单位的个人不征养老保险费 (the policy levies no pension on people of such a unit)"""

    kind = Kind.INVALID
    code = "EXTENSION_NOT_LEVIED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionMonths:
    """The months of an extension, and the base that each is levied on."""

    first: Period
    last: Period
    base_fen: int

    @property
    def count(self) -> int:
        """Return the number of months."""
        return _number(self.last) - _number(self.first) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A stored extension; `status` is its declaration's, and `base_fen` is within the limits."""

    unit_id: int
    declaration_id: UUID
    person_id: int
    person_uuid: UUID
    months: ExtensionMonths
    document: str
    status: str
    total_fen: int
    bill_id: UUID | None


def _number(period: Period) -> int:
    return period.year * 12 + period.month


def month_faults(months: ExtensionMonths, filed: Period) -> list[Fault]:
    """Find months in a wrong order, too many of them, or later than the month of filing."""
    if months.last < months.first:
        return [Fault("/last", "ENDS_BEFORE_START", "止月早于起月 (it ends before it begins)")]
    faults = []
    if months.count > MONTHS_MAX:
        message = f"不超过 {MONTHS_MAX} 个月 (at most {MONTHS_MAX} months)"
        faults.append(Fault("/last", "TOO_MANY_MONTHS", message))
    if months.last > filed:
        message = f"不得晚于申报月 {filed} (not later than the month of filing)"
        faults.append(Fault("/last", "PERIOD_IN_FUTURE", message))
    return faults


def taken_faults(months: ExtensionMonths, taken: Iterable[str]) -> list[Fault]:
    """Find months that a bill or another extension counts already."""
    clash = sorted({text for text in taken if months.first <= Period.parse(text) <= months.last})
    if not clash:
        return []
    named = "、".join(clash[:LISTED_MAX]) + ("…" if len(clash) > LISTED_MAX else "")
    message = f"已申报或已补缴:{named} ({len(clash)} months are declared already)"
    return [Fault("/first", "MONTHS_DECLARED", message)]


def levied(schedule: Schedule, months: ExtensionMonths) -> list[ContributionLine]:
    """Levy the pension of all months: each is rounded by itself, and the months are equal.

    Raises:
        ExtensionNotLevied: no rate levies pension on the person.
    """
    monthly = [
        line
        for line in person_lines(schedule, Wages("1", months.base_fen))
        if line.insurance == PENSION
    ]
    if not monthly:
        raise ExtensionNotLevied
    return [
        replace(
            line,
            base_fen=line.base_fen * months.count,
            amount_fen=line.amount_fen * months.count,
        )
        for line in monthly
    ]


def line_rows(lines: Sequence[ContributionLine]) -> list[LineRow]:
    """Turn levied lines into rows of a declaration."""
    return [
        LineRow(
            line_no=number,
            level=line.level,
            insurance=line.insurance,
            party=line.party.value,
            account=line.rate.account.value,
            fund=line.fund,
            rule=line.rate.id,
            base_fen=line.base_fen,
            amount_fen=line.amount_fen,
        )
        for number, line in enumerate(lines, 1)
    ]


def person_row(
    lines: Sequence[ContributionLine],
    insurances: Sequence[str],
    months: ExtensionMonths,
    person_id: int,
) -> PersonRow:
    """Build the declaration's only person, with the sums over all months."""

    def share(party: Party) -> list[int]:
        fen = sum(line.amount_fen for line in lines if line.party is party)
        return [fen if insurance == PENSION else 0 for insurance in insurances]

    base_fen = lines[0].base_fen
    return PersonRow(
        line_no=1,
        person_id=person_id,
        person_uuid=None,
        masked_number=None,
        masked_name=None,
        wage_fen=months.base_fen * months.count,
        asked_fen=None,
        base_fen=[base_fen if insurance == PENSION else 0 for insurance in insurances],
        unit_fen=share(Party.UNIT),
        personal_fen=share(Party.PERSONAL),
    )
