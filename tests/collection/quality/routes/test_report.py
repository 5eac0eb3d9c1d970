"""Data quality reports in the background: targets, stored rows, repeats."""

import csv
import io
from typing import Any

import httpx
import pytest

from services.collection.operation.jobs import run as run_job
from services.collection.quality.store import shipped as quality_shipped_store
from services.collection.worker import OPERATIONS
from tests.collection.support.filing import app_of, tools_of
from tests.collection.support.late import AUGUST, done
from tests.collection.support.office import PERIOD, Office, a_person
from tests.collection.support.restating import a_unit, bill, corrected, declared


async def ask(
    office: Office, role: str = "centre_auditor", own: str = "heping", **body: Any
) -> httpx.Response:
    """Request a report as a role; district roles belong to `own`."""
    return await office.post(role, "/v1/quality/reports", {"period": PERIOD} | body, district=own)


async def made(office: Office, **body: Any) -> dict[str, Any]:
    """Make a report; return its operation and its result."""
    answer = await ask(office, **body)
    assert answer.status_code == 202, answer.text
    await run_job.run_waiting(tools_of(office), OPERATIONS)
    ref = answer.json()["id"]
    operation = (await office.get("supervisor", f"/v1/operations/{ref}")).json()
    found = await office.get("supervisor", f"/v1/quality/reports/{ref}")
    assert found.status_code == 200, found.text
    return {"operation": operation, "report": found.json()}


async def rows_of(office: Office, operation: dict[str, Any]) -> list[dict[str, str]]:
    answer = await office.get("supervisor", f"/v1/quality/reports/{operation['id']}/rows")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def finding(report: dict[str, Any], check: str) -> int:
    found: int = next(one["found"] for one in report["whole"]["findings"] if one["check"] == check)
    return found


@pytest.fixture(scope="module")
async def faulty(office: Office) -> dict[str, Any]:
    """Build two districts with one fault each, and their report."""
    stranger = {"bank": "工行", "number": "0302000000000000901", "name": "=别的公司"}
    await office.declared("6500.00", "9999.99", district="heping", bank_account=stranger)
    crowd = ["7000.00"] * 20
    paper = await office.declared(*crowd, district="nankai", collector="tax", bank_account=None)
    return await made(office) | {"crowd": paper}


def test_a_report_counts_its_steps(faulty: dict[str, Any]) -> None:
    operation = faulty["operation"]
    steps = quality_shipped_store.steps() + 1
    assert operation["status"] == "succeeded"
    assert operation["progress"] == {"done": steps, "total": steps}


def test_what_the_new_checks_find(faulty: dict[str, Any]) -> None:
    report = faulty["report"]
    assert finding(report, "unit_account_name_differs") == 1
    assert finding(report, "wage_placeholder") == 1
    assert finding(report, "wages_uniform") == 1
    rates = {one["district"]: one["rates"] for one in report["districts"]}
    # Of one unit and two declared people in heping, the unit and one person.
    assert rates["heping"]["real_fill"] == "0.333333"
    assert rates["nankai"]["real_fill"] == "1.0000"


def test_districts_are_held_against_the_targets(faulty: dict[str, Any]) -> None:
    accuracy = {
        (one["district"], target["target"]): (target["rate"], target["met"])
        for one in faulty["report"]["districts"]
        for target in one["accuracies"]
    }
    assert accuracy == {
        ("heping", "units"): ("0.0000", False),
        ("heping", "people"): ("0.5000", False),
        ("nankai", "units"): ("1.0000", True),
        ("nankai", "people"): ("1.0000", True),
    }


def test_the_whole_is_the_sum_of_the_districts(faulty: dict[str, Any]) -> None:
    report = faulty["report"]
    for place, whole in enumerate(report["whole"]["findings"]):
        for number in ("found", "subjects"):
            assert whole[number] == sum(
                one["findings"][place][number] for one in report["districts"]
            )


async def test_the_background_finds_what_the_request_finds(
    office: Office, faulty: dict[str, Any]
) -> None:
    now = (await office.get("supervisor", "/v1/quality/report", period=PERIOD)).json()
    for district, later in zip(now["districts"], faulty["report"]["districts"], strict=True):
        assert {name: later[name] for name in district} == district


async def test_the_rows_stay_with_the_report(office: Office, faulty: dict[str, Any]) -> None:
    rows = await rows_of(office, faulty["operation"])
    assert len(rows) == faulty["report"]["rows"]
    findings = {row["check"]: row["said"] for row in rows}
    assert findings["wage_placeholder"] == "9999.99"
    assert findings["wages_uniform"] == "20 × 7000.00"
    # No spreadsheet runs what the register says.
    assert findings["unit_account_name_differs"] == "'=别的公司"


async def test_a_repeated_request_of_a_day_makes_a_new_report(
    office: Office, faulty: dict[str, Any]
) -> None:
    again = (await ask(office)).json()
    assert again["id"] != faulty["operation"]["id"]
    assert (await ask(office)).json()["id"] == again["id"], "it has not been made yet"
    another = (await ask(office, edition=2)).json()
    assert another["id"] not in {faulty["operation"]["id"], again["id"]}


async def test_a_district_asks_for_its_own(office: Office) -> None:
    answer = await ask(office, "district_reviewer", "hexi")
    assert answer.status_code == 202
    assert answer.json()["asked"]["district"] == "hexi"
    foreign = await ask(office, "district_reviewer", "hexi", district="heping")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "FORBIDDEN")
    for role in ("employer_portal", "tax_bureau"):
        assert (await ask(office, role)).status_code == 403


async def test_there_is_no_report_before_it_is_made(office: Office) -> None:
    ref = (await ask(office, edition=9)).json()["id"]
    for path in (f"/v1/quality/reports/{ref}", f"/v1/quality/reports/{ref}/rows"):
        assert (await office.get("supervisor", path)).status_code == 404
    await run_job.run_waiting(tools_of(office), OPERATIONS)


async def test_a_unit_that_lost_most_of_its_people_is_found(office: Office) -> None:
    code = await office.unit(district="hebei", collector="tax", bank_account=None)
    people = [a_person(f"{6000 + number}.00") for number in range(10)]
    await office.enrol(code, people, district="hebei")
    assert (await office.declare(code, people, period="2021-05")).status_code == 201
    answer = await office.declare(code, people[:4], period="2021-06", unit_wage_total="20000.00")
    assert answer.status_code == 201, answer.text
    report = (await made(office, period="2021-06", district="hebei"))["report"]
    assert finding(report, "people_dropped") == 1
    assert finding(report, "wage_total_below_wages") == 1


async def test_who_is_levied_by_default_has_not_declared(office: Office) -> None:
    paper = await office.reviewed("6500.00", district="beichen")
    operation = await done(office, "beichen")
    assert operation["result"]["declarations"] == 1, operation
    found = await made(office, period=AUGUST, district="beichen")
    report = found["report"]
    assert finding(report, "unit_not_declared") == 1
    assert finding(report, "person_not_declared") == 1
    assert finding(report, "declaration_does_not_foot") == 0
    rows = await rows_of(office, found["operation"])
    assert {row["credit_code"] for row in rows} == {paper["credit_code"]}


async def test_of_a_month_that_was_corrected_the_last_paper_counts(office: Office) -> None:
    unit = await a_unit(office, people=2, district="xiqing")
    paper = await declared(office, unit, "6500.00", "9999.99")
    await bill(office, app_of(office).state.db, paper)
    await corrected(office, paper, unit, "6500.00", "7000.00")
    report = (await made(office, district="xiqing"))["report"]
    assert finding(report, "wage_placeholder") == 0
    assert finding(report, "declared_twice") == 0
    assert finding(report, "declaration_does_not_foot") == 0
    (declarations,) = {
        one["subjects"]
        for one in report["whole"]["findings"]
        if one["check"] == "declaration_does_not_foot"
    }
    assert declarations == 1
