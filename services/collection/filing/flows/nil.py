"""Hand in a nil declaration (零申报): nobody is enrolled, nothing is levied, and somebody says why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.faults import control_differs
from services.collection.filing.domain.restatement import restated
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.flows import late as late_flow
from services.collection.filing.flows.declaration import Found, Handed
from services.collection.filing.store import bulk as bulk_store
from services.collection.filing.store import declaration as declaration_store
from services.collection.policy import flows as policy_flow
from services.collection.register.flows import change as change_flow
from services.collection.register.flows import unit as unit_flow
from shared import trail
from shared.errors import Fault, Faulty
from shared.money import format_yuan
from shared.roles import Caller

NIL: Final = "nil"
"""The reason code of a nil declaration; the note says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nil:
    """A nil declaration: `handed` has no people."""

    handed: Handed
    reason: str


async def submit(tx: AsyncConnection, nil: Nil, *, region: str, caller: Caller) -> Found:
    """Store that a unit has nobody to declare; beside a billed default it takes that back.

    Raises:
        UnitUnknown, Forbidden, NoPolicy. Faulty: somebody is enrolled, or totals that are not nil.
        DeclarationExists, DefaultWaits, CorrectionUnfinished: as of any declaration.
    """
    handed = nil.handed
    unit = await unit_flow.find(tx, handed.credit_code, caller)
    unit = (await change_flow.as_of(tx, {unit.id: unit}, handed.period.first_day))[unit.id]
    dated = await policy_flow.in_force(tx, region, handed.period.first_day)
    days = handed.period.first_day, handed.period.last_day
    enrolled = len(set((await bulk_store.enrolled(tx, [unit.id], *days))[1].tolist()))
    faults = _faults(handed, enrolled)
    if faults:
        raise Faulty(faults=faults)
    turn = await late_flow.turn(tx, unit.id, str(handed.period))
    before = (await late_flow.make_room(tx, {unit.id: turn}, caller)).get(unit.id, [])
    lines = restated([], before)
    row = replace(
        filing_declaration_flow.header(handed, unit, dated.id, lines, turn),
        reason_code=NIL,
        note=nil.reason,
    )
    await filing_declaration_flow.store_header(tx, row)
    if lines:
        await declaration_store.insert_lines(tx, row, lines)
    step = filing_declaration_flow.step_of(
        row, "submit", signs=False, why=nil.reason, detail={NIL: True}
    )
    await trail.record(tx, step, caller)
    return Found(row, lines, dated.policy)


def _faults(handed: Handed, enrolled: int) -> list[Fault]:
    faults = []
    if enrolled:
        said = f"本所属期有 {enrolled} 人在保,不得零申报 (people are enrolled)"
        faults.append(Fault("/nil", "PEOPLE_ENROLLED", said))
    if handed.control_people:
        faults.append(control_differs("/control/people", handed.control_people, 0))
    for at, stated_fen in (
        ("/control/wages", handed.control_wages_fen),
        ("/unit_wage_total", handed.unit_wage_total_fen),
    ):
        if stated_fen:
            faults.append(control_differs(at, format_yuan(stated_fen), format_yuan(0)))
    return faults
