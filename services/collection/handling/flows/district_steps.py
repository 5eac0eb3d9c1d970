"""Accept or review all of a district's declarations of a period at once, against control totals.

The caller states the number of declarations and people and the total amount. If they differ from the
declarations found, for instance because another one was submitted meanwhile, nothing is moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import ControlTotalsDiffer
from services.collection.common.domain.faults import control_differs
from services.collection.filing.domain.declaration import MOVES, Act, Move, State
from services.collection.filing.flows import trail_step as trail_step_flow
from services.collection.handling.store import district_steps as district_steps_store
from shared import trail
from shared.errors import Fault
from shared.money import format_yuan
from shared.period import Period
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictTotals:
    """Control totals of a district's declarations; the amount is in fen."""

    declarations: int
    people: int
    total_fen: int


async def take(
    tx: AsyncConnection,
    district: str,
    period: Period,
    act: Act,
    stated: DistrictTotals,
    caller: Caller,
) -> DistrictTotals:
    """Take one step on all of a district's declarations of a period that wait for it.

    Raises:
        Forbidden: the caller lacks the right, or it is another district.
        ControlTotalsDiffer: each total that differs. SamePersonTwice: the caller signed one of them.
    """
    caller.require_district(district)
    was, step = _step_of(act)
    if step.right is not None:
        caller.require(step.right)
    moved = await district_steps_store.move_all(
        tx, district, str(period), was=was.value, to=step.to.value
    )
    counted = DistrictTotals(
        declarations=len(moved.papers), people=moved.people, total_fen=moved.total_fen
    )
    faults = list(_differences(stated, counted))
    if faults:
        raise ControlTotalsDiffer(faults=faults)
    signed = trail.Step(
        # `record_many` takes key, id and round from each declaration.
        shard_key=0,
        paper=trail_step_flow.PAPER,
        paper_id=UUID(int=0),
        step=act.value,
        signs=step.signs,
    )
    await trail.record_many(tx, moved.papers, signed, caller)
    return counted


def _step_of(act: Act) -> tuple[State, Move]:
    """Return an act's first state and its move; accept and review begin in one state only."""
    ((was, step),) = [(state, step) for (state, of), step in MOVES.items() if of is act]
    return was, step


def _differences(stated: DistrictTotals, counted: DistrictTotals) -> Iterator[Fault]:
    pairs = (
        ("declarations", str(stated.declarations), str(counted.declarations)),
        ("people", str(stated.people), str(counted.people)),
        ("total", format_yuan(stated.total_fen), format_yuan(counted.total_fen)),
    )
    for name, expected, found in pairs:
        if expected != found:
            yield control_differs(f"/control/{name}", expected, found)
