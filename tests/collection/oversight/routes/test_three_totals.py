"""A month does not close over a row that somebody changed: business, books and statistics, each item."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import asyncpg
import httpx
import pytest

from services.collection.reallocation.jobs import run_due
from shared.money import parse_yuan
from shared.wire.closing import merged
from shared.wire.control_item import ControlItem
from tests.collection.support.city import City, city_of
from tests.collection.support.money import fetch
from tests.collection.support.refunds import approved, paid_twice, requested, with_credit
from tests.collection.support.restating import Unit, a_unit, bill, corrected, declared, pay
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.issuer import Issuer

MONTH, NEXT = ("2021-11", "2021-11-30"), ("2021-12", "2021-12-31")
NOTHING: dict[str, Any] = {"funds": {}, "hash": None}


@pytest.fixture(scope="module")
async def city(
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    issuer: Issuer,
    database_url: str,
) -> AsyncIterator[City]:
    """A November with every item: late and paid too much, restated, waived, refunded."""
    async with city_of(settings_for, client_of, bearer, issuer, database_url) as made:
        await _late(made)
        _, receipt, _ = await paid_twice(made.office, made.db)
        unit, _ = await with_credit(made.office, made.db)
        await made.deliver()
        for source in ({"receipt": receipt}, {"credits_of": unit.code}):
            await _refund(made, source)
        await made.deliver()
        await made.control("2021-11-30")
        yield made


async def _late(city: City) -> None:
    unit = await a_unit(city.office, collector="tax")
    paper = await declared(city.office, unit, "10000.00", "8000.00", period="2021-10")
    await bill(city.office, city.db, paper, bill_date="2021-11-01")
    await pay(city.office, unit, "1000.00", "2021-10", "2021-11-28")
    await _waive(city, unit)
    less = await corrected(city.office, paper, unit, "9000.00", "8500.00")
    await bill(city.office, city.db, less, bill_date="2021-11-28")
    await pay(city.office, unit, paper["total"], "2021-10", "2021-11-29")
    await run_due(city.db, "tianjin")


async def _waive(city: City, unit: Unit) -> None:
    listed = await city.office.get("supervisor", "/v1/bills", credit_code=unit.code)
    (charge,) = [one for one in listed.json()["items"] if one["kind"] == "charge"]
    body = {"reason": "AGENCY_CAUSE", "evidence": "津减〔2021〕1号", "asked_on": "2021-11-28"}
    path = f"/v1/bills/{charge['id']}/waivers"
    filed = await city.office.post("centre_auditor", path, body | {"amount": "0.01"})
    assert filed.status_code == 201, filed.text
    path = f"/v1/waivers/{filed.json()['id']}/approvals"
    done = await city.office.post("department_head", path, {"decided_on": "2021-11-28"})
    assert done.status_code == 201, done.text


async def _refund(city: City, source: dict[str, Any]) -> None:
    refund = await requested(city.office, source)
    await approved(city.office, refund["id"])
    await city.deliver()
    body = {"kind": "refund", "day": "2021-11-29", "refund": refund["id"]}
    proposed = await city.post("fund_accountant", "/v1/settlements", body, refund["id"])
    assert proposed.status_code == 201, proposed.text
    path = f"/v1/settlements/{proposed.json()['id']}/approvals"
    done = await city.post("department_head", path, {}, f"approve-{refund['id']}")
    assert done.status_code == 200, done.text
    while await city.refunds.step():
        pass


async def faults_of(city: City, month: tuple[str, str]) -> list[dict[str, str]]:
    """Try to close a month; what stands against it."""
    period, day = month
    told = await city.office.get("supervisor", "/v1/closing-control", as_of=day)
    control = merged(told.json(), NOTHING)
    control["hashes"].pop("payout")
    body = {"level": "month", "period": period, "control": control}
    answer = await city.post("fund_accountant", "/v1/closings", body)
    assert answer.status_code in (201, 409), answer.text
    found: list[dict[str, str]] = answer.json().get("errors", [])
    return found


async def refusals(city: City, month: tuple[str, str]) -> set[str]:
    """Try to close a month; the pointers of the totals that differ."""
    found = await faults_of(city, month)
    return {one["pointer"] for one in found if one["code"] == "THREE_TOTALS_DIFFER"}


@asynccontextmanager
async def tampered(city: City, change: str, back: str) -> AsyncIterator[None]:
    """Change a row directly, past the triggers, and change it back."""
    url = city.office.database_url
    admin = await asyncpg.connect(url, server_settings={"search_path": "collection"})
    try:
        await admin.execute("SET session_replication_role = replica")
        assert await admin.execute(change) == "UPDATE 1"
        try:
            yield
        finally:
            await admin.execute(back)
    finally:
        await admin.close()


def one_row(table: str, keys: str, column: str, where: str, step: int = 1) -> tuple[str, str]:
    """Build the change of one row of a table, and the change back."""
    change = f"""
        UPDATE {table} SET {column} = {column} {{}}
         WHERE ({keys}) = (SELECT {keys} FROM {table} WHERE {where} ORDER BY {keys} LIMIT 1)"""
    return change.format(f"+ {step}"), change.format(f"- {step}")


LINE = "unit_id, bill_id, line_no"
OF_CHARGE = "bill_id IN (SELECT id FROM bill WHERE kind = 'charge')"
NO_CHARGE = "bill_id NOT IN (SELECT id FROM bill WHERE kind = 'charge')"
PERSONAL = f"""({LINE}) IN (SELECT {LINE} FROM bill_line WHERE account = 'personal_account')
               AND {NO_CHARGE}"""
BUSINESS = {
    ControlItem.LEVIED: one_row("bill_line", LINE, "amount_fen", NO_CHARGE),
    ControlItem.COLLECTED: one_row(
        "bill_line", LINE, "settled_fen", f"settled_fen > 1 AND {NO_CHARGE}", -1
    ),
    ControlItem.SUSPENSE: one_row("suspense", "receipt_key, receipt_id", "amount_fen", "true"),
    ControlItem.REFUNDS: one_row(
        "refund_part", "refund_key, refund_id, part_no", "amount_fen", "credit_id IS NOT NULL"
    ),
    ControlItem.LATE_FEES_CHARGED: one_row("bill_line", LINE, "amount_fen", OF_CHARGE),
    ControlItem.LATE_FEES_COLLECTED: one_row(
        "bill_line", LINE, "settled_fen", f"settled_fen > 1 AND {OF_CHARGE}", -1
    ),
    ControlItem.PERSONAL: one_row(
        "bill_line", LINE, "settled_fen", f"settled_fen > 1 AND {PERSONAL}", -1
    ),
}
SHARE = "unit_id, event_id, bill_id, line_no, reallocation_id"
STATISTICS = {
    ControlItem.LEVIED: one_row(
        "declaration_levy", "unit_id, declaration_id, round, first_line", "amount_fen[1]", "true"
    ),
    ControlItem.COLLECTED: one_row(
        "allocation", SHARE, "amount_fen", f"amount_fen > 0 AND {NO_CHARGE}"
    ),
    ControlItem.SUSPENSE: one_row("receipt", "receipt_key, id", "amount_fen", "true"),
    ControlItem.REFUNDS: one_row("refund", "refund_key, id", "amount_fen", "source = 'receipt'"),
    ControlItem.LATE_FEES_CHARGED: one_row(
        "charge", "unit_id, event_id, bill_id, insurance, fund, kind", "amount_fen", "true"
    ),
    ControlItem.LATE_FEES_COLLECTED: one_row(
        "allocation", SHARE, "amount_fen", f"amount_fen > 0 AND {OF_CHARGE}"
    ),
    ControlItem.PERSONAL: one_row(
        "allocation", SHARE, "amount_fen", f"amount_fen > 0 AND {PERSONAL}"
    ),
}
MORE = {
    "a waiver, in statistics": (
        ControlItem.LATE_FEES_CHARGED,
        one_row("waiver_line", "unit_id, waiver_id, line_no", "amount_fen", "true"),
    ),
    "a credit, in business": (
        ControlItem.LEVIED,
        one_row("credit", "unit_id, id", "amount_fen", "true"),
    ),
    "a refunded credit, in business": (
        ControlItem.COLLECTED,
        one_row("credit", "unit_id, id", "used_fen", "used_fen > 0", -1),
    ),
    "a refunded credit, in statistics": (
        ControlItem.COLLECTED,
        one_row(
            "refund_part", "refund_key, refund_id, part_no", "amount_fen", "credit_id IS NOT NULL"
        ),
    ),
}
CASES = {
    **{f"{item}, in business": (item, change) for item, change in BUSINESS.items()},
    **{f"{item}, in statistics": (item, change) for item, change in STATISTICS.items()},
    **MORE,
}


async def test_untouched_months_differ_in_nothing(city: City) -> None:
    for month in (MONTH, NEXT):
        codes = {one["code"] for one in await faults_of(city, month)}
        assert codes <= {"RECEIPTS_UNMATCHED", "INCOME_ACCOUNT_NOT_EMPTY"}, codes


def test_every_item_of_collection_is_tampered_with_on_both_sides() -> None:
    told = set(ControlItem) - {ControlItem.BENEFITS}
    assert set(BUSINESS) == set(STATISTICS) == told


@pytest.mark.parametrize("case", list(CASES))
async def test_the_month_does_not_close_and_the_paper_is_named(city: City, case: str) -> None:
    item, (change, back) = CASES[case]
    assert await refusals(city, MONTH) == set()
    async with tampered(city, change, back):
        pointers = await refusals(city, MONTH)
        found = [one for one in pointers if one.split("/")[5] == item]
        assert found, pointers
        papers = []
        for fund in sorted({one.split("/")[3] for one in found}):
            query = {"item": item.value, "fund": fund, "as_of": MONTH[1]}
            page = await city.office.get("supervisor", "/v1/closing-control/papers", **query)
            papers += page.json()["items"]
        assert papers, "the paper behind the difference is named"
        assert all(parse_yuan(one["difference"]) for one in papers)
    assert await refusals(city, MONTH) == set()


@pytest.mark.parametrize("item", list(BUSINESS))
async def test_a_change_of_an_earlier_month_stops_a_later_one(
    city: City, item: ControlItem
) -> None:
    change, back = STATISTICS[item]
    async with tampered(city, change, back):
        pointers = await refusals(city, NEXT)
        assert {one.split("/")[5] for one in pointers} >= {item}
        assert all(one.endswith("/opening") for one in pointers), "December itself moved nothing"


async def test_a_voucher_that_business_does_not_know_stops_the_month(city: City) -> None:
    rows = await fetch(
        city.office.database_url, "SELECT count(*) AS n FROM outbox WHERE refused IS NOT NULL"
    )
    assert rows == [{"n": 0}]
    entry = {"book": "memo", "fund": "pension", "amount": "1.00", "district": "heping"}
    body = {
        "event_id": "by-hand-1",
        "owner": "centre",
        "kind": "bill",
        "book_date": "2021-11-15",
        "summary": "手工",
        "entries": [
            entry | {"account": "memo_receivable", "side": "debit"},
            entry | {"account": "memo_levied", "side": "credit"},
        ],
    }
    made = await city.post("collection_service", "/v1/vouchers", body, "by-hand-1")
    assert made.status_code == 201, made.text
    pointers = await refusals(city, MONTH)
    assert pointers == {"/control/funds/pension/items/levied"}
    where = {"item": "levied", "fund": "pension", "as_of": MONTH[1]}
    assert (await city.ask("/v1/closing-totals/papers", **where))["items"] == []
    undone = await city.post(
        "fund_accountant",
        f"/v1/vouchers/{made.json()['id']}/reversals",
        {"book_date": "2021-11-15", "summary": "冲回"},
        "by-hand-2",
    )
    assert undone.status_code == 201, undone.text
    path = f"/v1/reversals/{undone.json()['id']}/approvals"
    undone = await city.post("department_head", path, {}, "by-hand-3")
    assert undone.status_code == 200, undone.text
    assert await refusals(city, MONTH) == set()
    [by_hand] = (await city.ask("/v1/closing-totals/papers", **where))["items"]
    assert (by_hand["voucher"], by_hand["credit"]) == (undone.json()["reversal"], "-1.00")
    other = await city.ask("/v1/closing-totals/papers", **where | {"item": "suspense"})
    assert other["items"] == []


async def close_books(city: City, until: date | None) -> None:
    """Close the ledger's books up to a day, without collection's knowing of it."""
    admin = await asyncpg.connect(
        city.office.database_url, server_settings={"search_path": "ledger"}
    )
    await admin.execute("UPDATE slot_head SET closed_until = $1, revision = revision + 1", until)
    await admin.close()


async def test_a_day_that_closes_before_the_posting_moves_business_too(city: City) -> None:
    """A bill, a receipt paid late with its charges, and suspense; the answer is lost once."""
    days = ("2021-12-08", "2021-12-09", "2021-12-10", "2021-12-31", "2022-01-01")
    unit = await a_unit(city.office, collector="tax")
    paper = await declared(city.office, unit, "7000.00", period="2021-09")
    await bill(city.office, city.db, paper, bill_date="2021-10-08")
    await city.deliver()
    await pay(city.office, unit, paper["total"], "2021-09", "2021-12-09")
    later = await corrected(city.office, paper, unit, "7100.00")
    await bill(city.office, city.db, later, bill_date="2021-12-10")
    await pay(city.office, unit, "2000.00", "2021-09", "2021-12-10")
    await close_books(city, date(2021, 12, 31))
    try:
        city.way.lose_batches = 1
        with pytest.raises(httpx.TransportError):
            await city.deliver()
        await city.deliver()
    finally:
        await close_books(city, None)
    found = [await city.control(day) for day in days]
    collected = [one["funds"]["pension"]["collected"] for one in found]
    assert collected[0] == collected[3] != collected[4], "the books have it on the first open day"
