"""Meetings (会审), the posting of their people (公示), and objections to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from shared.errors import Kind, NotFound, Refusal
from shared.ids import Ref

OBJECTION_PAPER: Final = "qualification_objection"


class ObjectionStatus(StrEnum):
    """The states of an objection."""

    OPEN = "open"
    DISMISSED = "dismissed"  # 异议不成立
    UPHELD = "upheld"  # 异议成立


class ObjectionUnknown(NotFound):
    """没有这项异议 (there is no such objection)"""

    code = "QUALIFICATION_OBJECTION_UNKNOWN"


class ObjectionDecided(Refusal):
    """该异议已有结论 (the objection is decided already)"""

    kind = Kind.CONFLICT
    code = "QUALIFICATION_OBJECTION_DECIDED"


class ReceivedBeforePosting(Refusal):
    """异议日期须在公示开始之后、不晚于今天 (an objection is received after the posting began, and not later than today)"""

    kind = Kind.INVALID
    code = "OBJECTION_DAY_WRONG"


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationMeeting:
    """A meeting that approved applications of a district, and the days of its posting."""

    ref: Ref
    district: str
    held_on: date
    document: str
    people: int
    posted_until: date
    held_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingObjection:
    """An objection to one person of a posting; another person than the recorder decides it."""

    ref: Ref
    qualification: Ref
    received_on: date
    content: str
    status: ObjectionStatus
    note: str | None
    recorded_by: str
    decided_by: str | None


def require_received(received_on: date, meeting: QualificationMeeting, today: date) -> None:
    """Refuse an objection of a day before the posting, or after today.

    Raises:
        ReceivedBeforePosting: the day is outside.
    """
    if not meeting.held_on <= received_on <= today:
        raise ReceivedBeforePosting(posted_from=meeting.held_on, today=today)
