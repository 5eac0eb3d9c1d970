"""Changes only (变更申报): last month carried on, with the people who changed or joined.

The result is the whole month, as if everybody had been listed. People who left drop out by the
register; everybody who is enrolled needs a wage, from last month or from this one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.collection.common.domain.errors import AgeMissing, FigureMissing, WageTotalMissing
from services.collection.common.domain.faults import control_differs
from services.collection.common.domain.rows import ABSENT
from services.collection.filing.domain.late import DEFAULT
from services.collection.filing.domain.month import DeclaredMonth
from services.collection.filing.domain.one_unit import (
    UnitDeclaration,
    control_faults,
    one_unit_month,
)
from services.collection.filing.domain.roll import (
    CARRIED,
    UNIT_CARRIED,
    LastDeclaration,
    PreviousMonth,
    begins_a_year,
)
from services.collection.levy.domain.figures import age_of
from services.collection.levy.domain.people_categories import KnownCategories
from services.collection.levy.domain.person_facts import PersonFacts
from services.collection.policy.domain.category import EMPLOYEE
from services.collection.policy.domain.policy import Schedule
from services.collection.register.domain.unit import Unit
from shared.errors import Fault
from shared.money import format_yuan
from shared.period import Period

BASIS: Final = "/basis"
PEOPLE: Final = "/people"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthChanges:
    """Changes as they are handed in: `declaration` lists the people who changed or joined and has
    the control totals of the whole month; the other totals are of the changes alone (None: not
    counted by the sender)."""

    declaration: UnitDeclaration
    changed_people: int | None = None
    changed_wages_fen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonWages:
    """One person's wage, wages that differ for an insurance, and figures (fen); and the age in full
    years, where the policy needs it."""

    wage_fen: int
    own_fen: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, int] = field(default_factory=dict)
    age: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTotals:
    """The unit's own wage total and figures this month."""

    wage_total_fen: int | None
    figures: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CarriedMonth:
    """Everybody who is declared, in order; enrolled people without a known wage; how many left."""

    people: Mapping[int, PersonWages]
    unknown: list[int]
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How faults name a person: by the `place` in the request, else by the masked number."""

    place: Mapping[int, int]
    masked: Mapping[int, str]

    def pointer(self, person: int, member: str = "") -> str:
        """Point to a member of a person in the request; without a place, to the whole list."""
        if person not in self.place:
            return PEOPLE
        return f"{PEOPLE}/{self.place[person]}{member}"

    def suffix(self, person: int) -> str:
        """Return the masked number that a message needs when no place shows the person."""
        return "" if person in self.place else f": {self.masked.get(person, '')}"


def basis_faults(last: LastDeclaration | None, period: Period, first_month: int) -> Iterator[Fault]:
    """Find reasons why last month cannot be carried on; `first_month` begins the year."""
    if begins_a_year(period, first_month):
        yield Fault(BASIS, "YEAR_BEGINS", "年度首月须全额申报 (a year begins: declare everybody)")
    if last is None:
        text = "上月没有有效申报可沿用 (there is no valid declaration of last month)"
        yield Fault(BASIS, "NO_LAST_MONTH", text)
    elif last.kind == DEFAULT:
        text = (
            "上月未申报、按上月缴费额核定,无名册可沿用"
            " (last month was levied by default, without a list of people)"
        )
        yield Fault(BASIS, "LAST_MONTH_DEFAULT", text)


def wages_given(declaration: UnitDeclaration, *, needs_age: bool) -> list[PersonWages]:
    """Read the wages of the listed people."""
    return [
        PersonWages(
            wage_fen=person.wage_fen,
            own_fen=person.own_fen or {},
            figures=person.figures,
            age=age_of(person.identity_number, declaration.period) if needs_age else None,
        )
        for person in declaration.people
    ]


def carried(
    last: PreviousMonth,
    given: Mapping[int, PersonWages],
    enrolled: Sequence[int],
    keep: Collection[str] = CARRIED,
) -> CarriedMonth:
    """Carry on last month's people who are still enrolled, with this month's wages where given,
    then the other people who were given; `given` and `enrolled` by person. `keep` are the figures
    that stay the same."""
    known = set(enrolled)
    before = dict(wages_before(last, keep))
    staying = {
        person: given.get(person, wages) for person, wages in before.items() if person in known
    }
    people = staying | {person: wages for person, wages in given.items() if person in known}
    unknown = sorted(person for person in known if person not in people)
    return CarriedMonth(people, unknown, len(before) - len(staying))


def wages_before(
    last: PreviousMonth, keep: Collection[str] = CARRIED
) -> Iterator[tuple[int, PersonWages]]:
    """Read the wages that a declared month has of each person, and the figures to `keep`."""
    own = {name: column.tolist() for name, column in last.own_fen.items()}
    figures = {name: column.tolist() for name, column in last.figures.items() if name in keep}
    people = zip(last.person_id.tolist(), last.wage_fen.tolist(), last.age.tolist(), strict=True)
    for row, (person, wage_fen, age) in enumerate(people):
        yield (
            person,
            PersonWages(
                wage_fen=wage_fen,
                own_fen={name: fen[row] for name, fen in own.items() if fen[row] != ABSENT},
                figures={name: fen[row] for name, fen in figures.items() if fen[row] != ABSENT},
                age=None if age == ABSENT else age,
            ),
        )


def totals_of_unit(
    last: PreviousMonth, unit_id: int, given: UnitTotals, keep: Collection[str] = UNIT_CARRIED
) -> UnitTotals:
    """Complete the unit's totals with last month's where none is given and it may be carried on."""
    figures = {
        name: fen for name, fen in last.unit_figures.get(unit_id, {}).items() if name in keep
    }
    total_fen = given.wage_total_fen
    return UnitTotals(
        wage_total_fen=last.wage_total_fen[unit_id] if total_fen is None else total_fen,
        figures=figures | dict(given.figures),
    )


def missing_facts(
    schedule: Schedule, month: CarriedMonth, totals: UnitTotals, names: Names
) -> Iterator[Fault]:
    """Find everything that the schedule needs and that neither month gives."""
    if schedule.needs_wage_total and totals.wage_total_fen is None:
        yield Fault("/unit_wage_total", WageTotalMissing.code, WageTotalMissing().message)
    for name in schedule.unit_figures:
        if name not in totals.figures:
            yield Fault(f"/unit_figures/{name}", FigureMissing.code, FigureMissing().message)
    for person in month.unknown:
        text = "本月在保而上月未申报,须申报工资 (enrolled this month, so declare the wage)"
        yield Fault(PEOPLE, "WAGE_MISSING", f"{text}: {names.masked.get(person, '')}")
    for person, wages in month.people.items():
        suffix = names.suffix(person)
        for figure in schedule.figures:
            if figure not in wages.figures:
                at = names.pointer(person, f"/figures/{figure}")
                yield Fault(at, FigureMissing.code, FigureMissing().message + suffix)
        if schedule.needs_age and wages.age is None:
            yield Fault(names.pointer(person), AgeMissing.code, AgeMissing().message + suffix)


def category_faults(
    schedule: Schedule, month: CarriedMonth, unit: Unit, categories: KnownCategories, names: Names
) -> Iterator[Fault]:
    """Find people whose registered category the policy does not levy."""
    for person in month.people:
        kind = categories.get((unit.id, person))
        refusal = None if kind is None else schedule.refusal(*kind)
        if refusal is not None:
            text = f"{refusal.message} {names.masked.get(person, '')}"
            yield Fault(names.pointer(person), refusal.code, text)


def changes_control_faults(changes: MonthChanges, month: CarriedMonth) -> Iterator[Fault]:
    """Compare the control totals of the whole month, and of the changes where they were counted."""
    declaration = changes.declaration
    wages_fen = sum(wages.wage_fen for wages in month.people.values())
    yield from control_faults(
        declaration,
        len(month.people) + len(month.unknown),
        None if month.unknown else wages_fen,
    )
    listed, listed_fen = len(declaration.people), declaration.wages_fen
    if changes.changed_people not in {None, listed}:
        yield control_differs("/control/changes/people", changes.changed_people, listed)
    stated_fen = changes.changed_wages_fen
    if stated_fen is not None and stated_fen != listed_fen:
        stated, found = format_yuan(stated_fen), format_yuan(listed_fen)
        yield control_differs("/control/changes/wages", stated, found)


def month_of_changes(
    unit: Unit, month: CarriedMonth, totals: UnitTotals, categories: KnownCategories
) -> DeclaredMonth:
    """Put the whole month into columns."""
    people = list(month.people.values())
    return one_unit_month(
        unit,
        unit_totals=(totals.wage_total_fen, totals.figures),
        person_ids=list(month.people),
        wages_fen=[wages.wage_fen for wages in people],
        own_fen=[wages.own_fen for wages in people],
        facts=[
            PersonFacts(
                wages.figures, wages.age, *categories.get((unit.id, person), (EMPLOYEE, None))
            )
            for person, wages in month.people.items()
        ],
    )
