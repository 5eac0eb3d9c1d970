"""District handling of declarations: accept, review, return. Two people, each once a round."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import InSummary
from services.collection.common.flows.return_code import check_codes
from services.collection.filing.domain.declaration import Act, State, move
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.flows.declaration import Found, step_of
from services.collection.filing.store import declaration as declaration_store
from shared import trail
from shared.errors import StateConflict
from shared.ids import Ref, district_key
from shared.references import Reference
from shared.roles import Caller


def act_from(what: Act, state: State) -> Act:
    """The act that is meant: to return what is reviewed is to take the review back."""
    return Act.TAKE_BACK if what is Act.RETURN and state is State.REVIEWED else what


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
        Faulty: return codes that the catalogue does not know. InSummary: only the centre may now.
    """
    if what is Act.RETURN:
        check_codes(codes, note, filing_declaration_flow.PAPER)
    row = await filing_declaration_flow.find(tx, ref, caller)
    what = act_from(what, State(row.status))
    step = move(State(row.status), what)
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
        raise StateConflict(act=what.value)
    detail: dict[str, object] | None = {"codes": list(codes)} if codes else None
    await trail.record(
        tx, step_of(moved, what.value, signs=step.signs, why=note, detail=detail), caller
    )
    return await filing_declaration_flow.with_lines(tx, moved)
