"""Shapes of one step on many declarations."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.collection.common.schemas.common import Note, ReturnCodeIn
from services.collection.handling.flows.bulk import StepOutcome
from shared.references import Reference
from shared.schema import In, Out

PaperRef = Annotated[str, StringConstraints(max_length=80)]


class StepsIn(In):
    """One step on many declarations. A return needs return codes."""

    step: Literal["accept", "review", "return"]
    ids: list[PaperRef] = Field(
        min_length=1, max_length=1000, examples=[[Reference.DECLARATION.example]]
    )
    codes: list[ReturnCodeIn] = Field(default=[], max_length=20)
    note: Note | None = None

    @model_validator(mode="after")
    def _codes_with_returns(self) -> Self:
        if (self.step == "return") != bool(self.codes):
            raise PydanticCustomError(
                "codes_with_returns",
                "退回须附原因代码,其他环节不得附 (a return needs codes; other steps take none)",
            )
        return self


class StepOutcomeOut(Out):
    """Outcome of the step on one declaration."""

    id: str
    outcome: Literal["done", "refused"]
    status: str | None = Field(description="办理后的状态")
    code: str | None = None
    message: str | None = None

    @classmethod
    def of(cls, found: StepOutcome) -> StepOutcomeOut:
        """Build the answer."""
        if found.refusal is None:
            return cls(id=found.paper, outcome="done", status=found.status)
        return cls(
            id=found.paper,
            outcome="refused",
            status=None,
            code=found.refusal.code,
            message=found.refusal.message,
        )


class StepsOut(Out):
    """Outcomes in the order requested. A reference named twice appears once."""

    done: int
    refused: int
    items: list[StepOutcomeOut]

    @classmethod
    def of(cls, found: list[StepOutcome]) -> StepsOut:
        """Build the answer."""
        items = [StepOutcomeOut.of(one) for one in found]
        done = sum(item.outcome == "done" for item in items)
        return cls(done=done, refused=len(items) - done, items=items)
