"""A database of before: what its rows become when it is migrated."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.migrate import migrate

UNIT, PERSON = 5, 77


async def _enrol(db: asyncpg.Connection, joined_on: str, left_on: str | None) -> None:
    await db.execute(
        "INSERT INTO collection.enrolment (unit_id, person_id, joined_on, left_on, person_uuid,"
        " masked_number, masked_name) VALUES ($1, $2, $3::text::date, $4::text::date, $5, '', '')",
        UNIT,
        PERSON,
        joined_on,
        left_on,
        UUID(int=1),
    )


async def _sign(db: asyncpg.Connection, paper: UUID, person: str) -> None:
    await db.execute(
        "INSERT INTO collection.trail (shard_key, id, paper, paper_id, step, signs, person, role,"
        " level, district) VALUES (1, $1, 'change', $2, 's', true, $3, 'r', 'l', 'd')",
        uuid4(),
        paper,
        person,
    )


async def test_an_older_database_keeps_its_overlaps_and_signatures_and_takes_no_more(
    empty_database_url: str, upgrade_to: Callable[[str], Awaitable[None]]
) -> None:
    url, paper = empty_database_url, uuid4()
    await upgrade_to("collection_0015")
    db = await asyncpg.connect(url)
    try:
        await db.execute(
            "INSERT INTO collection.unit (unit_id, credit_code, name, kind, district, collector)"
            " VALUES ($1, 'c', 'n', 'enterprise', 'heping', 'tax')",
            UNIT,
        )
        await _enrol(db, "2021-01-01", "2021-02-28")
        await _enrol(db, "2021-03-01", None)
        await _enrol(db, "2021-08-01", "2021-08-31")
        await _sign(db, paper, "Li")
        await _sign(db, paper, "li")
        await migrate(url, ["collection"])
        rows = await db.fetch(
            "SELECT joined_on::text, overlapping FROM collection.enrolment ORDER BY joined_on"
        )
        assert [tuple(row) for row in rows] == [
            ("2021-01-01", False),
            ("2021-03-01", False),
            ("2021-08-01", True),
        ]
        with pytest.raises(asyncpg.ExclusionViolationError):
            await _enrol(db, "2021-02-28", "2021-02-28")
        assert await db.fetchval("SELECT count(*) FROM collection.trail WHERE signs") == 2
        with pytest.raises(asyncpg.UniqueViolationError):
            await _sign(db, paper, "ＬＩ")
        await _sign(db, paper, "wu")
    finally:
        await db.close()


async def _correct(db: asyncpg.Connection, person: int, status: str, day: str) -> UUID:
    """Store a correction of a person as revision 0022 did."""
    paper = uuid4()
    await db.execute(
        """
        INSERT INTO collection.person_correction
               (person_id, id, person_uuid, survivor_id, survivor_uuid, district, status,
                masked_number, right_number, masked_name, right_name, sealed_name, document_kind,
                reason, document, decided_at)
        VALUES ($1, $2, $2, $1, $2, 'heping', $3, '', '', '', '', '', 'citizen', '', '',
                CASE WHEN $3 <> 'proposed' THEN $4::text::timestamptz END)
        """,
        person,
        paper,
        status,
        day,
    )
    return paper


async def test_corrections_of_before_are_numbered_in_their_order(
    empty_database_url: str, upgrade_to: Callable[[str], Awaitable[None]]
) -> None:
    url = empty_database_url
    await upgrade_to("collection_0022")
    db = await asyncpg.connect(url)
    try:
        for person in (1, 2):
            await db.execute(
                "INSERT INTO collection.person (person_id, tag, sealed_number, sealed_name)"
                " VALUES ($1, $2, '', '')",
                person,
                person.to_bytes(),
            )
        second = await _correct(db, 1, "in_force", "2021-08-02")
        first = await _correct(db, 2, "in_force", "2021-08-01")
        refused = await _correct(db, 1, "refused", "2021-08-01")
        waiting = await _correct(db, 2, "proposed", "2021-08-01")
        await migrate(url, ["collection"])
        rows = await db.fetch("SELECT id, number FROM collection.person_correction")
        assert {row["id"]: row["number"] for row in rows} == {
            first: 1,
            second: 2,
            refused: None,
            waiting: None,
        }
        last = await db.fetchval("SELECT last FROM collection.person_correction_count")
        assert last == 2
    finally:
        await db.close()
