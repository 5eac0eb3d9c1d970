"""The facts that keep a person from retiring: months that a unit owes, until they are paid."""

from typing import Any

from shared.db import Database
from tests.collection.support.office import Office
from tests.collection.support.register import people_of
from tests.collection.support.restating import Unit, a_unit, bill, bill_of, declared, pay


async def _facts(office: Office, unit: Unit) -> dict[str, Any]:
    (known,) = await people_of(office, unit.code)
    path = f"/v1/people/{known['person']}/retirement-facts"
    assert (await office.get("supervisor", path)).status_code == 403
    answer = await office.get("payout_service", path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["person"] == known["person"]
    return found


async def test_a_month_that_the_unit_owes_is_named_until_it_is_paid(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office, people=1)
    paper = await declared(office, unit, "6000.00")
    assert (await _facts(office, unit))["unpaid"] == []
    await bill(office, db, paper)
    facts = await _facts(office, unit)
    (owed,) = facts["unpaid"]
    month = paper["period"]
    assert owed["credit_code"] == unit.code
    assert (owed["months"], owed["first"], owed["last"]) == (1, month, month)
    assert facts["doubled_months"] == 0
    due = await bill_of(office, paper)
    await pay(office, unit, due["total"], "2021-07", "2021-08-16")
    assert (await _facts(office, unit))["unpaid"] == []


async def test_an_unknown_person_is_not_found(office: Office) -> None:
    unit = await a_unit(office, people=1)
    (known,) = await people_of(office, unit.code)
    nobody = known["person"][:4] + "0" * 16 + known["person"][20:]
    answer = await office.get("payout_service", f"/v1/people/{nobody}/retirement-facts")
    assert answer.status_code == 404
