"""A database of before: wide rows read the same as rows of one line or person, and void papers stay void."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg
import pytest

Upgrade = Callable[[str], Awaitable[None]]
LINES = "SELECT * FROM declaration_line ORDER BY unit_id, declaration_id, round, line_no"
PEOPLE = """
    SELECT unit_id, declaration_id, round, line_no, person_id, wage_fen, asked_fen, base_fen,
           unit_fen, personal_fen
      FROM declaration_person
     ORDER BY unit_id, declaration_id, round, line_no
"""


async def test_lines_and_people_read_as_before(
    empty_database_url: str, upgrade_to: Upgrade
) -> None:
    await upgrade_to("collection_0058")
    db = await asyncpg.connect(empty_database_url)
    try:
        await db.execute("SET session_replication_role = replica")
        await db.execute("SET search_path = collection")
        paper = uuid4()
        for unit_id in (1, 2):
            await db.execute(
                "INSERT INTO declaration (unit_id, id, credit_code, district, period, status,"
                " policy_id, unit_kind, people, wages_fen, unit_fen, personal_fen, total_fen)"
                " VALUES ($1, $2, 'code', 'heping', '2021-07', 'submitted', $2, 'enterprise', 1, 1,"
                " 1, 1, 2)",
                *(unit_id, paper),
            )
        for unit_id, round_, lines, people in ((1, 1, 3, 60), (1, 2, 2, 1), (2, 1, 1, 0)):
            await db.executemany(
                "INSERT INTO declaration_line VALUES ($1, $2, $3, $4, $5, 'pension', 'unit',"
                " 'pooled', 'pension', 'rule', 100, $6)",
                [
                    (unit_id, paper, round_, n, ("people", "relief")[n == 3], 10 - 7 * n)
                    for n in range(1, lines + 1)
                ],
            )
            await db.executemany(
                "INSERT INTO declaration_person VALUES ($1, $2, $3, $4, $5, 900, $6, $7, $8, $9)",
                [
                    (
                        *(
                            unit_id,
                            paper,
                            round_,
                            n,
                            1000 + n,
                            [n, n, n] if n in {30, 60} else None,
                        ),
                        *([n, 2 * n, 3 * n], [4, 5, n], [n, 6, 7]),
                    )
                    for n in range(1, people + 1)
                ],
            )
        lines, people = await db.fetch(LINES), await db.fetch(PEOPLE)
        await upgrade_to("head")
        assert await db.fetch(LINES) == lines
        assert await db.fetch(PEOPLE) == people
        rows = await db.fetch("SELECT first_line FROM declaration_people ORDER BY 1")
        assert [row["first_line"] for row in rows] == [1, 1, 25, 49]
        with pytest.raises(asyncpg.CheckViolationError):
            await db.execute("UPDATE declaration_levy SET amount_fen[3] = 1 WHERE first_line = 1")
    finally:
        await db.close()


async def test_a_void_paper_makes_way_and_a_living_one_does_not(
    empty_database_url: str, upgrade_to: Upgrade
) -> None:
    await upgrade_to("collection_0061")
    db = await asyncpg.connect(empty_database_url)
    insert = (
        "INSERT INTO declaration (unit_id, id, credit_code, district, period, status, corrects,"
        " kind, policy_id, unit_kind, people, wages_fen, unit_fen, personal_fen, total_fen) VALUES"
        " (1, $1, 'code', 'heping', '2021-07', $2, $3, $4, $1, 'enterprise', 1, 1, 1, 1, 2)"
    )
    try:
        await db.execute("SET session_replication_role = replica")
        await db.execute("SET search_path = collection")
        first, second = uuid4(), uuid4()
        await db.execute(insert, uuid4(), "withdrawn", None, "default")
        await db.execute(insert, uuid4(), "superseded", None, "default")
        await db.execute(insert, first, "settled", None, "monthly")
        await db.execute(insert, second, "submitted", first, "adjustment")
        await upgrade_to("head")
        rows = await db.fetch("SELECT status, void FROM declaration ORDER BY void, status")
        assert [tuple(row) for row in rows] == [
            ("settled", False),
            ("submitted", False),
            ("superseded", True),
            ("withdrawn", True),
        ]
        for corrects, kind in ((None, "default"), (first, "adjustment")):
            with pytest.raises(asyncpg.UniqueViolationError):
                await db.execute(insert, uuid4(), "submitted", corrects, kind)
        await db.execute("UPDATE declaration SET status = 'withdrawn' WHERE id = $1", second)
        await db.execute(insert, uuid4(), "submitted", first, "adjustment")
        with pytest.raises(asyncpg.UniqueViolationError):
            await db.execute("UPDATE declaration SET status = 'submitted' WHERE id = $1", second)
    finally:
        await db.close()
