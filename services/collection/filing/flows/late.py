"""Plans for filing months in which units may have declarations already."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.declaration import Act, State
from services.collection.filing.domain.late import NEW_DECLARATION, FilingPlan, plan_of
from services.collection.filing.domain.records import LineRow
from services.collection.filing.flows.trail_step import PAPER
from services.collection.filing.store import late as late_store
from shared import trail
from shared.errors import StateConflict
from shared.roles import Caller


async def plans(tx: AsyncConnection, unit_ids: Sequence[int], period: str) -> dict[int, FilingPlan]:
    """Plan filing for each unit that has declarations in the month; they are locked."""
    existing = await late_store.existing(tx, unit_ids, period)
    return {unit_id: plan_of(declarations) for unit_id, declarations in existing.items()}


async def plan(tx: AsyncConnection, unit_id: int, period: str) -> FilingPlan:
    """Plan filing for one unit.

    Raises:
        DeclarationExists, DefaultWaits, CorrectionUnfinished: it cannot file now.
    """
    found = (await plans(tx, [unit_id], period)).get(unit_id, NEW_DECLARATION)
    if found.refusal is not None:
        raise found.refusal
    return found


async def make_room(
    tx: AsyncConnection, plans_: Sequence[FilingPlan], caller: Caller
) -> dict[int, list[LineRow]]:
    """Supersede the defaults that the plans supersede; read the lines of the declarations that they
    correct, by unit.

    Raises:
        StateConflict: a default has moved on in the meantime.
    """
    defaults = [plan.supersedes for plan in plans_ if plan.supersedes is not None]
    if defaults:
        if await late_store.supersede(tx, defaults) != len(defaults):
            raise StateConflict(act=Act.SUPERSEDE.value)
        step = trail.Step(
            shard_key=defaults[0].unit_id,
            paper=PAPER,
            paper_id=defaults[0].id,
            step=Act.SUPERSEDE.value,
            signs=False,
            detail={"to": State.SUPERSEDED.value},
        )
        keys = [(one.unit_id, one.id, one.round) for one in defaults]
        await trail.record_many(tx, keys, step, caller)
    corrected = [plan.corrects for plan in plans_ if plan.corrects is not None]
    return await late_store.lines(tx, corrected) if corrected else {}
