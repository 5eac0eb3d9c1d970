"""Shapes of meetings, postings and objections."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import Day, Note, RefText, masked_name
from services.payout.qualifications.domain.posting import (
    ObjectionStatus,
    PostingObjection,
    QualificationMeeting,
)
from services.payout.qualifications.domain.qualification import AT_ONCE
from services.payout.qualifications.flows.posting import QualificationPosting
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField, ShortText


class QualificationMeetingIn(In):
    """A meeting that approves applications of one district, all or none."""

    district: Code = Field(examples=["heping"])
    held_on: Day
    document: ShortText = Field(
        examples=["退休会审纪要〔2026〕11号"], description="会审纪要 (minutes)"
    )
    qualifications: list[RefText] = Field(
        min_length=1, max_length=AT_ONCE, examples=[[Reference.QUALIFICATION.example]]
    )

    def refs(self) -> list[Ref]:
        """Return the references.

        Raises:
            NotAReference: a text is none of an application.
        """
        return [Ref.parse(Reference.QUALIFICATION, text) for text in self.qualifications]


class QualificationMeetingOut(Out):
    """A meeting, and the last day of its posting."""

    id: str = Field(examples=[Reference.QUALIFICATION_MEETING.example])
    district: str
    held_on: date
    document: str
    people: int
    posted_until: date
    held_by: str

    @classmethod
    def of(cls, meeting: QualificationMeeting) -> QualificationMeetingOut:
        """Build it from a stored meeting."""
        return cls(
            id=meeting.ref.text(Reference.QUALIFICATION_MEETING),
            district=meeting.district,
            held_on=meeting.held_on,
            document=meeting.document,
            people=meeting.people,
            posted_until=meeting.posted_until,
            held_by=meeting.held_by,
        )


class PostedPersonOut(Out):
    """A person of a posting, masked."""

    qualification: str = Field(examples=[Reference.QUALIFICATION.example])
    name: str = Field(examples=["张**"])
    masked_identity_number: str = Field(examples=["1201**********0014"])
    retirement_month: PeriodField
    paid_months: int
    objections: int


class QualificationPostingOut(Out):
    """The posting of a meeting's people (公示名单)."""

    meeting: QualificationMeetingOut
    people: list[PostedPersonOut]

    @classmethod
    def of(cls, posting: QualificationPosting, keys: PersonKeys) -> QualificationPostingOut:
        """Build it from a posting."""
        return cls(
            meeting=QualificationMeetingOut.of(posting.meeting),
            people=[
                PostedPersonOut(
                    qualification=paper.ref.text(Reference.QUALIFICATION),
                    name=masked_name(keys.name.open(paper.name)),
                    masked_identity_number=keys.mask(paper.sealed_number),
                    retirement_month=paper.outcome.retirement,
                    paid_months=paper.outcome.paid_months,
                    objections=posting.objections.get(paper.ref.id, 0),
                )
                for paper in posting.people
            ],
        )


_NoteText = Annotated[Note, StringConstraints(min_length=1)]


class ObjectionIn(In):
    """An objection to a posted person; leave personal data of others out of the text."""

    received_on: Day
    content: _NoteText = Field(examples=["档案出生日期与身份证不一致"])


class ObjectionDecisionIn(In):
    """The decision about an objection, with the reason."""

    decision: Literal[ObjectionStatus.DISMISSED, ObjectionStatus.UPHELD]
    note: _NoteText = Field(examples=["经核实,档案记载与身份证一致"])


class ObjectionOut(Out):
    """An objection to a posted person."""

    id: str = Field(examples=[Reference.QUALIFICATION_OBJECTION.example])
    qualification: str = Field(examples=[Reference.QUALIFICATION.example])
    received_on: date
    content: str
    status: ObjectionStatus
    note: str | None
    recorded_by: str
    decided_by: str | None

    @classmethod
    def of(cls, objection: PostingObjection) -> ObjectionOut:
        """Build it from a stored objection."""
        return cls(
            id=objection.ref.text(Reference.QUALIFICATION_OBJECTION),
            qualification=objection.qualification.text(Reference.QUALIFICATION),
            received_on=objection.received_on,
            content=objection.content,
            status=objection.status,
            note=objection.note,
            recorded_by=objection.recorded_by,
            decided_by=objection.decided_by,
        )
