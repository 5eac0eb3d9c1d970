"""A person's contribution record: only paid months count, as the last settled correction has them."""

from typing import Any

from shared.db import Database
from shared.money import format_yuan, parse_yuan
from tests.collection.support.office import Office
from tests.collection.support.register import people_of
from tests.collection.support.restating import (
    Unit,
    a_unit,
    bill,
    bill_of,
    corrected,
    declared,
    pay,
)


async def _record(office: Office, unit: Unit) -> dict[str, Any]:
    (known,) = await people_of(office, unit.code)
    answer = await office.get("payout_service", f"/v1/people/{known['person']}/contributions")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _wages(office: Office, unit: Unit) -> dict[str, Any]:
    path = f"/v1/units/{unit.code}/wages"
    answer = await office.get("payout_service", path, year=2021)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _settle(office: Office, unit: Unit, paper: dict[str, Any]) -> None:
    due = await bill_of(office, paper)
    left = parse_yuan(due["total"]) - parse_yuan(due["settled"])
    await pay(office, unit, format_yuan(left), "2021-07", "2021-08-16")


async def test_a_month_counts_once_its_bill_is_paid_and_at_its_last_base(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office, people=1)
    paper = await declared(office, unit, "6000.00")
    await bill(office, db, paper)
    assert (await _record(office, unit))["years"] == []
    await _settle(office, unit, paper)
    record = await _record(office, unit)
    pension = [year for year in record["years"] if year["insurance"] == "pension"]
    assert pension == [{"insurance": "pension", "year": 2021, "months": 1, "base_total": "6000.00"}]
    wages = await _wages(office, unit)
    assert (wages["months"], wages["people"], wages["average_wage"]) == (1, 1, "6000.00")
    assert record["birth_month"] == f"{unit.people[0]['identity_number'][6:10]}-01"
    more = await corrected(office, paper, unit, "7000.00")
    await bill(office, db, more, bill_date="2021-08-17")
    waiting = await _record(office, unit)
    assert "6000.00" in {year["base_total"] for year in waiting["years"]}
    await _settle(office, unit, more)
    record = await _record(office, unit)
    assert {month["base"] for month in record["last_months"]} == {"7000.00"}
    assert (await _wages(office, unit))["average_wage"] == "7000.00"


async def test_only_payout_reads_a_record(office: Office) -> None:
    unit = await a_unit(office, people=1)
    (known,) = await people_of(office, unit.code)
    path = f"/v1/people/{known['person']}/contributions"
    assert (await office.get("supervisor", path)).status_code == 403
    assert (await office.get("district_clerk", path)).status_code == 403
    nobody = known["person"][:4] + "0" * 16 + known["person"][20:]
    assert (
        await office.get("payout_service", f"/v1/people/{nobody}/contributions")
    ).status_code == 404
