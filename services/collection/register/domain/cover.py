"""Periods of cover (参保期): which one a day belongs to, and which ones share a day.

At one unit the periods of a person never share a day. At two units they may: that is double cover
(重复参保), which is reported. Only work injury insurance may lawfully be held at several units.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

Span = tuple[str, date, date | None]
"""A unit's credit code, the first day of cover, and the last day; None while cover continues."""


def overlapping(spans: Sequence[Span]) -> list[bool]:
    """Tell for each span whether a span at another unit shares a day with it."""
    return [
        any(_share_a_day(span, other) for other in spans if other[0] != span[0]) for span in spans
    ]


def _share_a_day(one: Span, other: Span) -> bool:
    return (other[2] is None or one[1] <= other[2]) and (one[2] is None or other[1] <= one[2])


@dataclass(frozen=True, slots=True)
class Cover:
    """A period of cover at one unit; the last day is None while it continues.

    `presumed` if the last day was not reported, but is the day before the next period.
    `overlaps` if it was registered over an earlier period before this was refused.
    """

    joined_on: date
    left_on: date | None
    presumed: bool = False
    overlaps: bool = False

    def includes(self, day: date) -> bool:
        """Tell whether a day is covered."""
        return self.joined_on <= day and (self.left_on is None or day <= self.left_on)

    def shares_a_day(self, other: Cover) -> bool:
        """Tell whether two periods share a day."""
        return _share_a_day(
            ("", self.joined_on, self.left_on), ("", other.joined_on, other.left_on)
        )


@dataclass(frozen=True, slots=True)
class CoverInTheWay:
    """A registered period that a new one cannot be reconciled with; a code and a message say why."""

    code: str
    message: str


def enrolled_from(
    joined_on: date, left_on: date | None, known: Iterable[Cover]
) -> Cover | CoverInTheWay:
    """Return the period that an enrolment registers, beside those known at the unit.

    A period without a last day lasts to the day before the next one, if that has ended too.
    An enrolment that is registered already is returned as it is known.
    """
    for cover in known:
        if cover.joined_on == joined_on:
            return _same_day(cover, left_on)
        if cover.includes(joined_on):
            return CoverInTheWay(
                "ENROLLED_SINCE_ANOTHER_DAY",
                f"已参保,起始日不同 (already enrolled since {cover.joined_on})",
            )
    later = min(
        (cover for cover in known if cover.joined_on > joined_on),
        key=lambda cover: cover.joined_on,
        default=None,
    )
    if later is None:
        return Cover(joined_on, left_on)
    if left_on is None and later.left_on is None:
        return CoverInTheWay(
            "ENROLLED_SINCE_ANOTHER_DAY",
            "已参保,起始日不同;补登较早的参保期须填止日 "
            f"(already enrolled since {later.joined_on}; an earlier period needs its last day)",
        )
    if left_on is None:
        return Cover(joined_on, later.joined_on - timedelta(days=1), presumed=True)
    if left_on >= later.joined_on:
        return CoverInTheWay(
            "COVER_OVERLAPS",
            f"与已登记参保期重叠 (a period from {later.joined_on} shares its days)",
        )
    return Cover(joined_on, left_on)


def _same_day(cover: Cover, left_on: date | None) -> Cover | CoverInTheWay:
    if cover.left_on is None or cover.presumed:
        if left_on is None:
            return cover
        return CoverInTheWay(
            "ENROLLED_SINCE_THIS_DAY",
            "已参保,减员请办理减员 (already enrolled; report a departure)",
        )
    if left_on == cover.left_on:
        return cover
    return CoverInTheWay(
        "COVER_ENDED",
        f"该参保期已终止,恢复请办理更正 (it ended on {cover.left_on}; correct it to reopen it)",
    )


def ended_by(day: date, known: Sequence[Cover]) -> Cover | None:
    """Return the period that a departure on a day ends: the one that covers the day.

    One that is open goes before one that ended on that day, and both before any other.
    """
    covering = [cover for cover in known if cover.includes(day)]
    return min(
        covering,
        key=lambda cover: (not may_end(cover), cover.left_on != day, cover.joined_on),
        default=None,
    )


def may_end(cover: Cover) -> bool:
    """Tell whether the end of a period has not been reported yet."""
    return cover.left_on is None or cover.presumed
