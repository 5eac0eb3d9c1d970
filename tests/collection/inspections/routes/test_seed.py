"""The seed's back-collection of medical insurance in 2011: 250 万, found, billed, paid and added up."""

from shared.db import Database
from tests.collection.support.doors.inspecting import decided, step, understated
from tests.collection.support.office import Office
from tests.collection.support.restating import a_unit, bill, bill_of, declared, pay

SEED = "2500000.00"
FULL, LAST = "17500.00", "13333.33"
"""1,666 people at 5,000.00 earned 12,500.00 more, and one 8,333.33 more: 12 % of it is the seed."""


async def test_the_totals_say_what_inspections_brought_in(office: Office, db: Database) -> None:
    unit = await a_unit(office, people=1667)
    paper = await declared(office, unit, *["5000.00"] * 1667)
    await bill(office, db, paper)
    await pay(office, unit, (await bill_of(office, paper))["total"], "2021-07", "2021-08-14")
    *many, one = unit.people
    findings = [*(understated(person, FULL) for person in many), understated(one, LAST)]
    case = await decided(office, unit.code, *findings)
    correction = await step(office, "district_clerk", case, "corrections", {"period": "2021-07"})
    await bill(office, db, correction, bill_date="2021-09-12")
    owed = await bill_of(office, correction)
    await pay(office, unit, owed["total"], "2021-07", "2021-09-12")
    await step(office, "department_head", case, "closings", {"outcome": "collected"})
    totals = (await office.get("supervisor", "/v1/inspection-totals", year=2021)).json()
    medical = {
        one["district"]: one["contributions"]
        for one in totals["items"]
        if one["insurance"] == "medical"
    }
    assert medical == {"heping": SEED}
    assert totals["contributions"] == owed["total"]
