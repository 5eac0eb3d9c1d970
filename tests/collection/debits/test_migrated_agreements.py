"""A database of before: accounts of units that pay by debit become agreements; batches get files."""

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID, uuid4

import asyncpg
import orjson

Upgrade = Callable[[str], Awaitable[None]]
ACCOUNT = orjson.dumps({"bank": "某银行", "number": "sealed:x", "name": "某公司"}).decode()


async def test_accounts_are_carried_over_and_batches_get_a_number(
    empty_database_url: str, upgrade_to: Upgrade
) -> None:
    await upgrade_to("collection_0038")
    db = await asyncpg.connect(empty_database_url)
    try:
        await db.execute("SET session_replication_role = replica")
        await db.execute("SET search_path = collection")
        for unit_id, collector, bank in (
            (1, "bank_debit", ACCOUNT),
            (2, "tax", ACCOUNT),
            (3, "bank_debit", None),
        ):
            await db.execute(
                "INSERT INTO unit (unit_id, credit_code, name, kind, district, collector, bank)"
                " VALUES ($1, $2, '某公司', 'enterprise', 'heping', $3, $4)",
                *(unit_id, f"code{unit_id}", collector, bank),
            )
        batch = uuid4()
        await db.execute(
            "INSERT INTO debit_batch (id, period, debit_date, status, lines, total_fen, created_by)"
            " VALUES ($1, '2021-07', $2, 'created', 1, 100, 'li')",
            *(batch, date(2021, 7, 28)),
        )
        await upgrade_to("head")
        rows = await db.fetch("SELECT * FROM debit_agreement")
        assert [(row["unit_id"], row["status"], row["carried_over"]) for row in rows] == [
            (1, "approved", True)
        ]
        assert orjson.loads(rows[0]["bank"]) == orjson.loads(ACCOUNT)
        assert (rows[0]["bank_code"], rows[0]["limit_fen"], rows[0]["valid_to"]) == (
            *("city", None, None),
        )
        row = await db.fetchrow("SELECT id, bank, file_no FROM debit_batch")
        assert row is not None
        expected = f"D20210728-{UUID(str(row['id'])).hex[-12:]}"
        assert (row["bank"], row["file_no"]) == ("city", expected)
        classes = await db.fetchval("SELECT class FROM debit_reason WHERE code = 'DUPL'")
        assert classes == "status_unknown", (
            "a bank that knows the file already is asked, not sent again"
        )
    finally:
        await db.close()
