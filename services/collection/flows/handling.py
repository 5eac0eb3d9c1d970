"""District handling of declarations: accept, review, return. Two people, each once a round."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.domain.declaration import Act, State, move
from services.collection.flows import declaration as declarations
from services.collection.flows.declaration import Found, step_of
from services.collection.store import declaration as store
from shared import trail
from shared.errors import StateConflict
from shared.ids import Ref
from shared.roles import Caller


async def act(
    tx: AsyncConnection,
    ref: Ref,
    what: Act,
    *,
    caller: Caller,
    codes: Sequence[str] = (),
    note: str | None = None,
) -> Found:
    """Take one step on a declaration.

    Raises:
        NotFound, Forbidden: no such declaration, another district, or not the caller's step.
        StateConflict: it does not stand where the step begins. SamePersonTwice: four eyes.
    """
    row = await declarations.find(tx, ref, caller)
    step = move(State(row.status), what)
    if step.right is not None:
        caller.require(step.right)
    moved = await store.set_status(tx, row.unit_id, row.id, was=row.status, to=step.to.value)
    if moved is None:
        raise StateConflict(act=what.value)
    detail: dict[str, object] | None = {"codes": list(codes)} if codes else None
    await trail.record(
        tx, step_of(moved, what.value, signs=step.signs, why=note, detail=detail), caller
    )
    return await declarations.with_lines(tx, moved)
