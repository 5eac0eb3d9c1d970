"""A standing credit is given back in money: two people, once, and never what a bill has used."""

from __future__ import annotations

from typing import Any

import httpx

from shared.db import Database
from shared.money import parse_yuan
from tests.collection.support.office import Office
from tests.collection.support.restating import (
    Unit,
    a_unit,
    assert_ties,
    bill,
    bill_of,
    corrected,
    credits_of,
    declared,
    memo_of,
    pay,
)

ASKED = {"requested_on": "2021-09-01", "note": "单位注销,申请退费"}
APPROVED = {"decided_on": "2021-09-02", "settlement": "stl_00000000000000000000000000000001"}


async def overpaid(office: Office, db: Database, **facts: Any) -> tuple[Unit, int]:
    """A unit that paid a month which was restated to less, and what stands of its credits (fen)."""
    unit = await a_unit(office, **facts)
    first = await declared(office, unit, "6500.00")
    await bill(office, db, first)
    await pay(office, unit, first["total"], "2021-07", "2021-08-13")
    paper = await corrected(office, first, unit, "5500.00")
    await bill(office, db, paper, bill_date="2021-08-20")
    return unit, -parse_yuan(paper["total"])


async def ask(office: Office, unit: Unit) -> httpx.Response:
    path = f"/v1/units/{unit.code}/credit-refunds"
    return await office.post("fund_accountant", path, ASKED, subject="kuaiji")


async def asked(office: Office, unit: Unit) -> dict[str, Any]:
    answer = await ask(office, unit)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def approve(
    office: Office, refund: dict[str, Any], subject: str = "zhuren", **how: Any
) -> httpx.Response:
    path = f"/v1/credit-refunds/{refund['id']}/approvals"
    return await office.post("department_head", path, APPROVED | how, subject=subject)


async def test_two_people_give_a_credit_back_and_the_memo_book_says_so(
    office: Office, db: Database
) -> None:
    unit, fen = await overpaid(office, db)
    refund = await asked(office, unit)
    assert (refund["status"], parse_yuan(refund["amount"])) == ("requested", fen)
    assert sum(parse_yuan(line["amount"]) for line in refund["lines"]) == fen
    await assert_ties(office, unit)  # nothing has moved
    before = await memo_of(office, unit)
    done = await approve(office, refund)
    assert (done.status_code, done.json()["status"]) == (201, "approved")
    assert await credits_of(office, unit, standing=True) == []
    await assert_ties(office, unit)
    after = await memo_of(office, unit)
    collected = {key: value for key, value in before.items() if key[0] == "memo_collected"}
    assert sum(before.values()) == sum(after.values()) == 0
    assert sum(after[key] for key in collected) == sum(collected.values()) - fen
    assert not [key for key in after if key[0] == "memo_receivable"]
    again = await approve(office, refund, subject="another")
    assert again.status_code == 409
    steps = (await office.get("supervisor", f"/v1/credit-refunds/{refund['id']}/trail")).json()
    assert [(step["step"], step["person"]) for step in steps["items"]] == [
        ("request", "kuaiji"),
        ("approve", "zhuren"),
    ]
    assert steps["items"][1]["detail"]["settlement"] == APPROVED["settlement"]


async def test_totals_tell_what_was_given_back(office: Office, db: Database) -> None:
    unit, fen = await overpaid(office, db, district="hebei")
    await approve(office, await asked(office, unit))
    totals = (await office.get("district_reviewer", "/v1/totals", district="hebei")).json()
    sums = [
        {name: parse_yuan(amount) for name, amount in of.items()} for of in totals["funds"].values()
    ]
    assert sum(of["refunded"] for of in sums) == fen
    assert all(of["credits"] == 0 == of["open"] for of in sums)
    assert all(of["declared"] == of["billed"] - of["refunded"] for of in sums)


async def test_the_same_person_cannot_approve(office: Office, db: Database) -> None:
    unit, _ = await overpaid(office, db)
    refund = await asked(office, unit)
    refused = await approve(office, refund, subject="kuaiji")
    assert (refused.status_code, refused.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert await credits_of(office, unit, standing=True)
    path = f"/v1/credit-refunds/{refund['id']}/approvals"
    assert (await office.post("fund_accountant", path, APPROVED)).status_code == 403


async def test_what_a_bill_has_used_meanwhile_is_not_given_back(
    office: Office, db: Database
) -> None:
    unit, fen = await overpaid(office, db)
    refund = await asked(office, unit)
    following = await declared(office, unit, "5500.00", period="2021-08")
    await bill(office, db, following, bill_date="2021-09-01")
    assert parse_yuan((await bill_of(office, following))["credited"]) == fen
    late = await approve(office, refund)
    assert (late.status_code, late.json()["code"]) == (409, "CREDIT_USED_MEANWHILE")
    path = f"/v1/credit-refunds/{refund['id']}/refusals"
    body = {"decided_on": "2021-09-03", "why": "贷项已抵减"}
    gone = await office.post("department_head", path, body, subject="zhuren")
    assert (gone.status_code, gone.json()["status"]) == (201, "refused")
    await assert_ties(office, unit)


async def test_one_at_a_time_and_only_what_stands(office: Office, db: Database) -> None:
    nothing = await ask(office, await a_unit(office))
    assert (nothing.status_code, nothing.json()["code"]) == (409, "NO_STANDING_CREDIT")
    unit, _ = await overpaid(office, db)
    refund = await asked(office, unit)
    twice = await ask(office, unit)
    assert (twice.status_code, twice.json()["code"]) == (409, "CREDIT_REFUND_WAITS")
    early = await approve(office, refund, decided_on="2021-08-31")
    assert early.status_code == 422
    listed = await office.get("supervisor", "/v1/credit-refunds", credit_code=unit.code)
    assert [row["id"] for row in listed.json()["items"]] == [refund["id"]]
    shown = await office.get("supervisor", f"/v1/credit-refunds/{refund['id']}")
    assert shown.json() == refund
