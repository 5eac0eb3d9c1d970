"""Receipts in suspense are identified by a person; arrears and totals say what is left open."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import httpx
import pytest

from services.collection.app import build
from shared.money import format_yuan
from shared.wire.ledger import VoucherIn
from tests.collection.support.money import (
    DAY,
    TOTAL_FEN,
    Owed,
    connect,
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


@pytest.fixture(scope="module")
async def api(settings_for: SettingsFor, client_of: ClientOf) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(build(settings_for())) as client:
        yield client


@pytest.fixture
def suspend(api: httpx.AsyncClient, bearer: Bearer):
    """suspend(fen) → the receipt of so much money of an unknown payer."""

    async def push_unknown(amount_fen: int, code: str | None = None) -> dict:
        serial = f"R{next(keys):06d}"
        body = push(serial, [line(serial, code or new_code(), amount_fen)])
        answer = await api.post(
            "/v1/tax-pushes",
            json=body,
            headers=bearer("tax_bureau") | {"Idempotency-Key": serial},
        )
        assert answer.json()["suspended"] == 1
        found = await api.get(
            "/v1/receipts",
            params={"status": "suspended", "limit": 500},
            headers=bearer("fund_accountant"),
        )
        (receipt,) = [one for one in found.json()["items"] if one["serial"] == serial]
        return dict(receipt)

    return push_unknown


@pytest.fixture
def match(api: httpx.AsyncClient, bearer: Bearer):
    """match(receipt id, unit's bill) → the answer."""

    async def identify(receipt: str, owed: Owed, **other: object) -> httpx.Response:
        body = {"credit_code": owed.credit_code, "period": owed.period, "matched_on": "2021-08-02"}
        headers = bearer("fund_accountant") | {"Idempotency-Key": f"m-{next(keys)}"}
        return await api.post(f"/v1/receipts/{receipt}/matches", json=body | other, headers=headers)

    return identify


async def settled_fen(url: str, owed: Owed) -> int:
    rows = await fetch(url, "SELECT settled_fen FROM bill WHERE id = $1", owed.bill_id)
    return int(rows[0]["settled_fen"])


async def test_an_identified_receipt_settles_the_bill_and_leaves_suspense(
    api, suspend, match, database_url: str
) -> None:
    receipt, (owed,) = await suspend(TOTAL_FEN), await owe(database_url)
    answer = await match(receipt["id"], owed)
    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["suspended"]) == ("matched", "0.00")
    assert await settled_fen(database_url, owed) == TOTAL_FEN
    (voucher,) = (await vouchers(database_url, kinds=["match"]))[-1:]
    assert (voucher["owner"], voucher["book_date"]) == (owed.credit_code, "2021-08-02")
    assert voucher["references"]["receipt"] == receipt["id"]
    assert (await match(receipt["id"], owed)).json()["code"] == "NOTHING_SUSPENDED"


async def test_one_receipt_may_turn_out_to_be_the_money_of_several(
    suspend, match, database_url: str
) -> None:
    receipt = await suspend(2 * TOTAL_FEN + 50_000)
    owed = await owe(database_url, count=3)
    left = []
    for one in owed:
        left.append((await match(receipt["id"], one)).json()["suspended"])
    assert left == [format_yuan(TOTAL_FEN + 50_000), "500.00", "0.00"]
    assert [await settled_fen(database_url, one) for one in owed] == [TOTAL_FEN, TOTAL_FEN, 50_000]


async def test_two_people_at_the_same_moment_take_it_once(
    suspend, match, database_url: str
) -> None:
    receipt = await suspend(TOTAL_FEN)
    owed = await owe(database_url, count=2)
    answers = await asyncio.gather(*(match(receipt["id"], one) for one in owed))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert sum([await settled_fen(database_url, one) for one in owed]) == TOTAL_FEN


async def test_what_cannot_be_matched_changes_nothing(
    api, suspend, match, database_url: str
) -> None:
    receipt, (owed,) = await suspend(100), await owe(database_url)
    before = await state(database_url)
    for other, code in (
        ({"period": "2021-06"}, "NO_OPEN_BILL"),
        ({"credit_code": new_code()}, "UNIT_UNKNOWN"),
        ({"matched_on": "2021-07-19"}, "MATCHED_BEFORE_RECEIPT"),
        ({"matched_on": "2099-01-01"}, "DAY_IN_FUTURE"),
        ({"period": "x"}, "VALIDATION_FAILED"),
    ):
        assert (await match(receipt["id"], owed, **other)).json()["code"] == code
    for unknown in ("rcp_" + "0" * 48, "rcp_1", "x"):
        assert (await match(unknown, owed)).status_code == 404
    assert await state(database_url) == before


async def test_only_the_centres_people_identify_and_districts_see_their_own(
    api, bearer, suspend, database_url: str
) -> None:
    receipt, (owed,) = await suspend(100), await owe(database_url, district="nankai")
    body = {"credit_code": owed.credit_code, "period": owed.period}
    for role, district in (
        ("district_clerk", "heping"),
        ("centre_cashier", "centre"),
        ("tax_bureau", "centre"),
    ):
        answer = await api.post(
            f"/v1/receipts/{receipt['id']}/matches",
            json=body,
            headers=bearer(role, district) | {"Idempotency-Key": "z"},
        )
        assert answer.status_code == 403
    headers = bearer("district_clerk", "heping")
    seen = (await api.get("/v1/receipts", headers=headers, params={"limit": 500})).json()["items"]
    assert {one["district"] for one in seen} <= {"heping"}
    assert (await api.get(f"/v1/receipts/{receipt['id']}", headers=headers)).status_code == 403
    other = await api.get("/v1/receipts", headers=headers, params={"district": "nankai"})
    assert other.status_code == 403
    code = owed.credit_code
    assert (await api.get(f"/v1/units/{code}/arrears", headers=headers)).status_code == 403


async def test_pages_of_receipts_follow_each_other(api, bearer, suspend) -> None:
    for _ in range(3):
        await suspend(1)
    headers, seen, cursor = bearer("supervisor"), [], None
    while True:
        params = {"limit": 2, "status": "suspended"} | ({"cursor": cursor} if cursor else {})
        page = (await api.get("/v1/receipts", params=params, headers=headers)).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    whole = await api.get(
        "/v1/receipts", params={"limit": 500, "status": "suspended"}, headers=headers
    )
    assert seen == [one["id"] for one in whole.json()["items"]]
    wrong = await api.get("/v1/receipts", params={"cursor": "e30"}, headers=headers)
    assert wrong.json()["code"] == "CURSOR_INVALID"


async def test_arrears_are_what_was_open_on_the_day(api, bearer, database_url: str) -> None:
    (owed,) = await owe(database_url)
    await owe(database_url, codes=[owed.credit_code], period="2021-08")
    serial = f"A{next(keys)}"
    body = push(serial, [line(serial, owed.credit_code, 7_004)])
    await api.post(
        "/v1/tax-pushes", json=body, headers=bearer("tax_bureau") | {"Idempotency-Key": serial}
    )

    async def arrears(day: str | None = None) -> dict:
        answer = await api.get(
            f"/v1/units/{owed.credit_code}/arrears",
            headers=bearer("payout_service"),
            params={"as_of": day} if day else {},
        )
        assert answer.status_code == 200
        found: dict = answer.json()
        return found

    before = await arrears("2021-07-19")
    assert (before["total"], before["overdue"]) == (format_yuan(TOTAL_FEN), False)
    paid = await arrears(DAY)
    assert (paid["total"], paid["overdue"]) == (format_yuan(TOTAL_FEN - 7_004), False)
    assert (await arrears("2021-07-26"))["overdue"] is True
    now = await arrears()
    assert [one["period"] for one in now["open"]] == ["2021-07", "2021-08"]
    assert (await arrears("2021-06-30"))["open"] == []
    unknown = await api.get(f"/v1/units/{new_code()}/arrears", headers=bearer("supervisor"))
    assert unknown.status_code == 404


async def test_totals_join_what_was_billed_received_and_left_open(
    api, bearer, suspend, match, database_url: str
) -> None:
    period = "2022-03"
    owed = await owe(database_url, count=4, period=period, district="binhai")
    serials = [f"T{next(keys)}" for _ in range(3)]
    body = push(
        serials[0],
        [
            line(serials[0], owed[0].credit_code, period=period),
            line(serials[1], owed[1].credit_code, 100_000, period=period),
            line(serials[2], owed[2].credit_code, TOTAL_FEN + 99, period=period),
        ],
    )
    await api.post(
        "/v1/tax-pushes", json=body, headers=bearer("tax_bureau") | {"Idempotency-Key": serials[0]}
    )
    answer = await api.get(
        "/v1/totals",
        headers=bearer("district_clerk", "binhai"),
        params={"period_from": period, "period_to": period},
    )
    found = answer.json()
    assert (found["bills"], found["open_bills"], found["suspended"]) == (4, 2, "0.99")
    received = 2 * TOTAL_FEN + 100_099
    assert found["received"] == {"bank_debit": "0.00", "tax": format_yuan(received)}
    fen = {
        word: sum(int(fund[word].replace(".", "")) for fund in found["funds"].values())
        for word in ("billed", "collected", "open")
    }
    assert fen == {
        "billed": 4 * TOTAL_FEN,
        "collected": 2 * TOTAL_FEN + 100_000,
        "open": 2 * TOTAL_FEN - 100_000,
    }
    assert set(found["funds"]) == {"pension", "medical", "unemployment", "work_injury"}
    assert "maternity" in found["insurances"]
    for word in ("billed", "collected", "open"):
        insured = sum(int(one[word].replace(".", "")) for one in found["insurances"].values())
        assert insured == fen[word]
    assert (await api.get("/v1/totals", headers=bearer("supervisor"))).status_code == 200
    other = await api.get(
        "/v1/totals", headers=bearer("district_clerk", "binhai"), params={"district": "heping"}
    )
    assert other.status_code == 403


async def test_memo_and_statutory_vouchers_add_up_to_what_was_received(
    database_url: str,
) -> None:
    """Business = books: what all vouchers debit to the channel's account is what arrived."""
    rows = await fetch(database_url, "SELECT coalesce(sum(amount_fen), 0) AS fen FROM receipt")
    cash = collected = 0
    for voucher in await vouchers(database_url):
        VoucherIn.model_validate(voucher)
        for entry in voucher["entries"]:
            amount = int(entry["amount"].replace(".", ""))
            if entry["account"] == "treasury_deposit":
                cash += amount if entry["side"] == "debit" else -amount
            if entry["account"] == "memo_collected":
                collected += amount
    assert cash == rows[0]["fen"]
    rows = await fetch(
        database_url,
        "SELECT (SELECT coalesce(sum(amount_fen), 0) FROM allocation) AS allocated,"
        " (SELECT coalesce(sum(settled_fen), 0) FROM bill) AS bills,"
        " (SELECT coalesce(sum(settled_fen), 0) FROM bill_line) AS lines,"
        " (SELECT coalesce(sum(amount_fen - matched_fen), 0) FROM suspense) AS suspended",
    )
    assert rows[0]["allocated"] == rows[0]["bills"] == rows[0]["lines"] == collected
    assert collected + rows[0]["suspended"] == cash


async def test_the_outbox_can_be_looked_at_and_sent_again(
    api, bearer, suspend, database_url: str
) -> None:
    await suspend(1)
    reader, sender = bearer("supervisor"), bearer("fund_accountant")
    waiting = (await api.get("/v1/outbox", headers=reader)).json()["waiting"]
    assert waiting > 0
    assert (await api.post("/v1/outbox/replays", json={}, headers=reader)).status_code == 403
    db = await connect(database_url)
    await db.execute("UPDATE outbox SET sent_at = now()")
    await db.execute(
        "UPDATE outbox SET sent_at = NULL, refused = 'why' WHERE id = (SELECT min(id::text)::uuid FROM outbox)"
    )
    await db.close()
    found = (await api.get("/v1/outbox", headers=reader)).json()
    assert found == {"waiting": 0, "refused": 1}
    again = await api.post("/v1/outbox/replays", json={}, headers=sender)
    assert again.json() == {"replayed": waiting - 1}
    refused = await api.post("/v1/outbox/replays", json={"messages": "refused"}, headers=sender)
    assert refused.json() == {"replayed": 1}
    found = (await api.get("/v1/outbox", headers=reader)).json()
    assert found == {"waiting": waiting, "refused": 0}
