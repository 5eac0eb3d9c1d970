"""Days that the books refuse: a fact is booked on the first open day, a chosen day is refused."""

from collections.abc import AsyncIterator
from datetime import date
from itertools import count

import httpx
import pytest

from services.collection.app import build
from shared import book_days
from shared.book_days.open_day import BookDays
from shared.db import Database
from tests.collection.support.money import TOTAL_FEN, fetch, line, new_code, owe, push, vouchers
from tests.conftest import Bearer, ClientOf, SettingsFor

keys = count(1)
CLOSED = date(2021, 7, 31)
OPEN = date(2021, 8, 1)


@pytest.fixture(scope="module")
async def api(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, db: Database
) -> AsyncIterator[httpx.AsyncClient]:
    """The service as it is once July 2021 is closed."""
    await db.run(lambda tx: book_days.write(tx, BookDays(CLOSED, date(1999, 7, 1))))
    async with client_of(build(settings_for())) as client:
        client.headers.update(bearer("tax_bureau"))
        yield client


async def send(api: httpx.AsyncClient, body: dict) -> httpx.Response:
    return await api.post(
        "/v1/tax-pushes", json=body, headers={"Idempotency-Key": f"closed-{next(keys)}"}
    )


async def test_money_of_a_closed_day_is_booked_on_the_first_open_day(
    api: httpx.AsyncClient, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    answer = await send(api, push("c-1", [line("C1", owed.credit_code)]))
    assert answer.status_code == 200, answer.text
    (receipt,) = await fetch(
        database_url, "SELECT book_date, paid_on FROM receipt WHERE serial = 'C1'"
    )
    assert (receipt["book_date"], receipt["paid_on"].isoformat()) == (OPEN, "2021-07-20")
    allocated = await fetch(
        database_url, "SELECT DISTINCT book_date FROM allocation WHERE unit_id = $1", owed.unit_id
    )
    assert allocated == [{"book_date": OPEN}]
    (voucher,) = [one for one in await vouchers(database_url) if one["owner"] == owed.credit_code]
    assert (voucher["book_date"], voucher["value_date"]) == ("2021-08-01", "2021-07-20")
    assert voucher["if_closed"] == "first_open_day"


async def test_a_push_from_before_the_chart_is_refused(api: httpx.AsyncClient) -> None:
    old = line("C2", new_code(), paid_on="1999-06-30")
    refused = await send(api, push("c-2", [old]))
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["code"] == "DAY_BEFORE_CHART"


async def test_a_chosen_day_must_be_open(
    api: httpx.AsyncClient, bearer: Bearer, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    await send(api, push("c-3", [line("C3", new_code(), TOTAL_FEN)]))
    found = await api.get(
        "/v1/receipts", params={"status": "suspended"}, headers=bearer("fund_accountant")
    )
    (receipt,) = [one for one in found.json()["items"] if one["serial"] == "C3"]

    async def match(day: str) -> httpx.Response:
        body = {"credit_code": owed.credit_code, "period": owed.period, "matched_on": day}
        return await api.post(
            f"/v1/receipts/{receipt['id']}/matches",
            json=body,
            headers=bearer("fund_accountant") | {"Idempotency-Key": f"closed-{next(keys)}"},
        )

    refused = await match("2021-07-31")
    assert refused.status_code == 409, refused.text
    problem = refused.json()
    assert problem["code"] == "DAY_CLOSED"
    assert "2021-08-01" in problem["detail"]
    assert problem["errors"][0]["pointer"] == "/matched_on"
    taken = await match("2021-08-01")
    assert taken.status_code == 201, taken.text
