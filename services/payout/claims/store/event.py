"""Events that claims are about, each under a unique key over all claims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.claims.domain.event import BenefitEvent, ClaimedEvent, PaperKey
from shared.ids import Ref, key_of
from shared.period import Period


def _claimed(row: Row[Any]) -> ClaimedEvent:
    return ClaimedEvent(
        key=row.event_key,
        text=row.event,
        period=Period.parse(row.period),
        claim=Ref(row.claim_key, row.claim_id),
        line_no=row.line_no,
    )


async def lock_people(tx: AsyncConnection, person_ids: Sequence[int]) -> None:
    """Let one claim at a time claim events of these people, until the transaction ends."""
    await tx.execute(
        text("""
            INSERT INTO benefit_person (person_id)
            SELECT DISTINCT person_id
              FROM unnest(CAST(:person_ids AS bigint[])) AS people (person_id)
             ORDER BY person_id
            ON CONFLICT (person_id) DO UPDATE SET person_id = excluded.person_id
        """),
        {"person_ids": list(person_ids)},
    )


async def of_people(
    tx: AsyncConnection, person_ids: Sequence[int], kind: str
) -> list[ClaimedEvent]:
    """Read the claimed events of a kind of these people."""
    rows = await tx.execute(
        text("""
            SELECT event_key, event, period, claim_key, claim_id, line_no
              FROM benefit_event
             WHERE event_key = ANY (CAST(:person_ids AS bigint[])) AND live
               AND starts_with(event, CAST(:kind AS text) || ':')
        """),
        {"person_ids": list(person_ids), "kind": kind},
    )
    return [_claimed(row) for row in rows]


async def claim_events(
    tx: AsyncConnection,
    claim: Ref,
    period: Period,
    events: Sequence[BenefitEvent],
    others: Sequence[BenefitEvent] = (),
) -> dict[tuple[int, str], ClaimedEvent]:
    """Claim events; return those, and of `others`, that another claim has claimed, by key and text.

    The rows are written in key order, so that two claims of the same events wait for each other
    instead of deadlocking.
    """
    parameters = {
        "keys": [event.key for event in events],
        "events": [event.text for event in events],
        "line_nos": [event.line_no for event in events],
    }
    await tx.execute(
        text("""
            INSERT INTO benefit_event (event_key, event, period, claim_key, claim_id, line_no)
            SELECT event_key, event, CAST(:period AS text), CAST(:claim_key AS bigint),
                   CAST(:claim_id AS uuid), line_no
              FROM unnest(CAST(:keys AS bigint[]), CAST(:events AS text[]),
                          CAST(:line_nos AS int[])) AS batch (event_key, event, line_no)
             ORDER BY event_key, event
            ON CONFLICT (event_key, event) WHERE live DO NOTHING
        """),
        {"period": str(period), "claim_key": claim.key, "claim_id": claim.id, **parameters},
    )
    rows = await tx.execute(
        text("""
            SELECT stored.event_key, stored.event, stored.period, stored.claim_key,
                   stored.claim_id, stored.line_no
              FROM unnest(CAST(:keys AS bigint[]), CAST(:events AS text[]))
                AS wanted (event_key, event)
              JOIN benefit_event AS stored
                ON stored.event_key = wanted.event_key AND stored.event = wanted.event
             WHERE stored.live AND stored.claim_id <> CAST(:claim_id AS uuid)
        """),
        {
            "claim_id": claim.id,
            "keys": [event.key for event in (*events, *others)],
            "events": [event.text for event in (*events, *others)],
        },
    )
    return {(found.key, found.text): found for found in map(_claimed, rows)}


async def readable_papers(tx: AsyncConnection, limit: int) -> list[str]:
    """Read some hospital papers that an earlier release stored readable."""
    rows = await tx.execute(
        text("""
            SELECT event
              FROM benefit_event
             WHERE starts_with(event, 'hospital_settlement:')
               AND NOT starts_with(event, 'hospital_settlement:person:')
             LIMIT :limit
        """),
        {"limit": limit},
    )
    return sorted(set(rows.scalars()))


async def hide_papers(tx: AsyncConnection, papers: Sequence[PaperKey]) -> None:
    """Store by its keyed hash what an earlier release stored of these papers readable."""
    await tx.execute(
        text("""
            WITH paper AS (
                SELECT *
                  FROM unnest(CAST(:old_keys AS bigint[]), CAST(:olds AS text[]),
                              CAST(:keys AS bigint[]), CAST(:events AS text[]))
                    AS paper (old_key, old, key, event)
            ), readable AS (
                DELETE FROM benefit_event AS stored
                 USING paper
                 WHERE stored.event_key = paper.old_key AND stored.event = paper.old
                RETURNING paper.key, paper.event, stored.period, stored.claim_key,
                          stored.claim_id, stored.line_no, stored.live
            )
            INSERT INTO benefit_event (event_key, event, period, claim_key, claim_id, line_no, live)
            SELECT key, event, period, claim_key, claim_id, line_no, live
              FROM readable
        """),
        {
            "old_keys": [key_of("benefit_event", paper.readable) for paper in papers],
            "olds": [paper.readable for paper in papers],
            "keys": [paper.key for paper in papers],
            "events": [paper.text for paper in papers],
        },
    )


async def release(tx: AsyncConnection, claim: Ref) -> None:
    """Release the events of a refused claim; another claim may claim them."""
    await tx.execute(
        text("""
            UPDATE benefit_event
               SET live = false
             WHERE claim_id = :claim_id AND claim_key = :claim_key AND live
        """),
        {"claim_id": claim.id, "claim_key": claim.key},
    )


async def claimed_in_year(
    tx: AsyncConnection, person_ids: Sequence[int], kind: str, year: int
) -> dict[int, int]:
    """Sum what the claims of a kind and year have for these people, in fen."""
    rows = await tx.execute(
        text("""
            SELECT person_id, CAST(sum(amount_fen) AS bigint) AS fen
              FROM claimed_year
             WHERE person_id = ANY (CAST(:person_ids AS bigint[])) AND kind = :kind
               AND year = :year AND live
             GROUP BY person_id
        """),
        {"person_ids": list(person_ids), "kind": kind, "year": year},
    )
    return {row.person_id: row.fen for row in rows}


async def count_year(
    tx: AsyncConnection, claim: Ref, kind: str, year: int, amounts: Sequence[tuple[int, int, int]]
) -> None:
    """Store what a claim has for each person; `amounts` are (line number, person, fen)."""
    await tx.execute(
        text("""
            INSERT INTO claimed_year (person_id, kind, year, claim_key, claim_id, amount_fen)
            SELECT person_id, CAST(:kind AS text), CAST(:year AS int), CAST(:claim_key AS bigint),
                   CAST(:claim_id AS uuid), CAST(sum(amount_fen) AS bigint)
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:amounts AS bigint[]))
                AS batch (person_id, amount_fen)
             GROUP BY person_id
        """),
        {
            "kind": kind,
            "year": year,
            "claim_key": claim.key,
            "claim_id": claim.id,
            "person_ids": [person for _, person, _ in amounts],
            "amounts": [amount_fen for _, _, amount_fen in amounts],
        },
    )


async def release_years(tx: AsyncConnection, claim: Ref) -> None:
    """Let a refused claim count no more for the limits of the year."""
    await tx.execute(
        text("""
            UPDATE claimed_year
               SET live = false
             WHERE claim_id = :claim_id AND claim_key = :claim_key AND live
        """),
        {"claim_id": claim.id, "claim_key": claim.key},
    )
