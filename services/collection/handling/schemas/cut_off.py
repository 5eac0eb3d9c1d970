"""Shapes of cut-offs (汇总截止日)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.collection.common.domain.signed_change import SignedChange
from services.collection.common.schemas.common import Day
from services.collection.handling.domain.cut_off import CutOff
from shared.period import PERIOD_PATTERN
from shared.references import Reference
from shared.schema import In, Out, ShortText


class CutOffIn(In):
    """The last day for a period's summaries, and the document that sets it."""

    period: Annotated[str, StringConstraints(pattern=PERIOD_PATTERN)] = Field(examples=["2021-07"])
    cut_off_on: Day
    source: ShortText = Field(examples=["津社险中心通知〔2021〕8号"])


class CutOffRefusalIn(In):
    """The reason of a refusal."""

    why: ShortText


class CutOffOut(Out):
    """A period's cut-off; `estimated` if the workday table does not reach that far."""

    period: str
    cut_off_on: date
    source: str
    certain: bool
    estimated: bool
    set_by: str | None

    @classmethod
    def of(cls, found: CutOff) -> CutOffOut:
        """Build the answer."""
        return cls(
            period=found.period,
            cut_off_on=found.cut_off_on,
            source=found.source,
            certain=found.certain,
            estimated=found.estimated,
            set_by=found.set_by,
        )


class CutOffChangeOut(Out):
    """A change of a period's cut-off: one person files it, another approves."""

    id: str = Field(examples=[Reference.CUT_OFF_CHANGE.example])
    period: str
    cut_off_on: date
    source: str
    status: str = Field(examples=["filed"], description="filed | approved | refused")
    filed_by: str
    decided_by: str | None

    @classmethod
    def of(cls, change: SignedChange) -> CutOffChangeOut:
        """Build the answer from a change."""
        return cls(
            id=change.reference,
            period=change.content["period"],
            cut_off_on=change.content["cut_off_on"],
            source=change.reason,
            status=change.status,
            filed_by=change.filed_by,
            decided_by=change.decided_by,
        )


class CutOffsOut(Out):
    """Cut-offs of a year by period, and the changes of any year that wait for their decision."""

    items: list[CutOffOut]
    waiting: list[CutOffChangeOut]

    @classmethod
    def of(cls, found: tuple[Sequence[CutOff], Sequence[SignedChange]]) -> CutOffsOut:
        """Build the answer."""
        cut_offs, waiting = found
        return cls(
            items=[CutOffOut.of(one) for one in cut_offs],
            waiting=[CutOffChangeOut.of(one) for one in waiting],
        )
