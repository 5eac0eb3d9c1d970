"""A database of before: covers that overlapped are marked, and signatures of one person stay."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from services import migrate as migration
from services.migrate import migrate

UNIT, PERSON = 5, 77


async def _upgrade(url: str, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring collection's schema to a revision."""
    with monkeypatch.context() as patch:
        real = migration.command.upgrade
        patch.setattr(migration.command, "upgrade", lambda config, _: real(config, revision))
        await migrate(url, ["collection"])


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
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, paper = empty_database_url, uuid4()
    await _upgrade(url, "collection_0015", monkeypatch)
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
