"""Why this amount: a stored declaration's lines computed again from its policy and stored bases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.domain.levy import Line, UnitFacts, Wages, person_lines, unit_lines
from services.collection.domain.policy import Schedule
from services.collection.flows import declaration as declarations
from services.collection.flows import policy as policies
from services.collection.store import declaration as store
from services.collection.store.declaration import DeclarationRow, LineRow, PersonRow
from shared.fund import Party
from shared.ids import Ref
from shared.roles import Caller


@dataclass(frozen=True, slots=True)
class Explained:
    """A page of a declaration's people, each with the lines that made the stored amounts."""

    row: DeclarationRow
    insurances: tuple[str, ...]
    people: list[PersonRow]
    lines: list[list[Line]]
    unit_lines: list[Line]


async def people(
    tx: AsyncConnection, ref: Ref, *, after: int, limit: int, explain: bool, caller: Caller
) -> Explained:
    """A declaration's people after a line number.

    Raises:
        NotFound, Forbidden: no such declaration, or of another district than the caller.
    """
    row = await declarations.find(tx, ref, caller)
    policy = await policies.by_id(tx, row.policy_id)
    schedule = policy.schedule(row.unit_kind, row.injury_class)
    found = await store.people(tx, row, after, limit)
    made: list[list[Line]] = []
    whole: list[Line] = []
    if explain:
        made = [_again(schedule, person) for person in found]
        stored = await store.lines(tx, row.unit_id, row.id, row.round)
        whole = _unit_again(schedule, row, stored, await store.base_sums(tx, row))
    return Explained(row, schedule.insurances, found, made, whole)


def _again(schedule: Schedule, person: PersonRow) -> list[Line]:
    own = (
        {}
        if person.asked_fen is None
        else dict(zip(schedule.insurances, person.asked_fen, strict=True))
    )
    lines = person_lines(schedule, Wages(str(person.line_no), person.wage_fen, own))
    for line in lines:
        column = schedule.insurances.index(line.insurance)
        stored = person.unit_fen if line.party is Party.UNIT else person.personal_fen
        assert line.amount_fen == stored[column], "what is explained is what was stored"
    return lines


def _unit_again(
    schedule: Schedule,
    row: DeclarationRow,
    stored: Sequence[LineRow],
    sums_fen: Sequence[int],
) -> list[Line]:
    facts = UnitFacts(
        kind=row.unit_kind,
        injury_class=row.injury_class,
        wage_total_fen=row.unit_wage_total_fen,
    )
    lines = unit_lines(schedule, facts, dict(zip(schedule.insurances, sums_fen, strict=True)))
    amounts = {line.rule: line.amount_fen for line in stored if line.level == "unit"}
    for line in lines:
        assert line.amount_fen == amounts[line.rate.id], "what is explained is what was stored"
    return lines
