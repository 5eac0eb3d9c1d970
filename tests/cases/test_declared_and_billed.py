"""Every published case from pack and registration to declaration, two levels and bill."""

from typing import Any

import pytest

from services.collection import worker
from shared.db import Database
from shared.money import format_yuan, parse_yuan
from tests.collection.cities.readings import Region
from tests.collection.support import packs
from tests.collection.support.office import PERIOD, Office, a_person, control_of
from tests.collection.support.packs import yuan
from tests.collection.support.policies import publish

DISTRICTS = ("heping", "hedong", "hexi", "nankai", "hebei", "hongqiao", "dongli", "xiqing")
CASES: list[dict[str, Any]] = [*packs.CONTRIBUTIONS, *packs.DUAL_BASE]


def declaration_of(
    case: dict[str, Any],
) -> tuple[dict[str, Any], list[dict[str, str]], dict[str, str]]:
    """Return a case's pack, its people's wages, and the expected bill by insurance and party."""
    if "pension" in case:
        pension = case["pension"]
        wages = [{"*": base} for base in case["personal_bases"]]
        owed = {"pension.unit": pension["unit"], "pension.personal": pension["personal"]}
        return packs.dual_pack(case), wages, owed
    lines = case["expect"]["lines"]
    owed = {
        f"{line['insurance']}.{party}": line[party]
        for line in lines
        for party in ("unit", "personal")
        if parse_yuan(line[party])
    }
    return packs.case_pack(case), [packs.case_wages(case)], owed


async def declared(
    office: Office, case: dict[str, Any], wages: list[dict[str, str]], district: str
) -> dict[str, Any]:
    """Declare a unit with these people."""
    code = await office.unit(district=district, injury_class=None)
    people = [{"identity_number": a_person()["identity_number"], "wages": own} for own in wages]
    await office.enrol(code, people, district=district)
    total = case.get("unit_monthly_average_total_wage")
    body = {
        "credit_code": code,
        "period": PERIOD,
        "control": control_of(people),
        "people": people,
        "unit_wage_total": None if total is None else yuan(total),
    }
    answer = await office.post("employer_portal", "/v1/declarations", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def bill_of(
    office: Office, db: Database, paper: dict[str, Any], district: str
) -> dict[str, Any]:
    """Take a declaration through both levels to its bill."""
    for role, act in (("district_clerk", "acceptances"), ("district_reviewer", "reviews")):
        path = f"/v1/declarations/{paper['id']}/{act}"
        assert (await office.post(role, path, district=district)).status_code == 201
    body = {"district": district, "period": PERIOD}
    sent = await office.post("district_reviewer", "/v1/summaries", body, district=district)
    assert sent.status_code == 201, sent.text
    audit = {"control": sent.json()["control"], "bill_date": "2021-08-10"}
    path = f"/v1/summaries/{sent.json()['id']}/audits"
    assert (await office.post("centre_auditor", path, audit)).is_success
    await worker.issue_waiting_bills(db)
    listed = await office.get("supervisor", "/v1/bills", credit_code=paper["credit_code"])
    (head,) = listed.json()["items"]
    found: dict[str, Any] = (await office.get("supervisor", f"/v1/bills/{head['id']}")).json()
    return found


@pytest.mark.parametrize(
    ("case", "district"), [*zip(CASES, DISTRICTS, strict=True)], ids=[case["id"] for case in CASES]
)
async def test_a_case_is_billed_to_the_fen(
    office: Office, db: Database, case: dict[str, Any], district: str
) -> None:
    content, wages, owed = declaration_of(case)
    await publish(office, content)
    with Region(office, content["region"]):
        paper = await declared(office, case, wages, district)
        bill = await bill_of(office, db, paper, district)
    sums: dict[str, int] = {}
    for line in bill["lines"]:
        name = f"{line['insurance']}.{line['party']}"
        sums[name] = sums.get(name, 0) + parse_yuan(line["amount"])
    assert {name: format_yuan(fen) for name, fen in sums.items()} == owed
    assert bill["total"] == format_yuan(sum(map(parse_yuan, owed.values())))
