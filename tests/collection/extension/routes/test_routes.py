"""Bought months from the quote to the contribution record: declared, billed, paid, counted."""

import asyncio
from typing import Any

from services.collection.register.store import unit as unit_store
from shared.db import Database
from tests.collection.support.filing import csv_of, faults_of, hand_in, worked_off
from tests.collection.support.office import Office
from tests.collection.support.register import people_of
from tests.collection.support.restating import (
    Unit,
    a_unit,
    bill,
    bill_of,
    declared,
    pay,
    review,
)

MONTHS = {"period": "2021-07", "first": "2019-01", "last": "2020-12", "base": "5000.00"}


async def _person(office: Office, unit: Unit) -> str:
    (known,) = await people_of(office, unit.code)
    return str(known["person"])


async def _declare(office: Office, unit: Unit, **changes: Any) -> Any:
    body = MONTHS | {"credit_code": unit.code, "document": "津和补〔2021〕007号"} | changes
    if "person" not in body:
        body["person"] = await _person(office, unit)
    return await office.post("district_clerk", "/v1/contribution-extensions", body)


async def _pension_months(office: Office, unit: Unit) -> int:
    path = f"/v1/people/{await _person(office, unit)}/contributions"
    record = (await office.get("payout_service", path)).json()
    return sum(year["months"] for year in record["years"] if year["insurance"] == "pension")


async def test_bought_months_count_once_they_are_paid(office: Office, db: Database) -> None:
    unit = await a_unit(office, people=1)
    body = MONTHS | {"credit_code": unit.code}
    quote = await office.post("district_clerk", "/v1/contribution-extension-quotes", body)
    assert quote.status_code == 200, quote.text
    assert (quote.json()["months"], quote.json()["base"]) == (24, "5000.00")
    # 24 months of 16 % and 8 % of 5,000.
    assert quote.json()["totals"]["by_insurance"] == {"pension": "28800.00"}
    made = await _declare(office, unit)
    assert made.status_code == 201, made.text
    extension = made.json()
    assert (extension["total"], extension["status"]) == ("28800.00", "submitted")
    again = await _declare(office, unit, first="2020-06")
    assert [fault["code"] for fault in again.json()["errors"]] == ["MONTHS_DECLARED"]
    path = f"/v1/contribution-extensions/{extension['declaration']}"
    paper = {"id": extension["declaration"], "district": "heping", "period": "2021-07"}
    month = await declared(office, unit, "6000.00")
    await bill(office, db, paper, month)
    assert await _pension_months(office, unit) == 0
    due = await bill_of(office, paper)
    assert (due["total"], due["kind"]) == ("28800.00", "contribution")
    why = await office.get("supervisor", f"/v1/bills/{due['id']}/lines/1/explanation")
    assert why.status_code == 200, why.text
    monthly = await bill_of(office, month)
    for amount in (monthly["total"], due["total"]):
        await pay(office, unit, amount, "2021-07", "2021-08-16")
    assert await _pension_months(office, unit) == 25
    shown = (await office.get("supervisor", path)).json()
    assert (shown["status"], shown["bill"]) == ("settled", due["id"])
    listed = await office.get("supervisor", "/v1/contribution-extensions", credit_code=unit.code)
    assert listed.json()["items"] == [shown]


async def test_a_withdrawn_extension_frees_its_months(office: Office) -> None:
    unit = await a_unit(office, people=1)
    made = (await _declare(office, unit)).json()
    path = f"/v1/declarations/{made['declaration']}"
    corrected = await office.post(
        "employer_portal",
        f"{path}/corrections",
        {"note": "x", "control": {"people": 0, "wages": "0.00"}, "people": []},
    )
    assert corrected.status_code in {409, 422}, corrected.text
    gone = await office.post("employer_portal", f"{path}/withdrawals", {"note": "月份有误"})
    assert gone.status_code == 201, gone.text
    assert (await _declare(office, unit)).status_code == 201


async def test_a_bought_month_is_not_declared_again(office: Office) -> None:
    unit = await a_unit(office, people=2)
    wages = "6000.00", "7000.00"
    await review(office, await declared(office, unit, *wages))
    person = (await people_of(office, unit.code))[0]["person"]
    bought = {"period": "2021-08", "first": "2021-08", "last": "2021-08", "person": person}
    made = await _declare(office, unit, **bought)
    assert made.status_code == 201, made.text
    again = await office.declare(unit.code, unit.at(*wages), period="2021-08")
    (fault,) = again.json()["errors"]
    assert (again.status_code, fault["code"]) == (422, "MONTH_EXTENDED")
    rows = [(unit.code, one) for one in unit.at(*wages)]
    listed = [one for _, one in rows]
    filed = await worked_off(office, await hand_in(office, csv_of(rows), listed, period="2021-08"))
    assert [code for _, _, code in await faults_of(office, filed)] == ["MONTH_EXTENDED"]
    body = {"district": "heping", "period": "2021-08"}
    rolled = await worked_off(
        office, await office.post("district_clerk", "/v1/declaration-rolls", body)
    )
    assert rolled["result"]["left_out"]["MONTH_EXTENDED"] == 1, rolled
    path = f"/v1/declarations/{made.json()['declaration']}/withdrawals"
    gone = await office.post("employer_portal", path, {"note": "月份有误"})
    assert gone.status_code == 201, gone.text
    await declared(office, unit, *wages, period="2021-08")
    late = await _declare(office, unit, **bought)
    assert [one["code"] for one in late.json()["errors"]] == ["MONTHS_DECLARED"]


async def test_a_month_is_bought_or_declared_by_two_at_once(office: Office, db: Database) -> None:
    unit = await a_unit(office, people=1)
    month = {"period": "2021-08", "first": "2021-08", "last": "2021-08"}
    month["person"] = await _person(office, unit)
    async with db.transaction() as tx:
        await unit_store.lock(tx, unit.id)
        doors = [
            asyncio.create_task(office.declare(unit.code, unit.at("6000.00"), period="2021-08")),
            asyncio.create_task(_declare(office, unit, **month)),
        ]
        await asyncio.sleep(0.5)
        assert not any(door.done() for door in doors)
    answers = await asyncio.gather(*doors)
    assert sorted(answer.status_code for answer in answers) == [201, 422]


async def test_nobody_buys_for_a_stranger(office: Office) -> None:
    unit, other = await a_unit(office, people=1), await a_unit(office, people=1)
    stranger = await _declare(office, unit, person=await _person(office, other))
    assert [fault["code"] for fault in stranger.json()["errors"]] == ["PERSON_NOT_ENROLLED"]
