"""Inspection cases: the opener never decides, the unit is heard, and each step has its state."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db import Database
from shared.ids import Ref
from shared.references import Reference
from tests.collection.support.doors.inspecting import WRONG, inspection, step, try_step, understated
from tests.collection.support.office import Office
from tests.collection.support.restating import a_unit

DECISION = {"note": "事实清楚"}


async def test_a_case_goes_from_finding_to_decision_by_three_people(office: Office) -> None:
    unit = await a_unit(office, people=2)
    first, second = unit.people
    case = await inspection(office, unit.code)
    unprinted = await office.get("district_clerk", f"/v1/inspections/{case}/print")
    assert unprinted.json()["code"] == "INSPECTION_STATE"
    none = await try_step(office, "district_clerk", case, "notices")
    assert none.json()["code"] == "INSPECTION_NO_FINDINGS"
    body = {"findings": [understated(first, "9000.00"), understated(second, "9100.00")]}
    await step(office, "district_clerk", case, "findings", body)
    again = await try_step(office, "district_clerk", case, "findings", body)
    assert again.json()["errors"][0]["code"] == "FINDING_REPEATED"
    noticed = await step(office, "district_clerk", case, "notices")
    assert noticed["case"]["objections_until"] > noticed["case"]["noticed_on"]
    printed = await office.get("district_clerk", f"/v1/inspections/{case}/print")
    assert "社会保险稽核意见书" in printed.text
    assert noticed["case"]["objections_until"] in printed.text
    assert first["identity_number"] not in printed.text
    early = await try_step(office, "district_reviewer", case, "decisions", DECISION)
    assert early.json()["code"] == "HEARING_RUNS"
    hasty = await try_step(office, "district_clerk", case, "objections", {"content": "无异议"})
    assert hasty.json()["code"] == "INSPECTION_OPENER_DECIDES", "it would end the hearing"
    heard = await step(office, "employer_portal", case, "objections", {"content": "一人已离职"})
    assert [one["content"] for one in heard["objections"]] == ["一人已离职"]
    opener = "district_clerk.heping"
    own = await try_step(office, "district_reviewer", case, "decisions", DECISION, subject=opener)
    assert own.json()["code"] == "INSPECTION_OPENER_DECIDES"
    unknown = DECISION | {"dropped": [{"finding": 7, "reason": "无"}]}
    refused = await try_step(office, "district_reviewer", case, "decisions", unknown)
    assert [one["code"] for one in refused.json()["errors"]] == ["FINDING_UNKNOWN"]
    dropping = DECISION | {"dropped": [{"finding": 2, "reason": "当月已离职"}]}
    proposed = await step(office, "district_reviewer", case, "decisions", dropping)
    assert [one["upheld"] for one in proposed["findings"]] == [True, False]
    same = await try_step(
        office, "department_head", case, "approvals", subject="district_reviewer.heping"
    )
    assert same.json()["code"] == "SAME_PERSON_TWICE"
    sent_back = await step(office, "department_head", case, "returns", {"note": "再核一人"})
    assert [one["upheld"] for one in sent_back["findings"]] == [True, True]
    await step(office, "district_reviewer", case, "decisions", dropping)
    decided = (await step(office, "department_head", case, "approvals"))["case"]
    assert (decided["status"], decided["decided_by"]) == ("decided", "department_head")
    trail = await office.get("supervisor", f"/v1/inspections/{case}/trail")
    steps = [one["step"] for one in trail.json()["items"]]
    assert steps == [
        "open",
        "find",
        "notice",
        "object",
        "propose",
        "send_back",
        "propose",
        "decide",
    ]
    listed = await office.get("supervisor", "/v1/inspections", credit_code=unit.code)
    assert [one["id"] for one in listed.json()["items"]] == [case]
    assert first["identity_number"] not in listed.text + trail.text + str(decided)


async def test_an_outcome_other_than_collected_needs_its_reason(office: Office) -> None:
    unit = await a_unit(office, people=1)
    case = await inspection(office, unit.code, understated(unit.people[0], "9000.00"))
    bare = await try_step(office, "department_head", case, "closings", {"outcome": "withdrawn"})
    assert bare.json()["errors"][0]["code"] == "REASON_MISSING"
    found = {"outcome": "nothing_found", "reason": "无"}
    assert (await try_step(office, "department_head", case, "closings", found)).status_code == 409
    body = {"outcome": "withdrawn", "reason": "立案对象有误"}
    closed = (await step(office, "department_head", case, "closings", body))["case"]
    assert (closed["status"], closed["outcome"]) == ("closed", "withdrawn")
    late = await try_step(office, "district_clerk", case, "notices")
    assert late.json()["code"] == "INSPECTION_STATE"


async def test_other_districts_and_strangers_see_nothing(office: Office) -> None:
    unit = await a_unit(office, people=1)
    case = await inspection(office, unit.code, understated(unit.people[0], "9000.00"))
    for path in (f"/v1/inspections/{case}", f"/v1/inspections/{case}/trail"):
        answer = await office.get("district_clerk", path, district="nankai")
        assert answer.status_code == 403
    unknown = Ref(1, Ref.parse(Reference.INSPECTION, case).id).text(Reference.INSPECTION)
    assert (await office.get("supervisor", f"/v1/inspections/{unknown}")).status_code == 404


async def run_on(db: Database, case: Ref, statements: list[str]) -> None:
    """Run statements on the rows of one case, as the service's login."""
    async with db.transaction() as tx:
        for statement in statements:
            named = "id" if statement.startswith("UPDATE inspection ") else "inspection_id"
            await tx.execute(
                text(f"{statement} WHERE unit_id = :key AND {named} = :id"),
                {"key": case.key, "id": case.id},
            )


@pytest.fixture
async def case_of_wrong_benefit(office: Office) -> Ref:
    """An opened case with a finding that orders a recovery."""
    unit = await a_unit(office, people=1)
    return Ref.parse(Reference.INSPECTION, await inspection(office, unit.code, WRONG))


async def test_the_database_refuses_a_person_twice(office: Office, db: Database) -> None:
    unit = await a_unit(office, people=1)
    case = Ref.parse(Reference.INSPECTION, await inspection(office, unit.code))
    with pytest.raises(DBAPIError, match="inspection_no_person_twice"):
        async with db.transaction() as tx:
            await tx.execute(
                text("""
                    UPDATE inspection SET proposed_by = ' District_Clerk.heping'
                     WHERE unit_id = :key AND id = :id
                """),
                {"key": case.key, "id": case.id},
            )


@pytest.mark.parametrize(
    ("statements", "refused"),
    [
        (["UPDATE inspection SET status = 'proposed', proposed_by = 'wang'"], "does not go from"),
        (
            [
                "UPDATE inspection SET status = 'noticed'",
                "UPDATE inspection SET status = 'proposed', proposed_by = 'wang'",
                "UPDATE inspection SET status = 'decided', decided_by = 'zhao'",
            ],
            "three people have not signed",
        ),
        (
            [
                "UPDATE inspection SET status = 'noticed'",
                "UPDATE inspection_finding SET dropped = 'x'",
                "UPDATE inspection SET status = 'closed', closed_by = 'wang',"
                " outcome = 'withdrawn'",
                "UPDATE inspection_finding SET dropped = NULL",
            ],
            "that is closed stay",
        ),
        (
            [
                "INSERT INTO inspection_recovery (unit_id, inspection_id, finding_no)"
                " SELECT unit_id, inspection_id, finding_no FROM inspection_finding"
            ],
            "no decided finding orders",
        ),
    ],
)
async def test_one_login_decides_nothing_in_the_database(
    case_of_wrong_benefit: Ref, db: Database, statements: list[str], refused: str
) -> None:
    with pytest.raises(DBAPIError, match=refused):
        await run_on(db, case_of_wrong_benefit, statements)
