"""One step on many declarations (批量受理、复核、退回), each checked by itself.

A refusal of one declaration does not affect the others. The two-person rule holds per declaration:
a person who signed it in its round is refused, by the same index that guards single steps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import InSummary
from services.collection.common.flows.return_code import check_codes
from services.collection.filing.domain.declaration import Act, Move, State, move
from services.collection.filing.flows import trail_step as trail_step_flow
from services.collection.handling.flows.steps import act_from
from services.collection.handling.store import steps as steps_store
from services.collection.handling.store.steps import DeclarationStatus
from shared import trail
from shared.errors import NotFound, Refusal, SamePersonTwice, StateConflict
from shared.ids import NotAReference, Ref
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """Outcome of a step on one declaration: its new status, or the refusal."""

    paper: str
    status: str | None
    refusal: Refusal | None = None


async def act_on_all(
    tx: AsyncConnection,
    papers: Sequence[str],
    requested: Act,
    *,
    caller: Caller,
    codes: Sequence[str] = (),
    note: str | None = None,
) -> list[StepOutcome]:
    """Take one step on each of many declarations; return the outcomes in the order requested.

    Raises:
        Faulty: the catalogue does not have these return codes.
    """
    if requested is Act.RETURN:
        await check_codes(tx, codes, note, trail_step_flow.PAPER)
    refs, outcomes = _parse(papers)
    statuses = await steps_store.statuses(tx, list(refs), caller.subject)
    planned: dict[tuple[Act, Move], list[DeclarationStatus]] = defaultdict(list)
    for ref, paper in refs.items():
        try:
            planned[_plan(statuses.get(ref), requested, caller)].append(statuses[ref])
        except Refusal as refused:
            outcomes[paper] = StepOutcome(paper, None, refused)
    for (act, step), declarations in planned.items():
        moved = await steps_store.move_all(tx, declarations, step.to.value)
        detail: dict[str, object] | None = {"codes": list(codes)} if codes else None
        await trail.record_many(tx, moved, _step(act, step, note, detail), caller)
        moved_refs = {Ref(unit_id, paper_id) for unit_id, paper_id, _ in moved}
        for one in declarations:
            ref = Ref(one.unit_id, one.id)
            is_moved = ref in moved_refs
            refusal = None if is_moved else StateConflict(act=act.value)
            status = step.to.value if is_moved else None
            outcomes[refs[ref]] = StepOutcome(refs[ref], status, refusal)
    return [outcomes[paper] for paper in dict.fromkeys(papers)]


def _parse(papers: Sequence[str]) -> tuple[dict[Ref, str], dict[str, StepOutcome]]:
    """Parse references; return them with their text, and the outcomes of malformed ones."""
    refs: dict[Ref, str] = {}
    outcomes: dict[str, StepOutcome] = {}
    for paper in dict.fromkeys(papers):
        try:
            refs[Ref.parse(Reference.DECLARATION, paper)] = paper
        except NotAReference as refusal:
            outcomes[paper] = StepOutcome(paper, None, refusal)
    return refs, outcomes


def _plan(paper: DeclarationStatus | None, requested: Act, caller: Caller) -> tuple[Act, Move]:
    if paper is None:
        raise NotFound
    caller.require_district(paper.district)
    act = act_from(requested, State(paper.status))
    step = move(State(paper.status), act)
    if step.right is not None:
        caller.require(step.right)
    if paper.summary_id is not None:
        raise InSummary
    if step.signs and paper.signed:
        raise SamePersonTwice(person=caller.subject, step=act.value)
    return act, step


def _step(act: Act, step: Move, note: str | None, detail: dict[str, object] | None) -> trail.Step:
    # `record_many` takes key, id and round from each declaration; the values here are placeholders.
    return trail.Step(
        shard_key=0,
        paper=trail_step_flow.PAPER,
        paper_id=UUID(int=0),
        step=act.value,
        signs=step.signs,
        why=note,
        detail=detail,
    )
