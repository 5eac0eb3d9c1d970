"""No number of a unit's account lies readable in collection's tables, nor stays so after an upgrade."""

import asyncio
import re

import asyncpg
import pytest

from services.collection.worker import sealer
from shared.db import Database
from shared.ids import unit_key
from shared.security.identity import Identity
from tests.collection.support.office import Office, a_code, a_unit
from tests.collection.support.register import approve, change

NUMBERS = re.compile(rb"030200987654\d{7}")

COLUMNS = """
SELECT table_name, array_agg(column_name)
  FROM information_schema.columns
  JOIN information_schema.tables USING (table_schema, table_name)
 WHERE table_schema = 'collection'
   AND table_type = 'BASE TABLE'
   AND data_type IN ('text', 'jsonb', 'bytea')
 GROUP BY table_name
"""


def account(serial: int) -> dict[str, str]:
    return {"bank": "中国工商银行", "number": f"030200987654{serial:07d}", "name": "天津和顺"}


async def readable(office: Office) -> set[str]:
    """List the columns of collection in which an account's number can be read."""
    found = set()
    for table, columns in await office.fetch(COLUMNS):
        names = ", ".join(f'"{column}"' for column in columns)
        for row in await office.fetch(f'SELECT {names} FROM collection."{table}"'):
            for column, value in zip(columns, row, strict=True):
                raw = value if isinstance(value, bytes) else str(value).encode()
                if NUMBERS.search(raw):
                    found.add(f"{table}.{column}")
    return found


async def test_accounts_are_sealed_and_compared_and_shown_masked(office: Office) -> None:
    code = a_code()
    body = a_unit(code, bank_account=account(1))
    for _ in range(2):
        answer = await office.post("district_clerk", "/v1/units", body)
        assert answer.status_code == 201, "the same account is no other fact"
    assert answer.json()["bank_account"]["number"].endswith("***0001")
    proposed = (await change(office, code, bank_account=account(2))).json()
    assert proposed["after"]["bank_account"]["number"].endswith("***0002")
    assert (await approve(office, proposed)).json()["status"] == "in_force"
    again = await change(office, code, bank_account=account(2))
    assert again.json()["code"] == "NOTHING_CHANGES"
    assert await readable(office) == set()


async def test_accounts_of_before_are_sealed_once(
    office: Office, db: Database, identity: Identity
) -> None:
    code = a_code()
    await office.post("district_clerk", "/v1/units", a_unit(code, bank_account=account(3)))
    proposed = (await change(office, code, bank_account=account(4))).json()
    await office.fetch(
        "UPDATE collection.unit SET bank = jsonb_set(bank, '{number}', $2) WHERE unit_id = $1",
        unit_key(code),
        f'"{account(3)["number"]}"',
    )
    await office.fetch("ALTER TABLE collection.register_change DISABLE TRIGGER USER")
    await office.fetch(
        "UPDATE collection.register_change SET before = jsonb_set(before, '{bank,number}', $2),"
        " after = jsonb_set(after, '{bank,number}', $3) WHERE unit_id = $1",
        unit_key(code),
        f'"{account(3)["number"]}"',
        f'"{account(4)["number"]}"',
    )
    await office.fetch("ALTER TABLE collection.register_change ENABLE TRIGGER USER")
    assert await readable(office) == {
        "unit.bank",
        "register_change.before",
        "register_change.after",
    }
    shown = (await office.get("supervisor", f"/v1/units/{code}")).json()
    assert shown["bank_account"]["number"].endswith("***0003")

    work = sealer(db, identity)
    await asyncio.gather(*(work.step() for _ in range(3)))
    while await work.step():
        pass
    assert await readable(office) == set()
    assert (await approve(office, proposed)).json()["status"] == "in_force"
    with pytest.raises(asyncpg.RestrictViolationError):
        await office.fetch(
            "UPDATE collection.register_change SET after = jsonb_set(after, '{bank,number}', '\"1\"')"
        )
