"""An adjustment bill: its due day, late fees and dunning, and the totals that see it."""

from __future__ import annotations

from shared.db import Database
from shared.money import parse_yuan
from tests.collection.support.office import Office
from tests.collection.support.restating import (
    a_unit,
    assert_ties,
    bill,
    bill_of,
    corrected,
    credits_of,
    declared,
    pay,
)


async def test_no_late_fee_for_the_time_before_an_adjustment_was_billed(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "6500.00")
    await bill(office, db, first)
    await pay(office, unit, first["total"], "2021-07", "2021-08-13")
    paper = await corrected(office, first, unit, "7500.00")
    await bill(office, db, paper, bill_date="2021-11-01")
    await pay(office, unit, paper["total"], "2021-07", "2021-11-01")
    assert (await bill_of(office, paper))["status"] == "settled"
    charges = await office.get("supervisor", f"/v1/units/{unit.code}/charges")
    assert charges.json()["items"] == []
    await assert_ties(office, unit)


async def test_an_adjustment_bill_says_what_was_levied_before_and_what_now(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "6500.00", "5000.00")
    await bill(office, db, first)
    less = await corrected(office, first, unit, "6500.00", "4500.00")
    await bill(office, db, less)
    lowered = await bill_of(office, first)
    more = await corrected(office, first, unit, "7500.00", "4500.00")
    await bill(office, db, more)
    issued = await bill_of(office, more)
    for line in issued["lines"]:
        path = f"/v1/bills/{issued['id']}/lines/{line['line']}/explanation"
        explanation = (await office.get("supervisor", path)).json()
        assert explanation["corrects"] == less["id"]
        before, now = (
            parse_yuan(explanation["levied_before"]),
            parse_yuan(explanation["levied_now"]),
        )
        assert now - before == parse_yuan(line["amount"])
        assert {part["level"] for part in explanation["parts"]} == {"people", "corrected"}
        assert sum(parse_yuan(share["amount"]) for share in explanation["people"]) == now
    path = f"/v1/bills/{lowered['id']}/lines/1/explanation"
    explanation = (await office.get("supervisor", path)).json()
    (used,) = explanation["credited_by"]
    assert (used["declaration"], used["amount"]) == (less["id"], lowered["lines"][0]["credited"])
    assert (explanation["corrects"], explanation["levied_before"]) == (None, "0.00")


async def test_totals_and_arrears_see_lowered_bills_and_standing_credits(
    office: Office, db: Database
) -> None:
    district = {"district": "hongqiao"}
    unit, other = await a_unit(office, **district), await a_unit(office, **district)
    first, paid = await declared(office, unit, "6500.00"), await declared(office, other, "6500.00")
    await bill(office, db, first, paid)
    await pay(office, other, paid["total"], "2021-07", "2021-08-14")
    less = [
        await corrected(office, paper, of, "5500.00")
        for paper, of in ((first, unit), (paid, other))
    ]
    await bill(office, db, *less, bill_date="2021-09-10")
    totals = (await office.get("district_reviewer", "/v1/totals", **district)).json()
    stood = await credits_of(office, other, standing=True)
    for name, sums in totals["funds"].items():
        fen = {member: parse_yuan(amount) for member, amount in sums.items()}
        unused_fen = sum(parse_yuan(one["left"]) for one in stood if one["fund"] == name)
        assert fen["credits"] == unused_fen
        assert fen["open"] == fen["billed"] - fen["collected"]
        assert fen["declared"] == fen["billed"] - fen["credits"] - fen["refunded"], (name, sums)
    assert totals["people"] == 2
    open_now = (await bill_of(office, first))["open"]

    async def owed(as_of: str) -> str:
        path = f"/v1/units/{unit.code}/arrears"
        found = await office.get("payout_service", path, as_of=as_of)
        return str(found.json()["total"])

    before = await owed("2021-09-09")
    after = await owed("2021-09-10")
    lowered = await bill_of(office, first)
    adjustment = await bill_of(office, less[0])
    assert parse_yuan(before) == parse_yuan(lowered["total"]) + parse_yuan(lowered["credited"])
    assert parse_yuan(after) == parse_yuan(open_now) + parse_yuan(adjustment["open"])


async def test_an_adjustment_falls_due_is_dunned_and_bears_charges_like_any_bill(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office, district="jinnan")
    first = await declared(office, unit, "6500.00")
    await bill(office, db, first)
    await pay(office, unit, first["total"], "2021-07", "2021-08-13")
    paper = await corrected(office, first, unit, "7500.00")
    await bill(office, db, paper, bill_date="2021-09-03")
    run = {"district": "jinnan", "day": "2021-09-10"}
    made = await office.post("district_clerk", "/v1/dunning-runs", run, district="jinnan")
    assert made.status_code == 201, made.text
    notices = await office.get("supervisor", "/v1/dunning-notices", credit_code=unit.code)
    assert [one["open"] for one in notices.json()["items"]] == [paper["total"]]
    query = {"period_from": "2021-07", "period_to": "2021-07", "as_of": "2021-09-10"}
    path = f"/v1/units/{unit.code}/certificates"
    refused = await office.post("district_clerk", path, query, district="jinnan")
    assert (refused.status_code, refused.json()["code"]) == (409, "UNIT_IN_ARREARS")
    await pay(office, unit, paper["total"], "2021-07", "2021-09-10")
    charges = await office.get("supervisor", f"/v1/units/{unit.code}/charges")
    days = {one["days"] for one in charges.json()["items"]}
    assert (days, (await bill_of(office, paper))["status"]) == ({7}, "settled")
    await assert_ties(office, unit)
