"""District handling of declarations: accept, review, return. Two different people sign each round."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import InSummary
from services.collection.common.flows.return_code import check_codes
from services.collection.filing.domain.declaration import Act, State, move
from services.collection.filing.domain.records import LeviedDeclaration
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.flows import trail_step as trail_step_flow
from services.collection.filing.flows.trail_step import step_of
from services.collection.filing.store import declaration as declaration_store
from shared import trail
from shared.errors import StateConflict
from shared.ids import Ref, district_key
from shared.references import Reference
from shared.roles import Caller


def act_from(requested: Act, state: State) -> Act:
    """Resolve the act: returning a reviewed declaration means taking back its review."""
    return Act.TAKE_BACK if requested is Act.RETURN and state is State.REVIEWED else requested


async def act(
    tx: AsyncConnection,
    ref: Ref,
    requested: Act,
    *,
    caller: Caller,
    codes: Sequence[str] = (),
    note: str | None = None,
) -> LeviedDeclaration:
    """Take one step on a declaration.

    Raises:
        NotFound: no such declaration. Forbidden: another district, or the caller lacks the right.
        StateConflict: its status does not allow the step. SamePersonTwice: the caller signed it.
        Faulty: the catalogue does not have these codes. InSummary: only the centre may return it.
    """
    if requested is Act.RETURN:
        await check_codes(tx, codes, note, trail_step_flow.PAPER)
    row = await filing_declaration_flow.find(tx, ref, caller)
    taken = act_from(requested, State(row.status))
    step = move(State(row.status), taken)
    if step.right is not None:
        caller.require(step.right)
    if row.summary_id is not None:
        raise InSummary(
            summary=Ref(district_key(row.district), row.summary_id).text(Reference.SUMMARY)
        )
    moved = await declaration_store.set_status(
        tx, row.unit_id, row.id, was=row.status, to=step.to.value
    )
    if moved is None:
        raise StateConflict(act=taken.value)
    detail: dict[str, object] | None = {"codes": list(codes)} if codes else None
    await trail.record(
        tx, step_of(moved, taken.value, signs=step.signs, why=note, detail=detail), caller
    )
    return await filing_declaration_flow.with_lines(tx, moved)
