"""Payout with the real ledger: money is held, drawn, released and returned to the fen."""

from datetime import date
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import orjson
import pytest

from services.payout.payments.clients import LedgerClient
from shared import outbox
from shared.db import asyncpg_dsn
from shared.money import parse_yuan
from shared.wire.closing import control_hash, hashed_items, merged
from shared.wire.control_item import ControlItem, ItemTotals
from tests.payout.support.city import City
from tests.payout.support.papers import hospital_claim, result


async def test_a_batch_is_held_paid_released_and_returned_to_the_fen(city: City) -> None:
    before = await city.balances("medical")
    batch = await city.ready_batch(
        hospital_claim("100.00", "20.00", "3.00"), hospital_claim("7.00", district="nankai")
    )
    assert (await city.balances("medical"))["held"] - before["held"] == 130_00
    lines = await city.lines(batch)
    await city.report(
        batch,
        [
            result(lines[0]),
            result(lines[1], "refused"),
            result(lines[2], "returned", value_date="2022-01-04"),
            result(lines[3], "unknown"),
        ],
    )
    await city.report(batch, [result(lines[3]), result(lines[2])])
    await city.report(batch, [result(lines[3], "returned", value_date="2021-08-09")])
    await city.deliver()
    shown = await city.get_batch(batch)
    assert shown["status"] == "closed"
    hold = await city.hold(shown["hold"])
    assert (hold["remaining"], hold["status"]) == ("0.00", "closed")
    after = await city.balances("medical")
    assert after["held"] == before["held"]
    assert before["expenditure_deposit"] - after["expenditure_deposit"] == 100_00
    # A return of the same year lowers the benefit; one of a later year is income.
    assert after["benefit.hospital"] - before.get("benefit.hospital", 0) == 103_00
    assert after["other_income"] - before.get("other_income", 0) == 3_00


async def test_a_batch_that_the_account_cannot_cover_is_unfunded_until_it_can(city: City) -> None:
    claim = await city.approved(hospital_claim("2000000.00"))
    batch = (await city.batch([claim])).json()["id"]
    await city.fund()
    shown = await city.get_batch(batch)
    assert shown["status"] == "unfunded"
    assert shown["reason"].startswith("INSUFFICIENT_FUNDS")
    await city.give("medical", "2000000.00")
    path = f"/v1/payment-batches/{batch}/funding-checks"
    await city.ask("POST", path, {}, role="centre_cashier")
    await city.fund()
    assert (await city.get_batch(batch))["status"] == "ready"


async def test_lost_answers_hold_and_book_once(city: City) -> None:
    before = await city.balances("medical")
    claim = await city.approved(hospital_claim("50.00", "60.00"))
    batch = (await city.batch([claim])).json()["id"]
    city.transport.lost = 1
    with pytest.raises(httpx.ReadError):
        await city.fund()
    await city.fund()
    first, second = await city.lines(batch)
    await city.report(batch, [result(first), result(second, "refused")])
    for _ in range(2):  # first the answer about the voucher is lost, then the one about the release
        city.transport.lost = 1
        with pytest.raises(httpx.ReadError):
            await city.deliver()
    await city.deliver()
    after = await city.balances("medical")
    assert before["expenditure_deposit"] - after["expenditure_deposit"] == 50_00
    assert after["held"] == before["held"]


async def test_sending_every_message_again_changes_no_balance(city: City) -> None:
    await city.deliver()
    before = await city.balances("medical")
    await city.ask("POST", "/v1/outbox/replays", {}, role="fund_accountant")
    await city.deliver()
    assert await city.balances("medical") == before
    stats = await city.ask("GET", "/v1/outbox", role="supervisor")
    assert stats.json() == {"waiting": 0, "refused": 0}


async def test_messages_in_any_order_end_the_same(city: City) -> None:
    batch = await city.ready_batch(hospital_claim("1.00", "2.00", "4.00", "8.00"))
    lines = await city.lines(batch)
    files = [
        [result(lines[0]), result(lines[1], "refused")],
        [result(lines[2], "refused")],
        [result(lines[3])],
        [result(lines[0], "returned", value_date="2021-08-06")],
    ]
    before = await city.balances("medical")
    for file in files:
        await city.report(batch, file)
    payloads = await _waiting(city)
    ledger: LedgerClient = city.app.state.funding.ledger
    for payload in (*reversed(payloads), *payloads):
        assert await ledger.deliver([payload]) == [None]
    await city.deliver()
    after = await city.balances("medical")
    assert before["expenditure_deposit"] - after["expenditure_deposit"] == 8_00
    assert before["held"] - after["held"] == 15_00


async def _waiting(city: City) -> list[dict[str, Any]]:
    async with city.app.state.db.transaction() as tx:
        return [orjson.loads(one.payload) for one in await outbox.waiting(tx)]


async def test_every_trial_balance_is_zero(city: City) -> None:
    await city.deliver()
    trial_balance = await city.ledger_request("GET", "/v1/trial-balance", role="supervisor")
    assert trial_balance["balanced"] is True
    assert all(row["difference"] == "0.00" for row in trial_balance["funds"])


async def test_payouts_totals_equal_the_ledgers_books(city: City) -> None:
    await city.deliver()
    answer = await city.ask("GET", "/v1/totals", role="supervisor")
    medical = answer.json()["funds"]["medical"]
    books = await city.balances("medical")
    net_fen = parse_yuan(medical["paid"]) - parse_yuan(medical["returned"])
    assert net_fen == books["benefit.hospital"] - books["other_income"]


async def test_control_totals_equal_the_books_on_every_day(city: City) -> None:
    """A returned payment counts until its return, or permanently when it returns in a later year."""
    batch = await city.ready_batch(hospital_claim("40.00", "30.00", "20.00"))
    lines = await city.lines(batch)
    await city.report(
        batch,
        [
            result(lines[0]),
            result(lines[1], "returned", value_date="2021-11-09"),
            result(lines[2], "returned", value_date="2022-02-04"),
        ],
    )
    await city.report(batch, [result(lines[1]), result(lines[2])])
    await city.deliver()
    benefits = {}
    for day in ("2021-07-01", "2021-11-08", "2021-11-09", "2022-02-04"):
        answer = await city.client.get(
            "/v1/closing-control", params={"as_of": day}, headers=city.bearer("supervisor")
        )
        control = answer.json()
        books = await city.ledger_request(
            "GET", f"/v1/funds/balances?as_of={day}", role="dashboard"
        )
        (row,) = [one for one in books["funds"] if one["fund"] == "medical"]
        booked = sum(
            parse_yuan(amount)
            for account, amount in row["accounts"].items()
            if account.startswith("benefit.")
        )
        benefits[day] = parse_yuan(
            control["funds"].get("medical", {"benefits": "0.00"})["benefits"]
        )
        assert benefits[day] == booked
        opening_fen = parse_yuan(
            control["funds"].get(
                "medical", {"items": {"benefits": {"opening": {"business": "0.00"}}}}
            )["items"]["benefits"]["opening"]["business"]
        )
        both = {
            ControlItem.BENEFITS: ItemTotals(benefits[day], benefits[day], opening_fen, opening_fen)
        }
        totals = {"medical": {"benefits": benefits[day]} | hashed_items(both)}
        assert control["hash"] == control_hash("payout", date.fromisoformat(day), totals)
    assert benefits["2021-11-08"] - benefits["2021-11-09"] == 30_00
    assert benefits["2021-11-09"] == benefits["2022-02-04"], (
        "a return of the next year is other income"
    )
    refused = await city.client.get(
        "/v1/closing-control", headers=city.bearer("district_clerk", "heping")
    )
    assert refused.status_code == 403


async def _close_books(city: City, until: str | None) -> None:
    """Close the ledger's books up to a day, without payout's knowing of it."""
    connection = await asyncpg.connect(
        asyncpg_dsn(city.database_url), server_settings={"search_path": "ledger"}
    )
    await connection.execute(
        "UPDATE slot_head SET closed_until = $1, revision = revision + 1",
        date.fromisoformat(until) if until else None,
    )
    await connection.close()


async def test_a_day_that_closes_before_the_posting_moves_business_too(city: City) -> None:
    """The answer is lost once: the repeat is answered with the same day."""

    async def control(day: str) -> tuple[str, str]:
        answer = await city.client.get(
            "/v1/closing-control", params={"as_of": day}, headers=city.bearer("supervisor")
        )
        found = answer.json()["funds"]["medical"]
        path = f"/v1/closing-totals?as_of={day}"
        books = await city.ledger_request("GET", path, role="supervisor")
        both = found["items"]["benefits"]
        assert both["business"] == both["statistics"] == books["funds"]["medical"]["benefits"]
        opening = books["opening"].get("medical", {}).get("benefits", "0.00")
        assert both["opening"]["business"] == both["opening"]["statistics"] == opening
        return found["benefits"], opening

    await city.deliver()
    before = await control("2021-08-31")
    batch = await city.ready_batch(hospital_claim("9.00"))
    (line,) = await city.lines(batch)
    await city.report(batch, [result(line, value_date="2021-08-31")])
    await _close_books(city, "2021-08-31")
    try:
        city.transport.lost = 1
        with pytest.raises(httpx.TransportError):
            await city.deliver()
        await city.deliver()
    finally:
        await _close_books(city, None)
    assert await control("2021-08-31") == before
    benefits, opening = await control("2021-09-30")
    assert parse_yuan(benefits) >= parse_yuan(before[0]) + 9_00
    assert opening == before[0]
    async with city.app.state.db.transaction() as tx:
        (moved,) = await outbox.moved_beyond(tx, date(2021, 8, 31))
        assert orjson.loads(moved)["body"]["book_date"] == "2021-08-31"
        assert await outbox.moved_beyond(tx, date(2021, 9, 1)) == []


PAID_IN_TIME = """paid_booked_on <= '2021-08-31' AND paid_serial IS NOT NULL
                  AND returned_serial IS NULL"""
TAMPERED = {
    "business": ("payment_line", "batch_key, batch_id, line_no", PAID_IN_TIME),
    "statistics": (
        "claim_line",
        "claim_key, claim_id, line_no",
        f"""(claim_key, claim_id, line_no) IN (
            SELECT part.claim_key, part.claim_id, line.claim_line_no
              FROM payment_line AS line
              JOIN payment_part AS part USING (batch_key, batch_id, part_no)
             WHERE {PAID_IN_TIME})""",
    ),
}


@pytest.mark.parametrize("source", list(TAMPERED))
async def test_the_month_does_not_close_over_a_changed_payment(city: City, source: str) -> None:
    day = "2021-08-31"
    batch = await city.ready_batch(hospital_claim("6.00"))
    (line,) = await city.lines(batch)
    await city.report(batch, [result(line)])
    await city.deliver()

    async def differing() -> set[str]:
        reported = await city.client.get(
            "/v1/closing-control", params={"as_of": day}, headers=city.bearer("supervisor")
        )
        control = merged({"funds": {}, "hash": None}, reported.json())
        control["hashes"].pop("collection")
        body = {"level": "month", "period": "2021-08", "control": control}
        headers = city.bearer("fund_accountant") | {"Idempotency-Key": uuid4().hex}
        answer = await city.ledger.post("/v1/closings", json=body, headers=headers)
        faults = answer.json().get("errors", [])
        return {one["pointer"] for one in faults if one["code"] == "THREE_TOTALS_DIFFER"}

    table, keys, where = TAMPERED[source]
    change = f"""
        UPDATE {table} SET amount_fen = amount_fen {{}}
         WHERE ({keys}) = (SELECT {keys} FROM {table} WHERE {where} ORDER BY {keys} DESC LIMIT 1)"""
    assert await differing() == set()
    admin = await asyncpg.connect(
        asyncpg_dsn(city.database_url), server_settings={"search_path": "payout"}
    )
    await admin.execute("SET session_replication_role = replica")
    try:
        assert await admin.execute(change.format("+ 1")) == "UPDATE 1"
        found = await differing()
        assert found, "the changed payment stops the month"
        assert {one.split("/")[5] for one in found} == {"benefits"}
        (fund,) = {one.split("/")[3] for one in found}
        page = await city.client.get(
            "/v1/closing-control/papers",
            params={"fund": fund, "as_of": day},
            headers=city.bearer("supervisor"),
        )
        (claim,) = page.json()["items"]
        assert claim["paper"].startswith("clm_")
        assert parse_yuan(claim["difference"]) == (1 if source == "business" else -1)
        await admin.execute(change.format("- 1"))
    finally:
        await admin.close()
    assert await differing() == set()
