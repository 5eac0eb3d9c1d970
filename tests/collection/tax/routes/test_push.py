"""A tax push: all of it ties or none is taken; each line is money once, for ever."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import count

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.collection.app import build
from shared.money import format_yuan
from tests.collection.support.money import (
    LINES,
    TOTAL_FEN,
    Owed,
    fetch,
    line,
    new_code,
    owe,
    push,
    state,
    vouchers,
)
from tests.conftest import Bearer, ClientOf, SettingsFor

keys = count(1)
SETTLED_BY_ONE_RECEIPT = [line[-1] for line in LINES]


@pytest.fixture(scope="module")
async def api(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer
) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(build(settings_for())) as client:
        client.headers.update(bearer("tax_bureau"))
        yield client


async def send(api: httpx.AsyncClient, body: dict, key: str | None = None) -> httpx.Response:
    headers = {"Idempotency-Key": key or f"k-{next(keys)}"}
    return await api.post("/v1/tax-pushes", json=body, headers=headers)


async def taken(api: httpx.AsyncClient, *lines: dict) -> dict:
    answer = await send(api, push(f"p-{next(keys)}", lines))
    assert answer.status_code == 200, answer.text
    found: dict = answer.json()
    assert found["received"] == (
        found["matched"] + found["suspended"] + found["replayed"] + len(found["rejected"])
    )
    return found


def serial() -> str:
    return f"S{next(keys):08d}"


async def bill_of(url: str, owed: Owed) -> dict:
    (row,) = await fetch(
        url,
        "SELECT settled_fen, status FROM bill WHERE unit_id = $1 AND id = $2",
        owed.unit_id,
        owed.bill_id,
    )
    return row


async def test_a_full_payment_settles_every_line_and_says_so_to_the_ledger(
    api: httpx.AsyncClient, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    paid = serial()
    found = await taken(api, line(paid, owed.credit_code))
    assert (found["matched"], found["allocated_amount"]) == (1, format_yuan(TOTAL_FEN))
    assert await bill_of(database_url, owed) == {"settled_fen": TOTAL_FEN, "status": "settled"}
    rows = await fetch(
        database_url,
        "SELECT a.amount_fen FROM allocation a JOIN receipt r ON r.id = a.receipt_id"
        " WHERE r.serial = $1 ORDER BY line_no",
        paid,
    )
    assert [row["amount_fen"] for row in rows] == SETTLED_BY_ONE_RECEIPT
    (voucher,) = [v for v in await vouchers(database_url) if v["references"]["serial"] == paid]
    assert (voucher["kind"], voucher["owner"]) == ("receipt", owed.credit_code)
    assert {e["district"] for e in voucher["entries"]} == {"heping"}
    assert {e["account"] for e in voucher["entries"] if e["side"] == "debit"} == {
        "treasury_deposit",
        "memo_collected",
    }


async def test_what_exceeds_a_bill_and_whom_nobody_knows_goes_to_suspense(
    api: httpx.AsyncClient, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    found = await taken(
        api,
        line(serial(), owed.credit_code, TOTAL_FEN + 1234),
        line(serial(), new_code(), 777),
    )
    assert (found["suspended"], found["suspended_amount"]) == (2, "20.11")
    suspended = (await vouchers(database_url, kinds=["suspense"]))[-2:]
    assert {voucher["owner"] for voucher in suspended} == {owed.credit_code, "unidentified"}
    assert {entry["fund"] for voucher in suspended for entry in voucher["entries"]} == {"pension"}


async def test_control_totals_that_do_not_tie_leave_nothing(
    api: httpx.AsyncClient, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    before = await state(database_url)
    body = push("tie", [line(serial(), owed.credit_code)])
    body["control"] = {"count": 2, "total": "1.00"}
    answer = await send(api, body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "CONTROL_TOTALS_DIFFER"
    assert {e["pointer"] for e in answer.json()["errors"]} == {"/control/count", "/control/total"}
    assert await state(database_url) == before


async def test_a_key_is_required_and_its_repeat_gets_the_first_answer(
    api: httpx.AsyncClient, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    body = push("keyed", [line(serial(), owed.credit_code)])
    assert (await api.post("/v1/tax-pushes", json=body)).status_code == 400
    first, again = await send(api, body, "same"), await send(api, body, "same")
    assert (first.json(), again.headers["idempotent-replayed"]) == (again.json(), "true")


async def test_the_same_line_again_changes_nothing_and_another_under_its_serial_is_rejected(
    api: httpx.AsyncClient, database_url: str
) -> None:
    one, two = await owe(database_url, count=2)
    used = serial()
    await taken(api, line(used, one.credit_code))
    before = await state(database_url)
    assert (await taken(api, line(used, one.credit_code)))["replayed"] == 1
    for other in (
        line(used, one.credit_code, 1),
        line(used, two.credit_code),
        line(used, one.credit_code, period="2021-08"),
    ):
        found = await taken(api, other)
        assert [(r["serial"], r["code"]) for r in found["rejected"]] == [(used, "SERIAL_REUSED")]
    assert await state(database_url) == before


async def test_repeats_within_one_push_count_once(
    api: httpx.AsyncClient, database_url: str
) -> None:
    (owed,) = await owe(database_url)
    used = serial()
    found = await taken(
        api,
        line(used, owed.credit_code),
        line(used, owed.credit_code),
        line(used, owed.credit_code, 5),
    )
    assert (found["matched"], found["replayed"], len(found["rejected"])) == (1, 1, 1)


async def test_twins_at_the_same_moment_are_booked_once(
    api: httpx.AsyncClient, database_url: str
) -> None:
    owed = await owe(database_url, count=20)
    lines = [line(serial(), one.credit_code) for one in owed]
    answers = await asyncio.gather(
        *(taken(api, *(lines if turn % 2 else reversed(lines))) for turn in range(4))
    )
    assert sum(a["matched"] for a in answers) == 20
    assert sum(a["replayed"] for a in answers) == 60
    for one in owed:
        assert (await bill_of(database_url, one))["settled_fen"] == TOTAL_FEN


async def test_part_payments_at_the_same_moment_all_count(
    api: httpx.AsyncClient, database_url: str
) -> None:
    owed = await owe(database_url, count=3)
    parts = [[line(serial(), one.credit_code, 10_007 + turn) for one in owed] for turn in range(8)]
    await asyncio.gather(*(taken(api, *lines) for lines in parts))
    for one in owed:
        found = await bill_of(database_url, one)
        assert found == {"settled_fen": sum(10_007 + turn for turn in range(8)), "status": "part"}


async def pay(api: httpx.AsyncClient, url: str, amounts: list[int]) -> tuple:
    """A new bill paid with these amounts: how much of it, of its lines, and of suspense."""
    (owed,) = await owe(url)
    for amount in amounts:
        await taken(api, line(serial(), owed.credit_code, amount))
    lines = await fetch(
        url, "SELECT settled_fen FROM bill_line WHERE unit_id = $1 ORDER BY line_no", owed.unit_id
    )
    suspended = await fetch(
        url,
        "SELECT sum(s.amount_fen) FROM suspense s JOIN receipt r ON r.id = s.receipt_id"
        " WHERE r.unit_id = $1",
        owed.unit_id,
    )
    return await bill_of(url, owed), lines, suspended


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    amounts=st.lists(st.integers(1, TOTAL_FEN), min_size=2, max_size=5),
    random=st.randoms(use_true_random=False),
)
async def test_any_order_of_receipts_gives_the_same_end_state(
    api: httpx.AsyncClient, database_url: str, amounts: list[int], random
) -> None:
    other = list(amounts)
    random.shuffle(other)
    assert await pay(api, database_url, amounts) == await pay(api, database_url, other)


async def test_lines_of_a_malformed_push_are_all_named_and_none_is_taken(
    api: httpx.AsyncClient, database_url: str
) -> None:
    before = await state(database_url)
    good = line(serial(), new_code())
    body = push("bad", [good | {}, good | {"serial": serial()}])
    body["lines"][0] |= {"amount": 12.5, "serial": "空 格"}
    body["lines"][1] |= {"period": "2021-13", "paid_on": "0000-00-00", "extra": 1}
    answer = await send(api, body)
    assert answer.status_code == 422
    assert {e["pointer"] for e in answer.json()["errors"]} == {
        "/lines/0/amount",
        "/lines/0/serial",
        "/lines/1/period",
        "/lines/1/paid_on",
        "/lines/1/extra",
    }
    late = push("late", [good | {"paid_on": "2021-07-21"}])
    assert (await send(api, late)).json()["errors"][0]["pointer"] == "/lines/0/paid_on"
    future = push("future", [good], collected_on="2099-01-01")
    assert (await send(api, future)).json()["code"] == "DAY_IN_FUTURE"
    unruled = push("old", [good | {"paid_on": "1991-01-01"}], collected_on="1991-01-01")
    assert (await send(api, unruled)).json()["code"] == "POLICY_NOT_IN_FORCE"
    assert await state(database_url) == before


async def test_only_the_tax_bureau_may_push(api: httpx.AsyncClient, bearer: Bearer) -> None:
    body = push("who", [line(serial(), new_code())])
    for role, district in (
        ("district_clerk", "heping"),
        ("centre_cashier", "centre"),
        ("bank_gateway", "centre"),
    ):
        answer = await api.post(
            "/v1/tax-pushes",
            json=body,
            headers=bearer(role, district) | {"Idempotency-Key": "x"},
        )
        assert answer.status_code == 403


async def test_ten_thousand_lines_are_one_request(
    api: httpx.AsyncClient, database_url: str, record_property
) -> None:
    owed = await owe(database_url, count=10_000)
    lines = [
        line(serial(), one.credit_code, TOTAL_FEN - (i % 3 == 0)) for i, one in enumerate(owed)
    ]
    started = time.perf_counter()
    found = await taken(api, *lines)
    record_property("seconds", round(time.perf_counter() - started, 2))
    assert found["matched"] == 10_000
    again = time.perf_counter()
    assert (await taken(api, *lines))["replayed"] == 10_000
    record_property("seconds_replay", round(time.perf_counter() - again, 2))


async def test_a_ticket_is_booked_once_over_all_client_names(
    api: httpx.AsyncClient, bearer: Bearer, database_url: str
) -> None:
    [owed] = await owe(database_url)
    own = line(serial(), owed.credit_code, 100, owed.period)
    assert (await taken(api, own))["matched"] == 1

    async def by(client: str, body: dict) -> dict:
        headers = {"Idempotency-Key": f"k-{next(keys)}"} | bearer("tax_bureau", subject=client)
        answer = await api.post("/v1/tax-pushes", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict = answer.json()
        return found

    again = await by("税务-南开", push(f"p-{next(keys)}", [own]))
    assert (again["matched"], again["replayed"]) == (0, 1)
    named = push(f"p-{next(keys)}", [own]) | {"authority": "nankai"}
    assert (await by("tax2", named))["replayed"] == 1
    differs = own | {"amount": "2.00"}
    refused = await by("tax2", push(f"p-{next(keys)}", [differs]))
    assert [one["code"] for one in refused["rejected"]] == ["SERIAL_REUSED"]
    # The same number of another authority is another ticket.
    other = push(f"p-{next(keys)}", [differs]) | {"authority": "nankai"}
    assert (await by("tax2", other))["matched"] == 1
    # Receipts of older releases name the client.
    await fetch(
        database_url,
        "UPDATE receipt SET source = 'old-client' WHERE serial = $1 AND source = 'tax_bureau'",
        own["serial"],
    )
    assert (await taken(api, own))["replayed"] == 1
    found = await fetch(database_url, "SELECT id FROM receipt WHERE serial = $1", own["serial"])
    assert len(found) == 2
