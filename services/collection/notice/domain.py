"""Sentences of printed notices (通知书文本): dated data with sources, because they cite the law."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from shared.effective import in_force


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeText:
    """The sentence of a kind of notice while the row is in force; `{names}` are filled in."""

    notice: str
    in_force_from: date
    in_force_to: date | None
    text: str
    source: str
    certain: bool


def sentence_of(notice: str, on: date, texts: Iterable[NoticeText], **facts: object) -> str | None:
    """Return the sentence of a notice on a day; None if no row is in force."""
    rows = in_force([row for row in texts if row.notice == notice], on)
    return rows[0].text.format_map(facts) if rows else None
