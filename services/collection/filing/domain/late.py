"""What a monthly declaration meets in its month (补报): nothing, its returned self, or a default.

A unit that did not file was levied by default. When it files after all, a default that is still in
the district's hands gives way; one that was billed is corrected; one in between is waited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.collection.common.domain.errors import (
    CorrectionUnfinished,
    DeclarationExists,
    DefaultWaits,
)
from services.collection.filing.domain.declaration import FINISHED, Act, State, move
from shared.errors import Refusal, StateConflict
from shared.ids import Ref
from shared.references import Reference

MONTHLY: Final = "monthly"
DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper that stands in a month; `corrects` is the one that it restates."""

    unit_id: int
    id: UUID
    kind: str
    status: str
    round: int
    corrects: UUID | None
    in_summary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What filing now comes to: the next round of a paper, a default that gives way, one that is
    corrected (each None where there is none), or a refusal."""

    again: Paper | None = None
    supersedes: Paper | None = None
    corrects: Paper | None = None
    refusal: Refusal | None = None


FIRST: Final = Turn()
"""Nothing stands in the month."""


def turn_of(papers: Sequence[Paper]) -> Turn:
    """What a monthly declaration comes to beside the papers of its unit and month."""
    monthly = next((paper for paper in papers if paper.kind == MONTHLY), None)
    if monthly is not None:
        return _again(monthly, papers)
    if not papers:
        return FIRST
    last = last_of(papers)
    if State(last.status) in FINISHED:
        return Turn(corrects=last)
    if last.kind != DEFAULT:
        return Turn(refusal=CorrectionUnfinished(status=last.status))
    if last.in_summary:
        return Turn(refusal=DefaultWaits(status=last.status))
    move(State(last.status), Act.SUPERSEDE)
    return Turn(supersedes=last)


def _again(monthly: Paper, papers: Sequence[Paper]) -> Turn:
    try:
        move(State(monthly.status), Act.SUBMIT_AGAIN)
    except StateConflict:
        ref = Ref(monthly.unit_id, monthly.id).text(Reference.DECLARATION)
        return Turn(refusal=DeclarationExists(declaration=ref, status=monthly.status))
    before = next((paper for paper in papers if paper.id == monthly.corrects), None)
    return Turn(again=monthly, corrects=before)


def last_of(papers: Sequence[Paper]) -> Paper:
    """The end of the chain: the paper that no other restates."""
    restated = {paper.corrects for paper in papers}
    return next(paper for paper in papers if paper.id not in restated)
