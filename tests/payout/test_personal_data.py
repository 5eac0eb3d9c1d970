"""No name and no account of a person lies readable in payout's tables, nor stays so after an upgrade."""

import asyncio
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
from tests.payout.support.papers import account, hospital_claim, pensioner
from tests.payout.support.personal import NAMES, lived, named, readable


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
    assert (await office.register(repeat, "beichen")).json()["applied"] == 0

    assert refused(await office.file(paper("ZY-1900")))

    await readable_event(office, "ZY-1901")
    sealer: Sealer = office.app.state.sealer
    await asyncio.gather(*(sealer.step() for _ in range(3)))  # at once, as several workers do
    while await sealer.step():
        pass
    assert await readable(office.app.state.db) == set()
    assert refused(await office.file(paper("ZY-1901")))
    assert (await office.lines(second))[0] == line
    assert (await office.register(repeat, "beichen")).json()["applied"] == 0


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


async def test_names_are_masked_in_every_list_and_reading_them_leaves_a_row(office: Office) -> None:
    second = await lived(office, "heping", 1905)
    (line,) = await office.lines(second)
    batch = f"/v1/payment-batches/{second}/lines"
    shown = (await office.ask("GET", batch, role="centre_cashier")).json()["items"][0]
    assert (shown["payee_name"], shown["bank_account"]["name"]) == ("天********", "天********")
    assert line["payee_name"] == NAMES[1], "the bank needs the whole name"
    failed = await office.ask("GET", "/v1/failed-payments", role="supervisor")
    assert NAMES[1] not in failed.text
    claims = (await office.ask("GET", "/v1/claims", role="supervisor", limit=500)).json()
    claim = next(
        one["id"]
        for one in claims["items"]
        if (one["kind"], one["district"]) == ("hospital_settlement", "heping")
    )
    path = f"/v1/claims/{claim}/payees"
    assert (await office.ask("GET", path, role="centre_cashier")).status_code == 403
    other = await office.ask("GET", path, role="district_reviewer", district="nankai")
    assert other.status_code == 403
    read = await office.ask("GET", path, role="district_reviewer", district="heping", limit=1)
    assert read.json()["items"][0]["payee_name"] == NAMES[1]
    assert read.json()["items"][0]["bank_account"]["number"].isdigit()
    trail = await office.ask("GET", f"/v1/claims/{claim}/trail", role="supervisor")
    step = trail.json()["items"][-1]
    assert (step["step"], step["person"]) == ("payees_read", "district_reviewer.heping")
    assert step["detail"] == {"from": 1, "to": 1}
