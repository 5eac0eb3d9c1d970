"""Events that are paid once: a paper, a birth, a death, a month, an employer's year.

The row of the kind says which key an event has (`Once`); it is recognized over all claims,
districts and months. A paper is known by the payee and the paper's number, and by the person and
the number; blanks, invisible characters, dots of a name, width and case do not matter. The payee and the number are stored as a keyed
hash. Kinds of a group pay an event once among them: each claims it under the group, too. A birth is
known by the mother and its month. A claim that gives no day of birth may mean any
birth of the two years before it, so every further claim of the mother needs the day.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.payout.benefits.domain import Once
from services.payout.claims.domain.claim import ClaimLine
from services.payout.entitlements.domain.holder import folded, folded_name
from shared.errors import Fault, Kind, Refusal
from shared.ids import Ref, key_of
from shared.period import Period
from shared.references import Reference

BIRTH_MONTHS: Final = 10
"""Months between two claims that may mean the same birth when one of them gives no day."""
SAME_BIRTH_MONTHS: Final = 1
"""Months between two stated days that mean the same birth, one of them with a wrong day."""
LATE_CLAIM_MONTHS: Final = 24
"""Months after a birth in which a claim without the day may still mean it."""
_BIRTH: Final = re.compile(r"[a-z][a-z0-9_]*:([0-9]{4}-[0-9]{2})?")


class EventClaimed(Refusal):
    """所列事项已申请过,同一事项只支付一次 (claimed before; each event is paid once)"""

    kind = Kind.CONFLICT
    code = "EVENT_CLAIMED"


@dataclass(frozen=True, slots=True)
class BenefitEvent:
    """An event as it is stored under a unique key, and the claim line that claims it."""

    key: int
    text: str
    line_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedEvent:
    """An event that a claim has claimed already."""

    key: int
    text: str
    period: Period
    claim: Ref
    line_no: int

    @property
    def month(self) -> Period | None:
        """The month of a birth; None when its claim gives no day."""
        return _month_of_birth(self.text)


@dataclass(frozen=True, slots=True)
class PaperKey:
    """A paper's shard key and keyed hash, beside its readable form of earlier releases."""

    kind: str
    readable: str
    key: int
    digest: str

    @property
    def text(self) -> str:
        """The event as it is stored."""
        return f"{self.kind}#{self.digest}"


def readable_papers(kind: str, payee_name: str, reference: str) -> list[str]:
    """Write the payee and the number of a paper as a reader sees them, then as before.

    An earlier release kept invisible characters and dots. Its events keep their keys, so a paper is
    claimed under both.
    """
    now = f"{kind}:{folded_name(payee_name)}:{folded(reference)}"
    before = f"{kind}:{_plain(payee_name)}:{_plain(reference)}"
    return [now] if now == before else [now, before]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSource:
    """The head of a claim, as far as its events follow from it."""

    kind: str
    once: Once
    period: Period
    credit_code: str | None
    group: str | None = None
    siblings: Sequence[str] = ()
    """The other kinds of the group. What they claimed before it was set stands under their names."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which an event is claimed: the kind, and its group."""
        return (self.kind,) if self.group is None else (self.kind, f"group.{self.group}")


def events_of(
    source: EventSource, lines: Iterable[ClaimLine], papers: Mapping[int, Sequence[PaperKey]]
) -> list[BenefitEvent]:
    """List the events that a claim's lines are about; `papers` has the papers by line."""
    return _events_under(source.names, source, lines, papers)


def sibling_events(
    source: EventSource, lines: Iterable[ClaimLine], papers: Mapping[int, Sequence[PaperKey]]
) -> list[BenefitEvent]:
    """List the same events as the other kinds of the group name them."""
    return _events_under(source.siblings, source, lines, papers)


def _events_under(
    names: Sequence[str],
    source: EventSource,
    lines: Iterable[ClaimLine],
    papers: Mapping[int, Sequence[PaperKey]],
) -> list[BenefitEvent]:
    return [
        BenefitEvent(key, text, line.line_no)
        for line in lines
        for name in names
        for key, text in _events(name, source, line, papers)
    ]


def _events(
    kind: str, source: EventSource, line: ClaimLine, papers: Mapping[int, Sequence[PaperKey]]
) -> Iterator[tuple[int, str]]:
    person, day = line.person_id, line.event_on
    match source.once:
        case Once.PAPER:
            for paper in papers[line.line_no]:
                if paper.kind == kind:
                    yield paper.key, paper.text
            if person is not None:
                yield person, f"{kind}:person:{_plain(line.reference)}"
        case Once.UNIT_YEAR if source.credit_code is not None:
            text = f"{kind}:unit:{source.credit_code}:{source.period.year}"
            yield key_of("benefit_event", text), text
        case Once.BIRTH if person is not None:
            yield person, f"{kind}:{Period.of(day) if day else ''}"
        case Once.PERSON if person is not None:
            yield person, kind
        case Once.MONTH if person is not None:
            yield person, f"{kind}:month:{source.period}"
        case Once.EVENT_DAY if person is not None and day is not None:
            yield person, f"{kind}:day:{day}"
        case _:
            pass


def _plain(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()


def repeated_events(events: Sequence[BenefitEvent]) -> list[Fault]:
    """Find lines of one claim that are about the same event."""
    first: dict[tuple[int, str], int] = {}
    faults = {}
    for event in events:
        line_no = first.setdefault((event.key, event.text), event.line_no)
        if line_no != event.line_no:
            faults[event.line_no] = Fault(
                f"/lines/{event.line_no - 1}",
                "EVENT_REPEATED",
                f"与第 {line_no} 笔为同一事项 (the same event as line {line_no})",
            )
    return list(faults.values())


def births_of(claimed: Iterable[ClaimedEvent]) -> list[ClaimedEvent]:
    """Keep the births: a kind whose key was corrected has other events too."""
    return [event for event in claimed if _is_birth(event)]


def same_births(
    events: Iterable[BenefitEvent], period: Period, claimed: Iterable[ClaimedEvent]
) -> list[tuple[BenefitEvent, ClaimedEvent]]:
    """Pair maternity events with claimed ones that mean, or may mean, the same birth."""
    of_person: dict[int, list[ClaimedEvent]] = {}
    for other in claimed:
        of_person.setdefault(other.key, []).append(other)
    return [
        (event, other)
        for event in events
        for other in of_person.get(event.key, ())
        if _may_be_same(event, period, other)
    ]


def same_event(one: ClaimedEvent, other: ClaimedEvent) -> bool:
    """Tell whether two claimed events of one person mean, or may mean, the same."""
    if one.text == other.text:
        return True
    if _is_birth(one) and _is_birth(other) and _kind(one) == _kind(other):
        return _may_be_same(BenefitEvent(one.key, one.text, one.line_no), one.period, other)
    return False


def _may_be_same(event: BenefitEvent, period: Period, other: ClaimedEvent) -> bool:
    month = _month_of_birth(event.text)
    later = _months(month or period) - _months(other.month or other.period)
    if month is not None and other.month is not None:
        return abs(later) <= SAME_BIRTH_MONTHS
    if month is not None:
        return -LATE_CLAIM_MONTHS <= later < BIRTH_MONTHS
    if other.month is not None:
        return -BIRTH_MONTHS < later <= LATE_CLAIM_MONTHS
    return abs(later) < BIRTH_MONTHS


def _month_of_birth(text: str) -> Period | None:
    month = text.rpartition(":")[2]
    return Period.parse(month) if month else None


def undated_faults(events: Iterable[BenefitEvent], claimed: Iterable[ClaimedEvent]) -> list[Fault]:
    """Find births without their day whose mother has a claimed birth: only the day tells them apart."""
    mothers = {other.key for other in claimed}
    return [
        Fault(
            f"/lines/{event.line_no - 1}/event_on",
            "EVENT_DATE_MISSING",
            "该职工已有同类申请,须填生育日 (she has a claim already: give the day of birth)",
        )
        for event in events
        if event.key in mothers and _month_of_birth(event.text) is None
    ]


def _months(period: Period) -> int:
    return period.year * 12 + period.month


def claimed_faults(pairs: Iterable[tuple[BenefitEvent, ClaimedEvent]]) -> list[Fault]:
    """Build one fault for each line whose event is claimed already, naming the claim."""
    faults: dict[int, Fault] = {}
    for event, other in pairs:
        claim = other.claim.text(Reference.CLAIM)
        hint = ";如为另一次生育,请填 event_on" if _is_birth(event) else ""
        english = "; for another birth give event_on" if _is_birth(event) else ""
        faults.setdefault(
            event.line_no,
            Fault(
                f"/lines/{event.line_no - 1}",
                "EVENT_CLAIMED",
                f"已在申请 {claim} 第 {other.line_no} 笔中{hint} "
                f"(already in claim {claim}, line {other.line_no}{english})",
            ),
        )
    return list(faults.values())


def _is_birth(event: BenefitEvent | ClaimedEvent) -> bool:
    return _BIRTH.fullmatch(event.text) is not None


def _kind(event: ClaimedEvent) -> str:
    return event.text.partition(":")[0]


def pairs_with(
    events: Iterable[BenefitEvent], claimed: Mapping[tuple[int, str], ClaimedEvent]
) -> list[tuple[BenefitEvent, ClaimedEvent]]:
    """Pair events with the claimed event of the same key and text."""
    return [
        (event, claimed[event.key, event.text])
        for event in events
        if (event.key, event.text) in claimed
    ]
