"""Files of other offices and their matches in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.store.due import IN_FORCE, NOT_STOPPED
from services.payout.life_proofs.domain.comparison import (
    Comparison,
    ComparisonFile,
    ComparisonMatch,
    MatchStatus,
)
from shared.ids import Ref, uuid7
from shared.page import read_page
from shared.period import Period

_FILE = "file_key, id, comparison, district, source, records, matches, uploaded_by"
_MATCHES = """
    SELECT person_id, id, comparison, file_key, file_id, record_no, district, sealed_number, name,
           event_on, note, status, change_key, change_id
      FROM (SELECT match.*, CASE paper.status WHEN 'approved' THEN 'settled'
                                              WHEN 'proposed' THEN 'proposed'
                                              ELSE 'open' END AS status
              FROM comparison_match AS match
              LEFT JOIN (SELECT change_key, id, status FROM entitlement_change) AS paper
                ON paper.change_key = match.change_key AND paper.id = match.change_id) AS found
"""


def _file(*, file_key: int, id: UUID, comparison: str, **columns: Any) -> ComparisonFile:
    return ComparisonFile(ref=Ref(file_key, id), comparison=Comparison(comparison), **columns)


def _match(
    *,
    person_id: int,
    id: UUID,
    comparison: str,
    file_key: int,
    file_id: UUID,
    status: str,
    change_key: int | None,
    change_id: UUID | None,
    **columns: Any,
) -> ComparisonMatch:
    return ComparisonMatch(
        ref=Ref(person_id, id),
        comparison=Comparison(comparison),
        file=Ref(file_key, file_id),
        status=MatchStatus(status),
        change=None if change_key is None or change_id is None else Ref(change_key, change_id),
        **columns,
    )


async def same_file(tx: AsyncConnection, file_key: int, digest: bytes) -> ComparisonFile | None:
    """Find a stored file with the same content."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_FILE}
                  FROM comparison_file
                 WHERE file_key = :file_key AND digest = :digest
            """),
            {"file_key": file_key, "digest": digest},
        )
    ).first()
    return _file(**row._mapping) if row else None


async def paid_people(
    tx: AsyncConnection,
    people: Sequence[tuple[int, bytes]],
    events: Sequence[date],
    *,
    kind: str,
    month: Period,
    district: str | None,
) -> Sequence[Row[Any]]:
    """Find those, by their place in the list, whom a district or any pays in a month.

    Left out are people whose pension ends with the month of the event or before it, and those
    who are suspended from the month after it on: nothing is left to decide.
    """
    rows = await tx.execute(
        text(f"""
            SELECT named.place, row.district, row.sealed_number, row.name
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:blinds AS bytea[]),
                          CAST(:events AS date[]))
                   WITH ORDINALITY AS named (person_id, blind, event_on, place)
             CROSS JOIN (SELECT CAST(:month AS text) AS period) AS month
              JOIN entitlement AS row
                ON row.person_id = named.person_id AND row.identity_blind = named.blind
               AND row.kind = :kind
             WHERE {IN_FORCE}
               AND {NOT_STOPPED}
               AND NOT EXISTS (
                       SELECT 1
                         FROM entitlement_end AS ended
                        WHERE ended.person_id = row.person_id
                          AND ended.identity_blind = row.identity_blind
                          AND ended.kind = row.kind AND ended.status = 'approved'
                          AND ended.again_from IS NULL
                          AND ended.last_period <= to_char(named.event_on, 'YYYY-MM'))
               AND NOT EXISTS (
                       SELECT 1
                         FROM entitlement_suspension AS suspended
                        WHERE suspended.person_id = row.person_id
                          AND suspended.identity_blind = row.identity_blind
                          AND suspended.kind = row.kind AND suspended.until IS NULL
                          AND suspended.since
                              <= to_char(named.event_on + interval '1 month', 'YYYY-MM'))
               AND (CAST(:district AS text) IS NULL OR row.district = :district)
             ORDER BY named.place
        """),
        {
            "person_ids": [person_id for person_id, _ in people],
            "blinds": [blind for _, blind in people],
            "events": list(events),
            "month": str(month),
            "kind": kind,
            "district": district,
        },
    )
    return rows.all()


async def insert_file(tx: AsyncConnection, file: ComparisonFile, digest: bytes) -> None:
    """Store a file."""
    await tx.execute(
        text("""
            INSERT INTO comparison_file (file_key, id, comparison, district, source, digest, records,
                                         matches, uploaded_by)
            VALUES (:file_key, :id, :comparison, :district, :source, :digest, :records, :matches,
                    :uploaded_by)
        """),
        {
            "file_key": file.ref.key,
            "id": file.ref.id,
            "comparison": file.comparison.value,
            "district": file.district,
            "source": file.source,
            "digest": digest,
            "records": file.records,
            "matches": file.matches,
            "uploaded_by": file.uploaded_by,
        },
    )


async def insert_matches(
    tx: AsyncConnection,
    file: ComparisonFile,
    kind: str,
    matches: Sequence[tuple[tuple[int, bytes], Row[Any], date, str | None]],
) -> None:
    """Store the matches of a file; one with the same event that is stored already stays as it is.

    Each is the person, the row of `paid_people`, the day of the event and the record's note.
    """
    await tx.execute(
        text("""
            INSERT INTO comparison_match (person_id, id, identity_blind, kind, comparison, file_key,
                                          file_id, record_no, district, sealed_number, name,
                                          event_on, note)
            SELECT person_id, id, blind, CAST(:kind AS text), CAST(:comparison AS text),
                   CAST(:file_key AS bigint), CAST(:file_id AS uuid), record_no, district, sealed,
                   name, event_on, note
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:blinds AS bytea[]), CAST(:record_nos AS integer[]),
                          CAST(:districts AS text[]), CAST(:sealed AS bytea[]),
                          CAST(:names AS bytea[]), CAST(:days AS date[]), CAST(:notes AS text[]))
                AS batch (person_id, id, blind, record_no, district, sealed, name, event_on, note)
             ORDER BY record_no
            ON CONFLICT (person_id, identity_blind, kind, comparison, event_on) DO NOTHING
        """),
        {
            "kind": kind,
            "comparison": file.comparison.value,
            "file_key": file.ref.key,
            "file_id": file.ref.id,
            "person_ids": [person[0] for person, _, _, _ in matches],
            "ids": sorted(uuid7() for _ in matches),
            "blinds": [person[1] for person, _, _, _ in matches],
            "record_nos": [row.place for _, row, _, _ in matches],
            "districts": [row.district for _, row, _, _ in matches],
            "sealed": [row.sealed_number for _, row, _, _ in matches],
            "names": [row.name for _, row, _, _ in matches],
            "days": [event_on for _, _, event_on, _ in matches],
            "notes": [note for _, _, _, note in matches],
        },
    )


async def load_matches(tx: AsyncConnection, refs: Sequence[Ref]) -> list[ComparisonMatch]:
    """Read matches."""
    rows = await tx.execute(
        text(f"""
            {_MATCHES}
              JOIN unnest(CAST(:person_ids AS bigint[]), CAST(:ids AS uuid[]))
                AS named (named_person, named_id)
                ON found.person_id = named_person AND found.id = named_id
             ORDER BY found.id
        """),
        {"person_ids": [ref.key for ref in refs], "ids": [ref.id for ref in refs]},
    )
    return [_match(**row._mapping) for row in rows]


async def set_change(tx: AsyncConnection, matches: Sequence[ComparisonMatch], change: Ref) -> int:
    """Let a paper decide about matches; leave out one that another paper took since they were read.

    Returns how many it decides about.
    """
    result = await tx.execute(
        text("""
            UPDATE comparison_match AS match
               SET change_key = :change_key, change_id = :change_id
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:before AS uuid[])) AS named (person_id, id, before)
             WHERE match.person_id = named.person_id AND match.id = named.id
               AND match.change_id IS NOT DISTINCT FROM named.before
        """),
        {
            "change_key": change.key,
            "change_id": change.id,
            "person_ids": [match.ref.key for match in matches],
            "ids": [match.ref.id for match in matches],
            "before": [match.change.id if match.change else None for match in matches],
        },
    )
    return result.rowcount


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[ComparisonMatch]:
    """Read matches by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        _MATCHES,
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_match,
        equal=filters,
    )
