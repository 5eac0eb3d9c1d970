"""Quoting and declaring bought or extended months; recomputing them for an explanation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import TotalTooLarge
from services.collection.extension import store as extension_store
from services.collection.extension.domain import (
    KIND,
    Extension,
    ExtensionMonths,
    levied,
    line_rows,
    month_faults,
    person_row,
    taken_faults,
)
from services.collection.filing.domain.declaration import State
from services.collection.filing.domain.records import DeclarationRow, LineRow, totals_of
from services.collection.filing.domain.restatement import net_by_party
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.flows import trail_step as trail_step_flow
from services.collection.filing.store import hand_in as hand_in_store
from services.collection.levy.domain.levy import ContributionLine
from services.collection.levy.domain.totals import Totals
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Schedule
from services.collection.register.domain.unit import Unit
from services.collection.register.flows import unit as unit_flow
from services.collection.register.store import person_correction as person_correction_store
from shared import trail
from shared.errors import Fault, Faulty, NotFound
from shared.ids import Ref, unit_key, uuid7
from shared.money import AMOUNT_MAX_FEN
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionTerms:
    """The unit, the months and the base of an extension, and the month in which it is filed."""

    credit_code: str
    filed: Period
    months: ExtensionMonths


@dataclass(frozen=True, slots=True)
class ExtensionQuote:
    """The lines of an extension over all months, by one policy; the base is within its limits."""

    months: ExtensionMonths
    policy_id: UUID
    schedule: Schedule
    lines: list[ContributionLine]
    rows: list[LineRow]

    @property
    def totals(self) -> Totals:
        """Return the totals of the lines."""
        return totals_of(self.rows)


async def quote(
    tx: AsyncConnection, terms: ExtensionTerms, region: str, caller: Caller
) -> ExtensionQuote:
    """Quote the months; nothing is stored.

    Raises:
        UnitUnknown, Forbidden: the unit. NoPolicy, ExtensionNotLevied: no rule levies it.
        Faulty: the months are wrong. TotalTooLarge: it is more than can be booked.
    """
    _, quoted = await _quoted(tx, terms, region, caller)
    return quoted


async def _quoted(
    tx: AsyncConnection, terms: ExtensionTerms, region: str, caller: Caller
) -> tuple[Unit, ExtensionQuote]:
    unit = await unit_flow.find(tx, terms.credit_code, caller)
    if faults := month_faults(terms.months, terms.filed):
        raise Faulty(faults=faults)
    found = await policy_flow.in_force(tx, region, terms.filed.first_day)
    schedule = found.policy.schedule(
        unit.kind, unit.injury_class, period=terms.filed, step=unit.injury_step, size=unit.size
    )
    lines = levied(schedule, terms.months)
    months = replace(terms.months, base_fen=lines[0].base_fen // terms.months.count)
    if months.base_fen * months.count > AMOUNT_MAX_FEN:
        raise TotalTooLarge(credit_code=unit.credit_code)
    return unit, ExtensionQuote(months, found.id, schedule, lines, line_rows(lines))


async def declare(
    tx: AsyncConnection,
    terms: ExtensionTerms,
    person: Ref,
    document: str,
    *,
    region: str,
    caller: Caller,
) -> Extension:
    """Declare bought or extended months of a person; the two levels handle and bill it.

    Raises:
        UnitUnknown, Forbidden, NoPolicy, ExtensionNotLevied: see `quote`.
        Faulty: the months are wrong or declared already, or the person was never at the unit.
    """
    unit, quoted = await _quoted(tx, terms, region, caller)
    merged = (await person_correction_store.survivors(tx, [person.key])).get(person.key)
    if merged is not None:
        person = Ref(*merged)
    await person_correction_store.lock_people(tx, [person.key])
    if not await extension_store.is_enrolled(tx, unit.id, person.key):
        message = "该人未在本单位参保 (the person was never enrolled at the unit)"
        raise Faulty(faults=[Fault("/person", "PERSON_NOT_ENROLLED", message)])
    await extension_store.lock_units(tx, person.key)
    if faults := taken_faults(terms.months, await extension_store.taken(tx, person.key)):
        raise Faulty(faults=faults)
    row = _header(unit, terms.filed, quoted)
    await hand_in_store.insert_headers(tx, [row])
    await hand_in_store.insert_lines(tx, [(row, line) for line in quoted.rows])
    own = person_row(quoted.lines, quoted.schedule.insurances, quoted.months, person.key)
    await extension_store.insert_person(tx, row, own)
    extension = Extension(
        unit_id=unit.id,
        declaration_id=row.id,
        person_id=person.key,
        person_uuid=person.id,
        months=quoted.months,
        document=document,
        status=row.status,
        total_fen=row.total_fen,
        bill_id=None,
    )
    await extension_store.insert(tx, extension)
    detail: dict[str, object] = {
        "first": str(terms.months.first),
        "last": str(terms.months.last),
        "document": document,
    }
    step = trail_step_flow.step_of(row, "submit", signs=False, detail=detail)
    await trail.record(tx, step, caller)
    return extension


def _header(unit: Unit, filed: Period, quoted: ExtensionQuote) -> DeclarationRow:
    net = net_by_party(quoted.rows)
    return DeclarationRow(
        unit_id=unit.id,
        id=uuid7(),
        credit_code=unit.credit_code,
        district=unit.district,
        period=str(filed),
        round=1,
        status=State.SUBMITTED.value,
        policy_id=quoted.policy_id,
        unit_kind=unit.kind,
        injury_class=unit.injury_class,
        injury_step=unit.injury_step,
        unit_size=unit.size,
        unit_wage_total_fen=None,
        people=1,
        wages_fen=quoted.months.base_fen * quoted.months.count,
        unit_fen=net["unit"],
        personal_fen=net["personal"],
        total_fen=sum(net.values()),
        kind=KIND,
    )


async def recompute(
    tx: AsyncConnection, row: DeclarationRow, schedule: Schedule
) -> list[ContributionLine]:
    """Recompute the lines of a stored declaration from its months and base."""
    extension = await extension_store.find(tx, row.unit_id, row.id)
    assert extension is not None, "a declaration of this kind has its months"
    lines = levied(schedule, extension.months)
    assert sum(line.amount_fen for line in lines) == row.total_fen, (
        "the recomputed amount is the stored one"
    )
    return lines


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> Extension:
    """Read the extension of a declaration that the caller may see.

    Raises:
        NotFound: no such extension. Forbidden: another district's.
    """
    await filing_declaration_flow.find(tx, ref, caller)
    extension = await extension_store.find(tx, ref.key, ref.id)
    if extension is None:
        raise NotFound(extension=ref.text(Reference.DECLARATION))
    return extension


async def page(
    tx: AsyncConnection, credit_code: str, caller: Caller, *, after: UUID | None, limit: int
) -> list[Extension]:
    """Read the extensions of a unit in order.

    Raises:
        UnitUnknown, Forbidden: the unit.
    """
    await unit_flow.find(tx, credit_code, caller)
    return await extension_store.page(tx, unit_key(credit_code), after=after, limit=limit)
