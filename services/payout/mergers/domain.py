"""Merging what payout has of two records of one person (人员合并): which record pays on, and which line counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.payout.claims.domain.event import ClaimedEvent, same_event
from services.payout.entitlements.domain.entitlement import SuspensionReason
from shared.ids import Ref


class RecordState(StrEnum):
    """The states of a record's entitlement."""

    NONE = "none"
    PAYING = "paying"
    ENDED = "ended"
    DEAD = "dead"


def old_one_stays(old: RecordState, survivor: RecordState) -> bool:
    """Tell whether the entitlement of the record that ends is the one that stays.

    A death counts for the person, whichever record has it. Otherwise the surviving record's own
    entitlement stays, unless only the other one pays.
    """
    if RecordState.NONE in (old, survivor):
        return old is not RecordState.NONE
    if RecordState.DEAD in (old, survivor):
        return survivor is not RecordState.DEAD
    return old is RecordState.PAYING and survivor is not RecordState.PAYING


def suspension_of(state: RecordState) -> SuspensionReason:
    """Return why the entitlement of a record that does not stay is suspended."""
    paid = state is RecordState.PAYING
    return SuspensionReason.SECOND if paid else SuspensionReason.MERGED


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidLine:
    """A claim line about an event of one of the two records.

    `rank` says how far its payment is: 2 paid, 1 in a batch, 0 not sent or come back.
    """

    of_old: bool
    event: str
    claim: Ref
    line_no: int
    rank: int


@dataclass(frozen=True, slots=True)
class SecondLine:
    """A line that pays an event again, and the line that counts."""

    line: PaidLine
    first: PaidLine


def second_months(lines: Iterable[PaidLine], *, old_first: bool) -> list[SecondLine]:
    """Find the lines of months that both records were paid; a month's lines of one record belong together.

    The record whose payment is further counts; if both are as far, the one that pays on.
    """
    months: dict[str, tuple[list[PaidLine], list[PaidLine]]] = {}
    for line in lines:
        months.setdefault(line.event, ([], []))[line.of_old].append(line)
    found = []
    for of_survivor, of_old in months.values():
        if of_survivor and of_old:
            first, second = sorted(
                (of_survivor, of_old),
                key=lambda group: (_rank(group), group[0].of_old is old_first),
                reverse=True,
            )
            found += [SecondLine(line, first[0]) for line in second]
    return found


def _rank(lines: Sequence[PaidLine]) -> int:
    return max(line.rank for line in lines)


def second_events(
    lines: Sequence[PaidLine], claimed: Sequence[tuple[bool, ClaimedEvent]]
) -> list[SecondLine]:
    """Find the lines about events that both records have claimed; `claimed` has (of the old one, event).

    The line whose payment is further counts; if both are as far, the one that was filed first.
    """
    line_of = {(line.claim, line.line_no, line.event): line for line in lines}

    def line_about(event: ClaimedEvent) -> PaidLine:
        return line_of[event.claim, event.line_no, event.text]

    found: dict[tuple[Ref, int], SecondLine] = {}
    others = [event for of_old, event in claimed if not of_old]
    for event in (event for of_old, event in claimed if of_old):
        for other in others:
            if not same_event(event, other):
                continue
            first, second = sorted(
                (line_about(event), line_about(other)),
                key=lambda line: (-line.rank, line.claim.id, line.line_no),
            )
            if (first.claim, first.line_no) not in found and first != second:
                found.setdefault((second.claim, second.line_no), SecondLine(second, first))
    return list(found.values())
