"""Collection's persons, accounts and files move to another key; accounts are compared over two keys meanwhile."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest

from services.collection.common.evidence import STREAMS
from services.collection.common.personal import RESEALED
from services.database.rotation import SealedData
from shared.db import Database, asyncpg_dsn
from shared.evidence.verify import frozen, verify
from shared.process.settings import Settings
from shared.security.field_cipher import FieldCipher
from shared.security.field_keys import Algorithm, FieldKeys
from shared.security.personal_data import AccountCipher
from shared.security.resealing import Form, SealedColumn
from tests.collection.support.filing import hand_in
from tests.collection.support.money import owe
from tests.collection.support.office import Office, a_code, a_person, a_unit
from tests.collection.support.register import approve, change, staffed
from tests.conftest import SettingsFor


@pytest.fixture(scope="module")
def settings_for(
    settings_for: SettingsFor, tmp_path_factory: pytest.TempPathFactory
) -> SettingsFor:
    """Settings with a directory of field keys of this module's own."""
    directory = tmp_path_factory.mktemp("field-keys")
    return lambda **more: settings_for(**({"field_keys_dir": directory} | more))


@pytest.fixture
async def data(settings_for: SettingsFor) -> AsyncIterator[SealedData]:
    """Collection's sealed values, as the administrator works on them."""
    settings: Settings = settings_for()
    db = Database(str(settings.database_url), "collection", pool_size=1, statement_timeout_ms=0)
    yield SealedData(settings, "collection", db)
    await db.close()


def account(serial: int) -> dict[str, str]:
    return {"bank": "中国工商银行", "number": f"030200987655{serial:07d}", "name": "天津和顺"}


async def lived(office: Office, code: str) -> dict[str, Any]:
    """Fill every sealed column of collection; return the change that waits."""
    body = a_unit(code, bank_account=account(1), collector="bank_debit")
    assert (await office.post("district_clerk", "/v1/units", body)).status_code == 201
    _, (person,) = await staffed(office, 1)
    correction = {
        "identity_number": person["identity_number"],
        "right": {"name": "李四光"},
        "reason": "登记有误",
        "document": "户籍证明 2021-118",
    }
    made = await office.post("district_clerk", "/v1/person-corrections", correction)
    assert made.status_code == 201, made.text
    await owe(office.database_url, codes=[code], collector="bank_debit")
    day = {"period": "2021-07", "debit_date": "2021-07-20"}
    made = await office.post("centre_cashier", "/v1/debit-batches", day, key=uuid4().hex)
    assert made.status_code == 201, made.text
    people = [a_person()]
    rows = f"credit_code,identity_number,wage\n{code},{people[0]['identity_number']},6500.00\n"
    assert (await hand_in(office, rows, people)).status_code == 202
    taken = await office.api.post(
        "/v1/bank-statements",
        params={
            "account": "income_deposit",
            "first": "2021-07-20",
            "last": "2021-07-20",
            "opening": "0.00",
            "closing": "1.00",
        },
        content="booked_on,amount,serial,counter_account,counter_name\n2021-07-20,1.00,S1,622,某公司",
        headers=office.bearer("centre_cashier") | {"Content-Type": "text/csv"},
    )
    assert taken.status_code == 201, taken.text
    proposed = await change(office, code, bank_account=account(2))
    assert proposed.status_code == 201, proposed.text
    found: dict[str, Any] = proposed.json()
    return found


async def statement_lines(office: Office, keys: FieldKeys) -> None:
    """Store a line of a bank's statement with the account and name of who paid, and a withdrawn one."""
    columns = "account_key, day, line_no, serial, reference, amount_fen, summary"
    line = "1, '2021-07-20', 1, '1', '1', 1, ''"
    for table, more, value in (
        ("bank_statement_line", "", ""),
        ("withdrawn_statement_line", ", withdrawal", ", gen_random_uuid()"),
    ):
        await office.fetch(
            f"INSERT INTO {table} ({columns}, counter_account, counter_name{more})"
            f" VALUES ({line}, $1, $2{value})",
            FieldCipher(keys, "counter_account").seal("6222020302064500001"),
            FieldCipher(keys, "counter_name").seal("张三"),
        )


async def opened(office: Office, keys: FieldKeys) -> dict[str, set[Any]]:
    """Read every sealed column of collection, opened."""
    found: dict[str, set[Any]] = {}
    for table in RESEALED:
        for column in table.columns:
            rows = await office.fetch(f"SELECT {column.name} FROM collection.{table.name}")
            values = [plain(column, row[0], keys) for row in rows if row[0]]
            found[f"{table.name}.{column.name}"] = {value for value in values if value}
    return found


def plain(column: SealedColumn, stored: Any, keys: FieldKeys) -> Any:
    """Open a stored value."""
    if column.form is not Form.ACCOUNT:
        return FieldCipher(keys, column.labels[0]).open_bytes(bytes(stored))
    value = orjson.loads(stored or "null")
    bank = value.get("bank") if value and column.path else value
    return bank and AccountCipher(keys).opened(bank)["number"]


async def test_everything_moves_once_and_a_change_that_waits_is_approved_after_it(
    office: Office, data: SealedData, db: Database
) -> None:
    code = a_code()
    proposed = await lived(office, code)
    await statement_lines(office, data.keys)
    before = await opened(office, data.keys)
    assert {name for name, values in before.items() if not values} == {"webhook_secret.sealed"}
    first = data.keys.current.id

    new = await data.rotate(Algorithm.SM4_GCM)
    # One account under two keys is one account.
    body = a_unit(code, bank_account=account(1), collector="bank_debit")
    answer = await office.post("district_clerk", "/v1/units", body)
    assert answer.status_code == 201, answer.text
    other = await change(office, await office.unit(), bank_account=account(9))
    assert other.status_code == 201, other.text

    assert await data.seal() > 6
    assert await data.waiting() == 0
    after = await opened(office, data.keys)
    assert all(after[name] >= values for name, values in before.items())
    assert {use.key.id: use.total for use in await data.uses()}[first] == 0
    await data.retire(first, settled=timedelta(0))
    assert [key.id for key in data.keys.ring.keys] == [new]

    assert (await approve(office, proposed)).json()["status"] == "in_force"
    again = await change(office, code, bank_account=account(2))
    assert again.json()["code"] == "NOTHING_CHANGES"
    async with frozen(db) as tx:
        assert (await verify(tx, "collection", STREAMS)).faults == []


async def test_an_account_that_waits_for_its_new_key_is_not_changed_to_itself(
    office: Office, data: SealedData
) -> None:
    code = a_code()
    await office.post("district_clerk", "/v1/units", a_unit(code, bank_account=account(21)))
    await data.rotate(Algorithm.AES_256_GCM)
    again = await change(office, code, bank_account=account(21))
    assert again.json()["code"] == "NOTHING_CHANGES"
    proposed = (await change(office, code, bank_account=account(22))).json()
    assert (await approve(office, proposed)).json()["status"] == "in_force"
    await data.seal()
    assert (await change(office, code, bank_account=account(22))).json()["code"] == (
        "NOTHING_CHANGES"
    )


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (
            "wuxian_collection",
            "UPDATE register_change SET after = jsonb_set(after, '{bank,number}', $1)",
        ),
        ("NONE", "UPDATE register_change SET after = jsonb_set(after, '{bank,number}', '\"1\"')"),
        ("NONE", "UPDATE register_change SET after = jsonb_set(after, '{bank,name}', '\"乙\"')"),
        ("NONE", "UPDATE debit_line SET bank = jsonb_set(bank, '{number}', '\"sealed:AAAA\"')"),
        (
            "NONE",
            "UPDATE debit_line SET bank = (SELECT bank FROM unit WHERE bank IS NOT NULL"
            " AND bank <> debit_line.bank LIMIT 1)",
        ),
    ],
)
async def test_nobody_changes_an_account_in_the_name_of_a_rotation(
    office: Office, data: SealedData, role: str, statement: str
) -> None:
    if not await office.fetch("SELECT 1 FROM collection.debit_line"):
        await lived(office, a_code())
    connection = await asyncpg.connect(
        asyncpg_dsn(office.database_url), server_settings={"search_path": "collection,public"}
    )
    given = ('"sealed:AAAA"',) if "$1" in statement else ()
    try:
        await connection.execute(f"SET ROLE {role}")
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(statement, *given)
    finally:
        await connection.close()
