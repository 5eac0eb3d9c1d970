"""Plans for filing a month (补报) in which a unit may have declarations already.

A unit that did not file was levied by default. When it files after all, a default that no summary
holds is superseded; one that was billed is corrected; one in between has to be billed first.
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
class ExistingDeclaration:
    """A declaration that a unit has in a month; `corrects` is the one that it restates."""

    unit_id: int
    id: UUID
    kind: str
    status: str
    round: int
    corrects: UUID | None
    in_summary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingPlan:
    """The effect of filing now: a new declaration, or the next round of `again`; a default that it
    `supersedes`; a billed declaration that it `corrects`. With a `refusal` it cannot be filed."""

    again: ExistingDeclaration | None = None
    supersedes: ExistingDeclaration | None = None
    corrects: ExistingDeclaration | None = None
    refusal: Refusal | None = None


NEW_DECLARATION: Final = FilingPlan()
"""The plan of a unit that has nothing in the month."""


def plan_of(existing: Sequence[ExistingDeclaration]) -> FilingPlan:
    """Plan a monthly declaration beside the declarations of its unit and month."""
    monthly = next((one for one in existing if one.kind == MONTHLY), None)
    if monthly is not None:
        return _next_round(monthly, existing)
    if not existing:
        return NEW_DECLARATION
    last = last_of(existing)
    if State(last.status) in FINISHED:
        return FilingPlan(corrects=last)
    if last.kind != DEFAULT:
        return FilingPlan(refusal=CorrectionUnfinished(status=last.status))
    if last.in_summary:
        return FilingPlan(refusal=DefaultWaits(status=last.status))
    move(State(last.status), Act.SUPERSEDE)
    return FilingPlan(supersedes=last)


def _next_round(
    monthly: ExistingDeclaration, existing: Sequence[ExistingDeclaration]
) -> FilingPlan:
    try:
        move(State(monthly.status), Act.SUBMIT_AGAIN)
    except StateConflict:
        ref = Ref(monthly.unit_id, monthly.id).text(Reference.DECLARATION)
        return FilingPlan(refusal=DeclarationExists(declaration=ref, status=monthly.status))
    corrected = next((one for one in existing if one.id == monthly.corrects), None)
    return FilingPlan(again=monthly, corrects=corrected)


def last_of(existing: Sequence[ExistingDeclaration]) -> ExistingDeclaration:
    """Return the end of the chain of corrections: the declaration that no other restates."""
    restated = {one.corrects for one in existing}
    return next(one for one in existing if one.id not in restated)
