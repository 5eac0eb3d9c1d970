"""The notice of a result (核定结果通知单): dated text from data, with the application's figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.payout.qualifications.domain.qualification import (
    Qualification,
    QualificationNotDecided,
    QualificationStatus,
)
from shared.errors import NotFound
from shared.money import format_yuan


class ResultNoticeTextMissing(NotFound):
    """该日没有通知单文字 (no text of a notice is in force on this day)"""

    code = "QUALIFICATION_NOTICE_MISSING"


@dataclass(frozen=True, slots=True)
class ResultNoticeText:
    """A text from a day on; names in braces stand for the figures."""

    status: QualificationStatus
    in_force_from: date
    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultNotice:
    """A notice as it is printed: the whole name, the application and the sentence."""

    paper: Qualification
    name: str
    masked_number: str
    decided_on: date
    text: str
    source: str


def result_notice(
    paper: Qualification,
    name: str,
    masked_number: str,
    decided_on: date,
    texts: Iterable[ResultNoticeText],
) -> ResultNotice:
    """Write the notice of a decided application by the text in force on the day of the decision.

    Raises:
        QualificationNotDecided: it has no result yet.
        ResultNoticeTextMissing: no text is in force on that day.
    """
    if paper.status not in {QualificationStatus.APPROVED, QualificationStatus.REFUSED}:
        raise QualificationNotDecided(status=paper.status.value)
    begun = [
        text for text in texts if text.status is paper.status and text.in_force_from <= decided_on
    ]
    if not begun:
        raise ResultNoticeTextMissing(on=decided_on)
    latest = max(begun, key=lambda text: text.in_force_from)
    outcome = paper.outcome
    words = latest.text.format(
        name=name,
        retirement=outcome.retirement,
        since=outcome.since,
        monthly="" if outcome.monthly_fen is None else format_yuan(outcome.monthly_fen),
        note=paper.note or "",
    )
    return ResultNotice(
        paper=paper,
        name=name,
        masked_number=masked_number,
        decided_on=decided_on,
        text=words,
        source=latest.source,
    )
