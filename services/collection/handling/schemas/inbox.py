"""Shapes of inboxes and of the catalogue of return codes."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from services.collection.common.domain.return_code import ReturnCode
from services.collection.common.schemas.common import PAPERS
from services.collection.handling.domain.inbox import WaitingStep
from services.collection.handling.flows.inbox import Inbox
from services.collection.handling.store.inbox import InboxRow
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Out, YuanOut


class InboxStepOut(Out):
    """Number of papers that wait for one step."""

    step: str = Field(examples=["accept"])
    title: str = Field(examples=["待受理"])
    waiting: int
    oldest_since: datetime | None


class InboxItemOut(Out):
    """A paper that waits for a step."""

    step: str
    paper: str = Field(examples=["declaration"])
    id: str = Field(examples=[Reference.DECLARATION.example])
    district: str
    period: str | None
    credit_code: str | None
    kind: str | None = Field(examples=["monthly"], description="申报或变更的种类")
    name: str | None
    people: int | None
    total: YuanOut | None
    since: datetime

    @classmethod
    def of(cls, step: WaitingStep, row: InboxRow) -> InboxItemOut:
        """Build the list item."""
        return cls(
            step=step.code,
            paper=step.paper,
            id=Ref(row.key, row.id).text(PAPERS[step.paper]),
            district=row.district,
            period=row.period,
            credit_code=row.credit_code,
            kind=row.kind,
            name=row.name,
            people=row.people,
            total=row.total_fen,
            since=row.since,
        )


class InboxOut(Out):
    """The caller's inbox: every step with its count, and a page of the papers, oldest first."""

    steps: list[InboxStepOut]
    items: list[InboxItemOut]
    next_cursor: str | None
    has_more: bool

    @classmethod
    def of(cls, found: Inbox, items: list[InboxItemOut], following: str | None) -> InboxOut:
        """Build the answer."""
        return cls(
            steps=[
                InboxStepOut(
                    step=step.code,
                    title=step.title,
                    waiting=waiting.papers,
                    oldest_since=waiting.oldest_since,
                )
                for step, waiting in found.steps
            ],
            items=items,
            next_cursor=following,
            has_more=following is not None,
        )


class ReturnCodeOut(Out):
    """A reason for returning a paper."""

    code: str = Field(examples=["NOT_SIGNED_BY_STAFF"])
    text: str = Field(examples=["缴费基数未经职工本人签字确认"])
    papers: list[str] = Field(examples=[["declaration"]])
    needs_note: bool
    source: str
    certain: bool

    @classmethod
    def of(cls, code: ReturnCode) -> ReturnCodeOut:
        """Build the list item."""
        return cls(
            code=code.code,
            text=code.text,
            papers=list(code.papers),
            needs_note=code.needs_note,
            source=code.source,
            certain=code.certain,
        )


class ReturnCodesOut(Out):
    """The catalogue of return codes."""

    items: list[ReturnCodeOut]
