"""Refunds over HTTP, collection alone: reserved at once, two people, and open again when they fail."""

from __future__ import annotations

import asyncio

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reallocation.flows import lock_unit
from services.collection.reallocation.jobs import run_due
from shared.db import Database
from shared.ids import Ref
from shared.money import format_yuan, parse_yuan
from shared.references import Reference
from tests.collection.support.office import Office
from tests.collection.support.refunds import (
    approved,
    decide,
    match,
    paid_twice,
    report_return,
    request,
    requested,
    settle,
    suspended,
    with_credit,
)
from tests.collection.support.restating import (
    a_unit,
    assert_ties,
    bill,
    bill_of,
    credits_of,
    declared,
    pay,
)
from tests.collection.support.totals import apart


async def orders(office: Office, refund: str) -> list[dict[str, object]]:
    """The orders of a refund in the outbox."""
    rows = await office.fetch("SELECT payload FROM outbox ORDER BY id")
    found = [orjson.loads(row["payload"]).get("refund_order") for row in rows]
    return [one for one in found if one and one["refund"] == refund]


async def test_money_in_suspense_is_reserved_from_the_request_on(
    office: Office, db: Database
) -> None:
    unit, receipt, fen = await paid_twice(office, db)
    refund = await requested(office, {"receipt": receipt})
    assert (refund["status"], parse_yuan(refund["amount"])) == ("requested", fen)
    assert (refund["receipt"], refund["deposit"]) == (receipt, "treasury_deposit")
    assert await suspended(office, receipt) == "0.00"
    twice = await request(office, {"receipt": receipt})
    assert (twice.status_code, twice.json()["code"]) == (409, "NOTHING_TO_REFUND")
    paper = await declared(office, unit, "10000.00", period="2021-11")
    await bill(office, db, paper, bill_date="2021-12-12")
    await run_due(db, "tianjin")
    assert (await bill_of(office, paper))["status"] == "open"
    used = await match(office, receipt, unit, "2021-11")
    assert (used.status_code, used.json()["code"]) == (409, "NOTHING_SUSPENDED")
    assert await orders(office, refund["id"]) == []
    gone = await approved(office, refund["id"], "refusals", why="留抵下月")
    assert gone["status"] == "refused"
    await run_due(db, "tianjin")
    settled = await bill_of(office, paper)
    rest = await suspended(office, receipt)
    assert parse_yuan(settled["settled"]) + parse_yuan(rest) == fen, "it can be used again"


async def test_two_people_refund_and_the_ledger_gets_one_order(
    office: Office, db: Database
) -> None:
    _, receipt, fen = await paid_twice(office, db)
    refund = await requested(office, {"receipt": receipt}, amount="100.00")
    assert await suspended(office, receipt) == format_yuan(fen - 100_00)
    own = await decide(office, refund["id"], subject="kuaiji")
    assert (own.status_code, own.json()["code"]) == (409, "SAME_PERSON_TWICE")
    clerk = await decide(office, refund["id"], role="fund_accountant", subject="another")
    assert clerk.status_code == 403
    early = await decide(office, refund["id"], decided_on="2021-11-23")
    assert early.status_code == 422
    assert (await approved(office, refund["id"]))["status"] == "approved"
    assert (await decide(office, refund["id"], subject="another")).status_code == 409
    (order,) = await orders(office, refund["id"])
    assert (order["receipt"], order["source"], order["reason"]) == (receipt, "suspense", "重复缴费")
    (amount,) = order["amounts"]  # type: ignore[misc]
    assert (amount["account"], amount["amount"]) == ("suspense_receipts", "100.00")
    await settle(db, refund["id"])
    found = (await office.get("supervisor", f"/v1/refunds/{refund['id']}")).json()
    assert (found["status"], found["paid_from"]) == ("paid", "treasury_deposit")
    trail = (await office.get("supervisor", f"/v1/refunds/{refund['id']}/trail")).json()
    steps = [(step["step"], step["person"]) for step in trail["items"]]
    assert steps == [
        ("request", "kuaiji"),
        ("approve", "zhuren"),
        ("paid", "collection_service"),
    ]
    listed = await office.get("supervisor", "/v1/refunds", status="paid", limit=500)
    assert refund["id"] in [row["id"] for row in listed.json()["items"]]


async def test_a_typed_settlement_is_refused(office: Office, db: Database) -> None:
    _, receipt, _ = await paid_twice(office, db)
    refund = await requested(office, {"receipt": receipt})
    typed = await decide(office, refund["id"], settlement="stl_dead")
    assert typed.status_code == 422


async def test_a_refund_that_comes_back_opens_its_source(office: Office, db: Database) -> None:
    unit, receipt, fen = await paid_twice(office, db)
    refund = (await requested(office, {"receipt": receipt}))["id"]
    unpaid = await report_return(office, refund)
    assert (unpaid.status_code, unpaid.json()["code"]) == (409, "STATE_CONFLICT")
    await approved(office, refund)
    await settle(db, refund)
    early = await report_return(office, refund, returned_on="2021-11-25")
    assert early.status_code == 422
    first = await report_return(office, refund, serial="TH-wrong")
    assert first.json()["status"] == "returning"
    own = await decide(
        office, refund, "returns/approvals", decided_on="2021-12-02", subject="kuaiji"
    )
    assert own.json()["code"] == "SAME_PERSON_TWICE"
    no = await approved(office, refund, "returns/refusals", decided_on="2021-12-02", why="不是本笔")
    assert (no["status"], no["return_serial"]) == ("paid", None)
    again = await report_return(office, refund, serial="TH-right")
    assert again.status_code == 201, again.text
    back = await approved(office, refund, "returns/approvals", decided_on="2021-12-02")
    assert (back["status"], back["returned_on"]) == ("returned", "2021-12-01")
    assert parse_yuan(await suspended(office, receipt)) == fen
    rows = await office.fetch("SELECT payload FROM outbox ORDER BY id DESC LIMIT 5")
    (voucher,) = [
        one for row in rows if (one := orjson.loads(row["payload"])).get("kind") == "refund_return"
    ]
    assert (voucher["book_date"], voucher["value_date"]) == ("2021-12-02", "2021-12-01")
    assert {(entry["account"], entry["side"]) for entry in voucher["entries"]} == {
        ("treasury_deposit", "debit"),
        ("suspense_receipts", "credit"),
    }
    anew = await requested(office, {"receipt": receipt}, requested_on="2021-12-03")
    assert parse_yuan(anew["amount"]) == fen
    other = (await paid_twice(office, db))[1]
    third = (await requested(office, {"receipt": other}))["id"]
    await approved(office, third)
    await settle(db, third)
    known = await report_return(office, third, serial="TH-right")
    assert (known.status_code, known.json()["code"]) == (409, "RETURN_KNOWN")
    assert unit.code == anew["credit_code"]
    swept = (await requested(office, {"receipt": (await paid_twice(office, db))[1]}))["id"]
    await approved(office, swept)
    await settle(db, swept, paid_from="fiscal_deposit")
    of_another_bank = await report_return(office, swept, serial="TH-right")
    assert of_another_bank.status_code == 201, of_another_bank.text


async def test_credits_are_reserved_and_no_bill_uses_them(office: Office, db: Database) -> None:
    unit, fen = await with_credit(office, db)
    refund = await requested(office, {"credits_of": unit.code}, requested_on="2021-09-01")
    assert parse_yuan(refund["amount"]) == fen
    assert await credits_of(office, unit, standing=True) == []
    await assert_ties(office, unit)
    following = await declared(office, unit, "5500.00", period="2021-08")
    await bill(office, db, following, bill_date="2021-09-01")
    assert (await bill_of(office, following))["credited"] == "0.00"
    await approved(office, refund["id"])
    (order,) = await orders(office, refund["id"])
    assert (order["source"], order["receipt"]) == ("credits", None)
    await settle(db, refund["id"])
    await assert_ties(office, unit)
    nothing = await request(office, {"credits_of": unit.code})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "NOTHING_TO_REFUND")


async def test_totals_count_a_credit_until_it_is_paid(office: Office, db: Database) -> None:
    unit, fen = await with_credit(office, db, district="hebei")
    refund = (await requested(office, {"credits_of": unit.code}))["id"]
    for status, credits, refunded in (
        ("requested", fen, 0),
        ("approved", fen, 0),
        ("paid", 0, fen),
    ):
        if status == "approved":
            await approved(office, refund)
        if status == "paid":
            await settle(db, refund)
        totals = (await office.get("district_reviewer", "/v1/totals", district="hebei")).json()
        sums = [
            {name: parse_yuan(amount) for name, amount in of.items()}
            for of in totals["funds"].values()
        ]
        assert sum(of["credits"] for of in sums) == credits, status
        assert sum(of["refunded"] for of in sums) == refunded, status
        assert all(
            of["declared"] == of["billed"] - of["credits"] - of["refunded"] for of in sums
        ), status


async def test_a_returned_credit_stands_again(office: Office, db: Database) -> None:
    unit, fen = await with_credit(office, db)
    refund = (await requested(office, {"credits_of": unit.code}))["id"]
    await approved(office, refund)
    await settle(db, refund)
    assert (await report_return(office, refund)).status_code == 201
    await approved(office, refund, "returns/approvals", decided_on="2021-12-02")
    standing = await credits_of(office, unit, standing=True)
    assert sum(parse_yuan(one["left"]) for one in standing) == fen
    await assert_ties(office, unit)


async def test_what_cannot_be_refunded_is_refused(office: Office, db: Database) -> None:
    unit = await a_unit(office)
    nothing = await request(office, {"credits_of": unit.code})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "NOTHING_TO_REFUND")
    _, receipt, fen = await paid_twice(office, db)
    more = await request(office, {"receipt": receipt}, amount=format_yuan(fen + 1))
    assert (more.status_code, more.json()["code"]) == (409, "REFUND_EXCEEDS")
    route = await request(office, {"receipt": receipt}, deposit="income_deposit")
    assert (route.status_code, route.json()["code"]) == (422, "ROUTE_DIFFERS")
    both = await request(office, {"receipt": receipt, "credits_of": unit.code})
    assert both.status_code == 422
    assert (await request(office, {})).status_code == 422
    unknown = await request(office, {"receipt": f"rcp_{5:048x}"})
    assert unknown.status_code == 404
    paper = await declared(office, unit, "6500.00")
    await bill(office, db, paper)
    await pay(office, unit, paper["total"], "2021-07", "2021-08-13")
    owed = await bill_of(office, paper)
    contribution = await request(office, {"charge": owed["id"]})
    assert (contribution.status_code, contribution.json()["code"]) == (409, "NOT_A_CHARGE_BILL")
    district = await office.post(
        "district_reviewer", "/v1/refunds", {"source": {"receipt": receipt}}, key="district"
    )
    assert district.status_code == 403
    assert await suspended(office, receipt) == format_yuan(fen)


async def test_a_late_fee_that_was_paid_is_refunded(office: Office, db: Database) -> None:
    unit = await a_unit(office, collector="tax")
    paper = await declared(office, unit, "10000.00", period="2021-07")
    await bill(office, db, paper, bill_date="2021-08-12")
    await pay(office, unit, paper["total"], "2021-07", "2021-09-24")
    listed = (await office.get("supervisor", "/v1/bills", credit_code=unit.code)).json()["items"]
    (charge,) = [one for one in listed if one["kind"] == "charge"]
    unpaid = await request(office, {"charge": charge["id"]})
    assert (unpaid.status_code, unpaid.json()["code"]) == (409, "NOTHING_TO_REFUND")
    await pay(office, unit, charge["total"], "2021-07", "2021-09-30")
    refund = await requested(office, {"charge": charge["id"]}, reason="因经办原因减免")
    assert refund["amount"] == charge["total"]
    again = await request(office, {"charge": charge["id"]})
    assert (again.status_code, again.json()["code"]) == (409, "REFUND_PENDING")
    done = await approved(office, refund["id"])
    assert [part["account"] for part in done["parts"]] == ["suspense_receipts"]
    now = (await office.get("supervisor", f"/v1/bills/{charge['id']}")).json()
    assert (now["total"], now["waived"], now["status"]) == ("0.00", charge["total"], "settled")
    assert (await bill_of(office, paper))["status"] == "settled"
    assert await suspended(office, refund["receipt"]) == "0.00"
    (order,) = await orders(office, refund["id"])
    assert (order["source"], order["receipt"]) == ("suspense", refund["receipt"])
    await settle(db, refund["id"])
    await run_due(db, "tianjin")
    assert (await bill_of(office, paper))["status"] == "settled"
    later = await pay(office, unit, "5.00", "2021-07", "2021-09-20")  # before what is booked
    assert later["suspended_amount"] == "5.00" or later["matched"] == 1
    kept = (await office.get("supervisor", f"/v1/bills/{charge['id']}")).json()
    assert parse_yuan(kept["total"]) == 0


async def test_business_and_statistics_agree_after_refunds(office: Office) -> None:
    """After everything above: reserved, paid, returned and refused refunds of every source."""
    items: dict[str, dict[str, str]] = {}
    for day in ("2021-09-30", "2021-11-24", "2021-11-25", "2021-11-26", "2021-12-31"):
        told = (await office.get("supervisor", "/v1/closing-control", as_of=day)).json()
        assert apart(told) == {}, day
        items = told["funds"]["pension"]["items"]
    assert parse_yuan(items["refunds"]["business"]) > 0


async def test_whoever_takes_from_a_receipt_waits_for_its_unit_before_its_suspense(
    office: Office, db: Database
) -> None:
    """Whoever reallocates the unit holds the unit and then asks for the suspense: one order for all."""
    unit, receipt, _ = await paid_twice(office, db)
    refund = await requested(office, {"receipt": receipt}, amount="1.00")
    ref = Ref.parse(Reference.RECEIPT, receipt)
    [row] = await office.fetch("SELECT unit_id FROM unit WHERE credit_code = $1", unit.code)
    takers = (
        lambda: match(office, receipt, unit, "2021-11"),
        lambda: decide(office, refund["id"], "refusals", why="留抵下月"),
        lambda: request(office, {"receipt": receipt}),
    )
    for take in takers:
        async with db.transaction() as tx:
            await lock_unit(tx, row["unit_id"])
            taking = asyncio.create_task(take())
            await _until_waiting(tx)
            await tx.execute(
                text("""
                    SELECT 1 FROM suspense
                     WHERE receipt_key = :key AND receipt_id = :id
                       FOR UPDATE NOWAIT
                """),
                {"key": ref.key, "id": ref.id},
            )
        assert (await taking).status_code < 500


async def _until_waiting(tx: AsyncConnection) -> None:
    """Wait until somebody waits for a lock that this transaction holds."""
    waiting = text("""
        SELECT COUNT(*) FROM pg_stat_activity
         WHERE datname = current_database() AND pg_backend_pid() = ANY(pg_blocking_pids(pid))
    """)
    for _ in range(500):
        if await tx.scalar(waiting):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")
