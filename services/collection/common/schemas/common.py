"""Shapes that several doors share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from shared.errors import Fault
from shared.references import Reference
from shared.schema import Day as Day
from shared.schema import FaultOut, Out

IdentityNumber = Annotated[
    str,
    StringConstraints(min_length=1, max_length=18),
    Field(examples=["120101199003074514"], description="公民身份号码 (checked, never shown whole)"),
]
PersonName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=50, strip_whitespace=True),
    Field(examples=["张三"]),
]

PAPERS: Final = {
    "declaration": Reference.DECLARATION,
    "summary": Reference.SUMMARY,
    "change": Reference.REGISTER_CHANGE,
    "person_correction": Reference.PERSON_CORRECTION,
    "base_review": Reference.BASE_REVIEW,
    "agreement": Reference.AGREEMENT,
    "waiver": Reference.WAIVER,
    "receipt_return": Reference.RECEIPT_RETURN,
    "receipt_move": Reference.RECEIPT_MOVE,
    "project": Reference.PROJECT,
    "inspection": Reference.INSPECTION,
    "refund": Reference.REFUND,
    "reconciliation_item": Reference.RECONCILIATION_ITEM,
    "reconciliation_letter": Reference.RECONCILIATION_LETTER,
}
"""Kinds of papers with a trail of their own, and their references."""
Note = Annotated[str, StringConstraints(max_length=500)]
ReturnCodeIn = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,39}$"),
    Field(examples=["NOT_SIGNED_BY_STAFF"], description="退回原因代码 (of the catalogue)"),
]
ReturnCodes = Annotated[list[ReturnCodeIn], Field(min_length=1, max_length=20)]


class StepOut(Out):
    """A step on a paper's trail."""

    step: str = Field(examples=["accept"])
    signs: bool
    round: int
    person: str
    role: str
    level: str
    district: str
    why: str | None
    detail: dict[str, Any]
    at: datetime


class TrailOut(Out):
    """A paper's steps, oldest first."""

    items: list[StepOut]

    @classmethod
    def of(cls, steps: Iterable[Mapping[str, Any]]) -> TrailOut:
        """Build the answer from recorded steps."""
        return cls(items=[StepOut(**step) for step in steps])


def faults_out(faults: tuple[Fault, ...]) -> list[FaultOut]:
    """Build the answer from faults."""
    return [
        FaultOut(pointer=fault.pointer, code=fault.code, message=fault.message) for fault in faults
    ]
