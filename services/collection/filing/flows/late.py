"""Monthly declarations in months in which something stands already, of one unit or of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.declaration import Act, State
from services.collection.filing.domain.late import FIRST, Turn, turn_of
from services.collection.filing.store import late as late_store
from services.collection.filing.store.declaration import LineRow
from shared import trail
from shared.errors import StateConflict
from shared.roles import Caller

PAPER = "declaration"
Turns = Mapping[int, Turn]
"""What filing comes to, by unit; a unit that is not in it files for the first time."""


async def turns(tx: AsyncConnection, unit_ids: Sequence[int], period: str) -> dict[int, Turn]:
    """What filing comes to for each unit that has papers in the month; they are locked."""
    found = await late_store.papers(tx, unit_ids, period)
    return {unit_id: turn_of(papers) for unit_id, papers in found.items()}


async def turn(tx: AsyncConnection, unit_id: int, period: str) -> Turn:
    """What filing comes to for one unit.

    Raises:
        DeclarationExists, DefaultWaits, CorrectionUnfinished: it cannot file now.
    """
    found = (await turns(tx, [unit_id], period)).get(unit_id, FIRST)
    if found.refusal is not None:
        raise found.refusal
    return found


async def make_room(tx: AsyncConnection, turns_: Turns, caller: Caller) -> dict[int, list[LineRow]]:
    """Let the defaults that are superseded give way; what the corrected papers levied, by unit.

    Raises:
        StateConflict: a default has moved on meanwhile.
    """
    ways = [turn.supersedes for turn in turns_.values() if turn.supersedes is not None]
    if ways:
        if await late_store.supersede(tx, ways) != len(ways):
            raise StateConflict(act=Act.SUPERSEDE.value)
        step = trail.Step(
            shard_key=ways[0].unit_id,
            paper=PAPER,
            paper_id=ways[0].id,
            step=Act.SUPERSEDE.value,
            signs=False,
            detail={"to": State.SUPERSEDED.value},
        )
        papers = [(paper.unit_id, paper.id, paper.round) for paper in ways]
        await trail.record_many(tx, papers, step, caller)
    corrected = [turn.corrects for turn in turns_.values() if turn.corrects is not None]
    return await late_store.lines(tx, corrected) if corrected else {}
