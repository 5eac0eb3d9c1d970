"""A region's mode: two people change it from a day on, and nothing is collected twice at the cut-over."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest

from services.collection.app import build
from services.collection.mode import flows as mode_flow
from shared.clock import today
from shared.db import Database
from tests.collection.support.money import Owed, connect, fetch, owe, ticket_no
from tests.conftest import Bearer, ClientOf, SettingsFor


@pytest.fixture(scope="module")
async def api(settings_for: SettingsFor, client_of: ClientOf) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(build(settings_for())) as client:
        yield client


@pytest.fixture
async def modes(api: httpx.AsyncClient, bearer: Bearer, database_url: str) -> AsyncIterator[Any]:
    """Propose a change of mode and decide it; changes are forgotten afterwards."""

    async def change(mode: str, days: int, step: str = "approvals") -> httpx.Response:
        body = {
            "mode": mode,
            "valid_from": (today() + timedelta(days)).isoformat(),
            "reason": "税务统一征收",
            "document": "津人社发1号",
        }
        asked = await api.post("/v1/collection-modes", json=body, headers=bearer("department_head"))
        if asked.status_code != 201:
            return asked
        path = f"/v1/collection-modes/{asked.json()['id']}/{step}"
        return await api.post(path, headers=bearer("centre_leader"))

    yield change
    db = await connect(database_url)
    await db.execute("DELETE FROM collection_mode")
    await db.close()


async def mode_today(api: httpx.AsyncClient, bearer: Bearer) -> str:
    answer = await api.get("/v1/collection-modes", headers=bearer("supervisor"))
    return str(answer.json()["today"])


async def batch(api: httpx.AsyncClient, bearer: Bearer, period: str) -> httpx.Response:
    return await api.post(
        "/v1/debit-batches",
        json={"period": period, "debit_date": today().isoformat()},
        headers=bearer("centre_cashier") | {"Idempotency-Key": ticket_no()},
    )


async def collector(db: Database, url: str, owed: Owed) -> str:
    """The collector of a bill, once the worker has looked at it."""
    while await db.run(partial(mode_flow.cut_over, region="tianjin")):
        pass
    (row,) = await fetch(url, "SELECT collector FROM bill WHERE id = $1", owed.bill_id)
    return str(row["collector"])


async def test_two_people_change_the_mode_from_a_day_on(
    api: httpx.AsyncClient, bearer: Bearer, modes: Any
) -> None:
    assert await mode_today(api, bearer) == "agency"
    assert (await modes("agency", 1)).json()["code"] == "COLLECTION_MODE_UNCHANGED"
    assert (await modes("tax", -1)).json()["code"] == "COLLECTION_MODE_IN_PAST"
    assert (await modes("tax", 1, "refusals")).json()["status"] == "refused"
    assert (await modes("tax", 0)).json()["status"] == "approved"
    assert await mode_today(api, bearer) == "tax"
    assert (await modes("agency", 0)).json()["code"] == "COLLECTION_MODE_IN_PAST"
    assert (await modes("agency", 3)).json()["status"] == "approved"
    assert await mode_today(api, bearer) == "tax"
    rows = (await api.get("/v1/collection-modes", headers=bearer("supervisor"))).json()["items"]
    assert [row["status"] for row in rows].count("approved") == 2
    assert all(row["decided_by"] != row["proposed_by"] for row in rows)


async def test_nobody_decides_an_own_proposal(database_url: str) -> None:
    db = await connect(database_url)
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute(
            "INSERT INTO collection_mode (region, id, mode, valid_from, status, reason, document,"
            " proposed_by, proposed_at, decided_by, decided_at) VALUES ('tianjin',"
            " gen_random_uuid(), 'tax', '2030-01-01', 'approved', 'r', 'd', 'li', now(), 'li', now())"
        )
    await db.close()


async def test_open_bills_change_hands_but_not_those_that_are_with_the_bank(
    api: httpx.AsyncClient, bearer: Bearer, database_url: str, db: Database, modes: Any
) -> None:
    (debited,) = await owe(database_url, collector="bank_debit", period="2021-03")
    made = await batch(api, bearer, "2021-03")
    assert made.status_code == 201, made.text
    (waiting,) = await owe(database_url, collector="bank_debit", period="2021-04")
    assert (await modes("tax", 0)).status_code == 201
    assert await collector(db, database_url, waiting) == "tax"
    assert await collector(db, database_url, debited) == "bank_debit"
    refused = await batch(api, bearer, "2021-04")
    assert (refused.status_code, refused.json()["code"]) == (409, "TAX_COLLECTS")
    admin = await connect(database_url)
    columns = "unit_id, batch_id, line_no, bill_id, credit_code, period, name, bank, amount_fen"
    for statement in (
        f"INSERT INTO debit_line ({columns}) SELECT unit_id, gen_random_uuid(), 1, id, credit_code,"
        f" period, 'n', '{{}}', 1 FROM bill WHERE id = '{waiting.bill_id}'",
        f"UPDATE bill SET collector = 'tax' WHERE id = '{debited.bill_id}'",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await admin.execute(statement)
    await admin.execute(
        "UPDATE debit_line SET status = 'refused', heard_at = now() WHERE bill_id = $1",
        debited.bill_id,
    )
    await admin.close()
    assert await collector(db, database_url, debited) == "tax"
