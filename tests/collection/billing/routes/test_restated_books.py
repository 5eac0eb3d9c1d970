"""The ledger takes every voucher of restated months, and its receivable is collection's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from services.ledger.app import build
from shared.db import Database
from shared.money import parse_yuan
from tests.collection.support.office import Office
from tests.collection.support.restating import (
    Unit,
    a_unit,
    assert_ties,
    audit,
    bill,
    corrected,
    credits_of,
    declared,
    pay,
)
from tests.conftest import Bearer, ClientOf, SettingsFor


@pytest.fixture(scope="module")
async def ledger(
    settings_for: SettingsFor, client_of: ClientOf
) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(build(settings_for())) as client:
        yield client


async def post_all(office: Office, ledger: httpx.AsyncClient, bearer: Bearer) -> dict[str, Any]:
    """Everything in the outbox, to the ledger, as the relay does."""
    rows = await office.fetch("SELECT payload FROM outbox ORDER BY id")
    vouchers = [orjson.loads(row["payload"]) for row in rows]
    answer = await ledger.post(
        "/v1/voucher-batches",
        json={"vouchers": vouchers},
        headers=bearer("collection_service") | {"Idempotency-Key": f"all-{len(vouchers)}"},
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def restated_to_less(office: Office, db: Database, unit: Unit) -> dict[str, Any]:
    """A paid month of a unit that is restated to less and billed; its first paper."""
    first = await declared(office, unit, "6500.00", "5000.00")
    await bill(office, db, first)
    await pay(office, unit, first["total"], "2021-07", "2021-08-13")
    less = await corrected(office, first, unit, "6500.00")
    await bill(office, db, less, bill_date="2021-08-20")
    return first


async def test_the_ledgers_receivable_is_open_bills_less_open_credits(
    office: Office, db: Database, ledger: httpx.AsyncClient, bearer: Bearer
) -> None:
    paid = await a_unit(office)
    await restated_to_less(office, db, paid)
    more = await a_unit(office)
    first = await declared(office, more, "5000.00")
    await bill(office, db, first)
    await bill(office, db, await corrected(office, first, more, "7000.00"))
    moved = await a_unit(office)
    await restated_to_less(office, db, moved)
    change = {"facts": {"district": "nankai"}, "effective_on": "2021-08-01", "reason": "迁移"}
    change_answer = await office.post("district_clerk", f"/v1/units/{moved.code}/changes", change)
    assert change_answer.status_code == 201, change_answer.text
    where = change_answer.json()["decided_in"]
    path = f"/v1/changes/{change_answer.json()['id']}/approvals"
    taken = await office.post("district_reviewer", path, district=where)
    assert taken.status_code == 201, taken.text
    following = await declared(office, moved, "6500.00", period="2021-08")
    assert following["district"] == "nankai"
    await bill(office, db, following, bill_date="2021-09-05")
    assert await credits_of(office, moved, standing=True) == []
    for unit in (paid, more, moved):
        await assert_ties(office, unit)

    delivered = await post_all(office, ledger, bearer)
    assert [one["problem"] for one in delivered["results"] if one["problem"]] == []
    for district in (None, "heping", "nankai"):
        place = {} if district is None else {"district": district}
        headers = bearer("supervisor")
        books = await ledger.get("/v1/funds/balances", params=place, headers=headers)
        params = {"district": district} if district else {}
        totals = await office.api.get("/v1/totals", params=params, headers=headers)
        booked = {fund["fund"]: fund["accounts"] for fund in books.json()["funds"]}
        for fund, sums in totals.json()["funds"].items():
            says = {name: parse_yuan(amount) for name, amount in sums.items()}
            has = {name: parse_yuan(amount) for name, amount in booked[fund].items()}
            assert has["memo_receivable"] == says["open"] - says["credits"]
            assert has.get("memo_collected", 0) == says["collected"] - says["refunded"]
            if district is None:
                assert has["memo_levied"] == says["billed"] - says["credits"] - says["refunded"]
                assert has["memo_levied"] == says["declared"]


async def test_a_whole_district_step_takes_papers_that_come_to_less(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office, district="hexi")
    first = await declared(office, unit, "6500.00", "5000.00")
    await bill(office, db, first)
    less = await corrected(office, first, unit, "6500.00")
    control = {"declarations": 1, "people": 1, "total": less["total"]}
    for role, step in (("district_clerk", "accept"), ("district_reviewer", "review")):
        body = {"district": "hexi", "period": "2021-07", "step": step, "control": control}
        answer = await office.post(role, "/v1/district-steps", body, district="hexi")
        assert answer.status_code == 201, answer.text
        assert answer.json()["total"] == less["total"]
    summary = await audit(office, less)
    assert summary["control"]["total"] == less["total"]
