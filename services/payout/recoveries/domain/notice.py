"""The notice of a recovery case (追回通知书): dated text from data, with the case's figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.payout.recoveries.domain.case import CaseCause, CaseLine, RecoveryCase
from shared.errors import NotFound
from shared.money import format_yuan


class NoticeTextMissing(NotFound):
    """该日没有通知书文字 (no text of a notice is in force on this day)"""

    code = "RECOVERY_NOTICE_MISSING"


@dataclass(frozen=True, slots=True)
class RecoveryNoticeText:
    """A text from a day on; names in braces stand for the case's figures."""

    cause: CaseCause
    in_force_from: date
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class RecoveryNotice:
    """A notice as it is printed."""

    case: RecoveryCase
    lines: list[CaseLine]
    text: str
    source: str


def notice_of(
    case: RecoveryCase, lines: list[CaseLine], name: str, texts: Iterable[RecoveryNoticeText]
) -> RecoveryNotice:
    """Write the notice of a case by the text in force when it was opened.

    Raises:
        NoticeTextMissing: no text is in force on that day.
    """
    begun = [
        text for text in texts if text.cause is case.cause and text.in_force_from <= case.opened_on
    ]
    if not begun:
        raise NoticeTextMissing(on=case.opened_on)
    latest = max(begun, key=lambda text: text.in_force_from)
    words = latest.text.format(
        name=name,
        document=case.document,
        reason=case.reason,
        months=len({line.period for line in lines if line.amount_fen}),
        total=format_yuan(case.amount_fen),
        open=format_yuan(case.open_fen),
        notice_no=case.notice_no,
    )
    return RecoveryNotice(case, lines, words, latest.source)
