"""Proofs of life in the database, and the people of a district whose proof may be wanting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain.rule import LIFE_PROOF_MISSED
from services.payout.entitlements.store.due import IN_FORCE, NOT_STOPPED
from shared.ids import uuid7
from shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofWanting:
    """A pensioner with the first month of the pension and the day of the last proof."""

    id: UUID
    district: str
    sealed_number: bytes
    name: bytes
    since: Period
    proved_on: date | None


async def insert(
    tx: AsyncConnection,
    people: Sequence[tuple[int, bytes]],
    proofs: Sequence[tuple[date, str | None]],
    *,
    kind: str,
    channel: str,
    district: str,
    recorded_by: str,
) -> set[tuple[int, bytes]]:
    """Store proofs that are not stored yet; return the people of the new ones."""
    rows = await tx.execute(
        text("""
            INSERT INTO life_proof (person_id, id, identity_blind, kind, proved_on, channel,
                                    document, district, recorded_by)
            SELECT person_id, id, blind, CAST(:kind AS text), proved_on, CAST(:channel AS text),
                   document, CAST(:district AS text), CAST(:recorded_by AS text)
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:blinds AS bytea[]), CAST(:days AS date[]),
                          CAST(:documents AS text[]))
                AS batch (person_id, id, blind, proved_on, document)
             ORDER BY person_id
            ON CONFLICT (person_id, identity_blind, kind, proved_on) DO NOTHING
            RETURNING person_id, identity_blind
        """),
        {
            "kind": kind,
            "channel": channel,
            "district": district,
            "recorded_by": recorded_by,
            "person_ids": [person_id for person_id, _ in people],
            "ids": [uuid7() for _ in people],
            "blinds": [blind for _, blind in people],
            "days": [proved_on for proved_on, _ in proofs],
            "documents": [document for _, document in proofs],
        },
    )
    return {(row.person_id, bytes(row.identity_blind)) for row in rows}


async def entitled(
    tx: AsyncConnection, people: Sequence[tuple[int, bytes]], kind: str
) -> set[tuple[int, bytes]]:
    """Find those, as (person, keyed hash), who have an entitlement of a kind."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT row.person_id, row.identity_blind
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:blinds AS bytea[]))
                AS named (person_id, blind)
              JOIN entitlement AS row
                ON row.person_id = named.person_id AND row.identity_blind = named.blind
               AND row.kind = :kind AND row.suspended_at IS NULL
        """),
        {
            "person_ids": [person_id for person_id, _ in people],
            "blinds": [blind for _, blind in people],
            "kind": kind,
        },
    )
    return {(row.person_id, bytes(row.identity_blind)) for row in rows}


async def pensioners(
    tx: AsyncConnection,
    *,
    kind: str,
    district: str | None,
    month: Period,
    after: UUID | None,
    limit: int,
) -> list[ProofWanting]:
    """Read people whom a district, or any, pays in a month and who gave no proof in it, by id."""
    rows = await tx.execute(
        text(f"""
            SELECT row.id, row.district, row.sealed_number, row.name, opened.since,
                   proof.proved_on
              FROM (SELECT CAST(:month AS text) AS period) AS month
              JOIN entitlement AS row ON row.kind = :kind
             CROSS JOIN LATERAL (
                   SELECT min(in_force_from) AS since
                     FROM entitlement AS first
                    WHERE first.person_id = row.person_id
                      AND first.identity_blind = row.identity_blind AND first.kind = row.kind
                      AND first.suspended_at IS NULL) AS opened
             CROSS JOIN LATERAL (
                   SELECT max(proved_on) AS proved_on
                     FROM life_proof
                    WHERE life_proof.person_id = row.person_id
                      AND life_proof.identity_blind = row.identity_blind
                      AND life_proof.kind = row.kind) AS proof
             WHERE {IN_FORCE}
               AND {NOT_STOPPED}
               AND (CAST(:district AS text) IS NULL OR row.district = :district)
               AND (proof.proved_on IS NULL OR proof.proved_on < :first_day)
               AND (CAST(:after AS uuid) IS NULL OR row.id > CAST(:after AS uuid))
             ORDER BY row.id
             LIMIT :limit
        """),
        {
            "kind": kind,
            "district": district,
            "month": str(month),
            "first_day": month.first_day,
            "after": after,
            "limit": limit,
        },
    )
    return [
        ProofWanting(
            id=row.id,
            district=row.district,
            sealed_number=bytes(row.sealed_number),
            name=bytes(row.name),
            since=Period.parse(row.since),
            proved_on=row.proved_on,
        )
        for row in rows
    ]


async def proved_late(
    tx: AsyncConnection, *, kind: str, district: str, limit: int
) -> Sequence[Row[tuple[bytes, str, date]]]:
    """Read people of a district who are suspended for a missed proof and have proved since.

    Each row has the sealed number, the first suspended month and the day of the proof.
    """
    rows = await tx.execute(
        text("""
            SELECT row.sealed_number, stop.since, max(proof.proved_on) AS proved_on
              FROM entitlement AS row
              JOIN entitlement_suspension AS stop
                ON stop.person_id = row.person_id AND stop.identity_blind = row.identity_blind
               AND stop.kind = row.kind AND stop.reason = :reason AND stop.until IS NULL
              JOIN life_proof AS proof
                ON proof.person_id = row.person_id AND proof.identity_blind = row.identity_blind
               AND proof.kind = row.kind AND proof.recorded_at > stop.known_at
             WHERE row.kind = :kind AND row.district = :district AND row.suspended_at IS NULL
               AND NOT EXISTS (
                       SELECT 1
                         FROM entitlement AS later
                        WHERE later.person_id = row.person_id
                          AND later.identity_blind = row.identity_blind
                          AND later.kind = row.kind AND later.suspended_at IS NULL
                          AND later.in_force_from > row.in_force_from)
             GROUP BY row.id, row.sealed_number, stop.since
             ORDER BY row.id
             LIMIT :limit
        """),
        {"kind": kind, "district": district, "reason": LIFE_PROOF_MISSED, "limit": limit},
    )
    return rows.all()
