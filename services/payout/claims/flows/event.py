"""Claiming the events of a claim, and counting what people claim in a year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BenefitKind, Once
from services.payout.claims.domain.claim import Claim, ClaimLine
from services.payout.claims.domain.draft import ClaimDraft, year_limit_faults
from services.payout.claims.domain.event import (
    EventClaimed,
    EventSource,
    PaperKey,
    births_of,
    claimed_faults,
    events_of,
    pairs_with,
    readable_papers,
    repeated_events,
    same_births,
    sibling_events,
    undated_faults,
)
from services.payout.claims.store import event as event_store
from services.payout.common.domain import FAULTS_NAMED, require_faultless
from services.payout.common.flows import PersonKeys


def source_of(draft: ClaimDraft, row: BenefitKind, siblings: Sequence[str]) -> EventSource:
    """Build the source of a claim's events; `siblings` are the other kinds of its group."""
    return EventSource(
        kind=row.kind,
        once=row.once,
        period=draft.period,
        credit_code=draft.credit_code,
        group=row.event_group,
        siblings=siblings,
    )


def papers_of(
    draft: ClaimDraft, source: EventSource, keys: PersonKeys
) -> dict[int, list[PaperKey]]:
    """Compute the keyed hashes of a claim's papers by line; empty unless a paper is the event."""
    if source.once is not Once.PAPER:
        return {}
    return {
        line_no: [
            paper_key(readable, keys)
            for name in (*source.names, *source.siblings)
            for readable in readable_papers(name, line.payee_name, line.reference)
        ]
        for line_no, line in enumerate(draft.lines, start=1)
    }


def paper_key(readable: str, keys: PersonKeys) -> PaperKey:
    """Compute the keyed hash of a paper."""
    return PaperKey(readable.partition(":")[0], readable, *keys.blind_event(readable))


async def hide_papers(tx: AsyncConnection, limit: int, *, keys: PersonKeys) -> int:
    """Hide some hospital papers that an earlier release stored readable; return how many."""
    readable = await event_store.readable_papers(tx, limit)
    await event_store.hide_papers(tx, [paper_key(text, keys) for text in readable])
    return len(readable)


async def count_years(
    tx: AsyncConnection,
    claim: Claim,
    filed_on: date,
    row: BenefitKind,
    lines: Sequence[ClaimLine],
) -> None:
    """Count a claim's lines for the limits of the year of their event, or else of the filing.

    Raises:
        Faulty: lines that take a person above the limit.
    """
    years: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for line in lines:
        if line.person_id is not None:
            year = (line.event_on or filed_on).year
            years[year].append((line.line_no, line.person_id, line.whole_fen))
    if row.year_limit_fen is not None and years:
        named = {person for amounts in years.values() for _, person, _ in amounts}
        await event_store.lock_people(tx, sorted(named))
    for year, amounts in sorted(years.items()):
        if row.year_limit_fen is not None:
            people = sorted({person for _, person, _ in amounts})
            claimed_fen = await event_store.claimed_in_year(tx, people, claim.kind, year)
            require_faultless(year_limit_faults(amounts, claimed_fen, row))
        await event_store.count_year(tx, claim.ref, claim.kind, year, amounts)


async def claim_all(
    tx: AsyncConnection,
    claim: Claim,
    source: EventSource,
    lines: Sequence[ClaimLine],
    papers: dict[int, list[PaperKey]],
) -> None:
    """Claim the events of a claim's lines; `papers` has the papers by line.

    Raises:
        Faulty: two lines are about the same event, or a birth needs its day.
        EventClaimed: another claim has a line's event; each line is named with that claim.
    """
    events = events_of(source, lines, papers)
    if not events:
        return
    require_faultless(repeated_events(events))
    if papers:
        # One that is stored readable still counts: the new event meets it under its new key.
        every = [paper for of_line in papers.values() for paper in of_line]
        await event_store.hide_papers(tx, sorted(every, key=lambda paper: paper.key))
    pairs = []
    if source.once is Once.BIRTH:
        mothers = [event.key for event in events]
        await event_store.lock_people(tx, mothers)
        births = births_of(await event_store.of_people(tx, mothers, claim.kind))
        pairs = same_births(events, claim.period, births)
        if not pairs:
            require_faultless(undated_faults(events, births))
    if not pairs:
        others = sibling_events(source, lines, papers)
        claimed = await event_store.claim_events(tx, claim.ref, claim.period, events, others)
        pairs = pairs_with([*events, *others], claimed)
    if pairs:
        faults = claimed_faults(pairs)
        raise EventClaimed(faults=faults[:FAULTS_NAMED], count=len(faults))
