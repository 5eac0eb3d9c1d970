"""No name and no account of a person lies readable in payout's tables, nor stays so after an upgrade."""

import asyncio
import re
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.payout.common.flows import PersonKeys
from services.payout.common.personal import TABLES
from shared.db import Database
from shared.ids import key_of
from shared.security.field_cipher import CipherBroken
from shared.security.personal_data import PersonalCipher
from shared.security.sealing import Sealer, seal_rows
from tests.payout.support.office import Office
from tests.payout.support.papers import account, hospital_claim, pensioner, result

NAMES = ("欧阳秋月", "天津市第九专科医院")
ACCOUNTS = re.compile(rb"62220203020645\d{5}")

COLUMNS = """
SELECT table_name, column_name
  FROM information_schema.columns
 WHERE table_schema = 'payout' AND data_type IN ('text', 'jsonb', 'bytea')
"""


async def readable(db: Database) -> set[str]:
    """List the columns of payout in which a name or an account can be read."""
    found = set()
    async with db.transaction() as tx:
        await tx.execute(text("SET LOCAL ROLE NONE"))
        for table, column in (await tx.execute(text(COLUMNS))).all():
            values = (
                await tx.execute(text(f'SELECT "{column}" AS value FROM "{table}"'))
            ).scalars()
            for value in values:
                raw = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                if ACCOUNTS.search(raw) or any(name.encode() in raw for name in NAMES):
                    found.add(f"{table}.{column}")
    return found


def named(body: dict[str, Any], name: str) -> dict[str, Any]:
    return body | {"name": name, "bank_account": body["bank_account"] | {"name": name}}


async def lived(office: Office, district: str, *serials: int) -> str:
    """Register, pay, refuse, correct and pay again; return the hospital's second batch."""
    people = [named(pensioner(serial), NAMES[0]) for serial in serials]
    assert (await office.register(people, district)).status_code == 201
    run = await office.approve((await office.run_pensions("2021-07", district)).json())
    claim = hospital_claim("100.00", "200.00", district=district)
    for line in claim["lines"]:
        line["payee_name"] = line["bank_account"]["name"] = NAMES[1]
    batch = await office.ready_batch(claim)
    lines = await office.lines(batch)
    await office.report(batch, [result(lines[0]), result(lines[1], "refused")])
    hospital = (await office.ask("GET", "/v1/failed-payments", role="supervisor")).json()["items"]
    failed = next(row for row in hospital if row["payment_batch"] == batch)
    body = {"line": failed["line"], "bank_account": account(1999, NAMES[1]), "note": "账号有误"}
    path = f"/v1/claims/{failed['claim']}/account-corrections"
    how = {"district": district, "key": uuid4().hex}
    proposed = await office.ask("POST", path, body, role="district_clerk", **how)
    assert proposed.status_code == 201, proposed.text
    again = await office.ask("POST", path, body, role="district_clerk", **how)
    assert again.json() == proposed.json(), "the sealed answer is given again"
    path = f"/v1/account-corrections/{proposed.json()['id']}/approvals"
    await office.ask("POST", path, {}, role="district_reviewer", district=district)
    second = await office.batch([failed["claim"]])
    await office.fund()
    await office.batch([run])
    return str(second.json()["id"])


async def test_nothing_is_readable_and_the_bank_gets_the_whole_account(office: Office) -> None:
    second = await lived(office, "jinnan", 1900)
    assert await readable(office.app.state.db) == set()
    line = (await office.lines(second))[0]
    assert line["payee_name"] == NAMES[1]
    assert line["bank_account"] == account(1999, NAMES[1])


async def unseal(office: Office) -> None:
    """Bring the tables back to the form in which an upgrade leaves them: readable, marked."""
    keys: PersonKeys = office.app.state.person_keys
    async with office.app.state.db.transaction() as tx:
        await tx.execute(text("SET LOCAL ROLE NONE"))
        await tx.execute(text("SET LOCAL session_replication_role = replica"))
        for table in TABLES:
            names = ", ".join([*table.key, *table.columns])
            for row in (await tx.execute(text(f"SELECT {names} FROM {table.name}"))).all():
                plain = {
                    column: b"\x00" + keys.by_label[label].open(row._mapping[column]).encode()
                    for column, label in table.columns.items()
                }
                changes = ", ".join(f"{column} = :{column}" for column in plain)
                where = " AND ".join(f"{column} = :{column}" for column in table.key)
                await tx.execute(
                    text(f"UPDATE {table.name} SET {changes} WHERE {where}"),
                    dict(row._mapping) | plain,
                )


def paper(reference: str) -> dict[str, Any]:
    claim = hospital_claim("100.00", summary=uuid4().hex)
    claim["lines"][0] |= {"payee_name": NAMES[1], "reference": reference}
    return claim


def refused(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json()["code"]) == (409, "EVENT_CLAIMED")


async def readable_event(office: Office, reference: str) -> None:
    """Store a claimed hospital paper as an earlier release did."""
    event = f"hospital_settlement:{NAMES[1]}:{reference.casefold()}"
    async with office.app.state.db.transaction() as tx:
        await tx.execute(
            text(
                "INSERT INTO benefit_event (event_key, event, period, claim_key, claim_id, line_no)"
                " VALUES (:key, :event, '2021-07', 1, :claim, 1)"
            ),
            {"key": key_of("benefit_event", event), "event": event, "claim": uuid4()},
        )


async def test_rows_of_before_are_read_and_paid_then_sealed_once(office: Office) -> None:
    second = await lived(office, "beichen", 1901, 1902)
    await unseal(office)
    await readable_event(office, "ZY-1900")
    assert await readable(office.app.state.db) >= {
        "entitlement.name",
        "payment_line.bank_number",
        "benefit_event.event",
    }
    line = (await office.lines(second))[0]
    assert line["bank_account"] == account(1999, NAMES[1])
    repeat = [named(pensioner(serial), NAMES[0]) for serial in (1901, 1902)]
    assert (await office.register(repeat, "beichen")).json()["replayed"] == 2

    assert refused(await office.file(paper("ZY-1900")))

    await readable_event(office, "ZY-1901")
    sealer: Sealer = office.app.state.sealer
    await asyncio.gather(*(sealer.step() for _ in range(3)))  # at once, as several workers do
    while await sealer.step():
        pass
    assert await readable(office.app.state.db) == set()
    assert refused(await office.file(paper("ZY-1901")))
    assert (await office.lines(second))[0] == line
    assert (await office.register(repeat, "beichen")).json()["replayed"] == 2


async def test_a_sealed_account_never_changes_and_another_key_opens_nothing(office: Office) -> None:
    await lived(office, "wuqing", 1903)
    db: Database = office.app.state.db
    for table in ("payment_line", "claim_line", "entitlement", "account_correction"):
        with pytest.raises(DBAPIError, match="never changes"):
            async with db.transaction() as tx:
                await tx.execute(
                    text(f"UPDATE {table} SET bank_number = CAST(:value AS bytea)"),
                    {"value": b"\x00another"},
                )
    keys: PersonKeys = office.app.state.person_keys
    other = replace(keys, bank_number=PersonalCipher(bytes(32), "bank_number"))
    async with db.transaction() as tx:
        number = (
            await tx.execute(text("SELECT bank_number FROM payment_line LIMIT 1"))
        ).scalar_one()
        with pytest.raises(CipherBroken):
            other.bank_number.open(number)
        assert await seal_rows(tx, TABLES[0], keys.by_label) == 0
