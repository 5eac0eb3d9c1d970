"""One step on many declarations (批量受理、复核、退回): each by its own right, state and signatures.

What is refused for one holds up no other. Four eyes are kept per item: whoever has signed a
declaration in its round is refused for it, by the same index that guards single steps.
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
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.handling.flows.steps import act_from
from services.collection.handling.store import steps as steps_store
from services.collection.handling.store.steps import Standing
from shared import trail
from shared.errors import NotFound, Refusal, SamePersonTwice, StateConflict
from shared.ids import NotAReference, Ref
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one declaration: its new status, or the refusal."""

    paper: str
    status: str | None
    refusal: Refusal | None = None


async def act_on_all(
    tx: AsyncConnection,
    papers: Sequence[str],
    what: Act,
    *,
    caller: Caller,
    codes: Sequence[str] = (),
    note: str | None = None,
) -> list[Outcome]:
    """Take one step on each of many declarations; outcomes in the order asked.

    Raises:
        Faulty: return codes that the catalogue does not know.
    """
    if what is Act.RETURN:
        check_codes(codes, note, filing_declaration_flow.PAPER)
    refs, outcomes = _parsed(papers)
    found = await steps_store.standing(tx, list(refs), caller.subject)
    planned: dict[tuple[Act, Move], list[Standing]] = defaultdict(list)
    for ref, paper in refs.items():
        try:
            planned[_planned(found.get(ref), what, caller)].append(found[ref])
        except Refusal as refusal:
            outcomes[paper] = Outcome(paper, None, refusal)
    for (act, step), standing in planned.items():
        moved = await steps_store.move_all(tx, standing, step.to.value)
        detail: dict[str, object] | None = {"codes": list(codes)} if codes else None
        await trail.record_many(tx, moved, _step(act, step, note, detail), caller)
        gone = {Ref(unit_id, paper_id) for unit_id, paper_id, _ in moved}
        for one in standing:
            ref = Ref(one.unit_id, one.id)
            moved_on = None if ref in gone else StateConflict(act=act.value)
            status = step.to.value if ref in gone else None
            outcomes[refs[ref]] = Outcome(refs[ref], status, moved_on)
    return [outcomes[paper] for paper in dict.fromkeys(papers)]


def _parsed(papers: Sequence[str]) -> tuple[dict[Ref, str], dict[str, Outcome]]:
    """References with the text they were asked by, and outcomes of what is no reference."""
    refs: dict[Ref, str] = {}
    outcomes: dict[str, Outcome] = {}
    for paper in dict.fromkeys(papers):
        try:
            refs[Ref.parse(Reference.DECLARATION, paper)] = paper
        except NotAReference as refusal:
            outcomes[paper] = Outcome(paper, None, refusal)
    return refs, outcomes


def _planned(paper: Standing | None, what: Act, caller: Caller) -> tuple[Act, Move]:
    if paper is None:
        raise NotFound
    caller.require_district(paper.district)
    act = act_from(what, State(paper.status))
    step = move(State(paper.status), act)
    if step.right is not None:
        caller.require(step.right)
    if paper.summary_id is not None:
        raise InSummary
    if step.signs and paper.signed:
        raise SamePersonTwice(person=caller.subject, step=act.value)
    return act, step


def _step(act: Act, step: Move, note: str | None, detail: dict[str, object] | None) -> trail.Step:
    # `record_many` takes key, id and round from each paper; these only fill the shape.
    return trail.Step(
        shard_key=0,
        paper=filing_declaration_flow.PAPER,
        paper_id=UUID(int=0),
        step=act.value,
        signs=step.signs,
        why=note,
        detail=detail,
    )
