"""Base reviews: four refusals, dual base, frozen bases, corrections, adjustments."""

from copy import deepcopy
from typing import Any

import pytest

from services.collection import worker
from services.collection.bases.domain import REQUIRED
from services.collection.common.store import shipped as common_shipped_store
from shared.db import Database
from shared.ids import unit_key
from shared.money import parse_yuan
from tests.collection.support import packs
from tests.collection.support.office import Office, a_person, codes_of
from tests.collection.support.policies import publish
from tests.collection.support.restating import bill, bill_of, shown
from tests.collection.support.reviews import FILE, adjust, bases_of, confirmed, hand_in, staffed


async def test_a_file_is_refused_for_four_reasons_each_by_its_code(office: Office) -> None:
    code, people = await staffed(office, "5000.00", "6000.00")
    bare = {"documents": [REQUIRED[0]], "signed_people": 1}
    refused = await hand_in(office, code, people, file=bare)
    assert codes_of(refused) == {
        "/file/documents": "FILE_INCOMPLETE",
        "/file/posted_on": "NOT_POSTED",
        "/file/signed_people": "NOT_SIGNED_BY_STAFF",
        "/file/undertaking_on": "NO_UNDERTAKING",
    }
    assert "base_form" in refused.json()["errors"][0]["message"]
    stranger, twice = a_person("1.00"), people[0]
    refused = await hand_in(office, code, [*people, stranger, twice])
    assert codes_of(refused) == {
        "/people/2/identity_number": "PERSON_NOT_ENROLLED",
        "/people/3/identity_number": "PERSON_REPEATED",
    }
    listed = await office.get("supervisor", f"/v1/units/{code}/base-reviews")
    assert listed.json()["items"] == []


@pytest.mark.parametrize("case", packs.DUAL_BASE, ids=lambda case: case["id"])
async def test_the_units_base_is_the_higher_of_wage_total_and_personal_bases(
    office: Office, case: dict[str, Any]
) -> None:
    code, people = await staffed(office, *case["personal_bases"])
    review = await confirmed(
        office, code, people, 2008, unit_wage_total=case["unit_monthly_average_total_wage"]
    )
    assert review["unit_base"] == case["unit_base"]


async def test_who_is_insured_elsewhere_or_retired_counts_in_the_units_base_only(
    office: Office,
) -> None:
    code, people = await staffed(office, "2000.00", "3000.00", "5000.00")
    others = [
        a_person("800.00") | {"standing": "rehired_retiree"},
        a_person("700.00") | {"standing": "insured_elsewhere"},
    ]
    review = await confirmed(office, code, [*people, *others], 2008, unit_wage_total="9000.00")
    assert (review["people"], review["counted_only"]) == (3, 2)
    assert (review["personal_sum"], review["unit_base"]) == ("10000.00", "10500.00")
    assert [row["bases"].get("pension") for row in await bases_of(office, review)] == [
        "2000.00",
        "3000.00",
        "5000.00",
        None,
        None,
    ]


@pytest.mark.parametrize("kind", ["organ", "institution"])
async def test_organs_and_institutions_take_the_sum(office: Office, kind: str) -> None:
    code, people = await staffed(office, "2000.00", "3000.00", kind=kind)
    review = await confirmed(office, code, people, 2008, unit_wage_total="9000.00")
    assert review["unit_base"] == "5000.00"


async def test_a_personal_base_is_held_to_the_limits_of_each_insurance(office: Office) -> None:
    code, people = await staffed(office, "3000.00", "6500.00", "26000.00")
    review = await confirmed(office, code, people)
    assert [set(row["bases"].values()) for row in await bases_of(office, review)] == [
        {"3364.00"},
        {"6500.00"},
        {"17613.00"},
    ]


async def test_a_years_bases_are_frozen_but_for_transfer_split_and_merger(office: Office) -> None:
    code, people = await staffed(office, "5000.00", "6000.00")
    first = await hand_in(office, code, people)
    waiting = await hand_in(office, code, people)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "BASE_REVIEW_WAITS")
    path = f"/v1/base-reviews/{first.json()['id']}"
    refused = await office.post("district_reviewer", f"{path}/refusals", {"note": "名册不符"})
    assert refused.json()["status"] == "refused"
    late = await office.post("district_reviewer", f"{path}/confirmations", subject="third")
    assert (late.status_code, late.json()["code"]) == (409, "STATE_CONFLICT")
    annual = await confirmed(office, code, people, unit_wage_total="20000.00")
    shown = (await office.get("supervisor", f"/v1/base-reviews/{annual['id']}")).json()
    assert (shown["status"], shown["version"]) == ("confirmed", 2)
    frozen = await hand_in(office, code, people)
    assert (frozen.status_code, frozen.json()["code"]) == (409, "BASE_FROZEN")
    split = await confirmed(
        office, code, people[:1], reason="split", from_period="2021-07", unit_wage_total="7000.00"
    )
    assert (annual["version"], split["version"], split["unit_base"]) == (2, 3, "7000.00")
    listed = await office.get("supervisor", f"/v1/units/{code}/base-reviews", limit=2)
    assert [row["version"] for row in listed.json()["items"]] == [1, 2]
    rest = await office.get(
        "supervisor", f"/v1/units/{code}/base-reviews", cursor=listed.json()["next_cursor"], limit=2
    )
    assert [row["version"] for row in rest.json()["items"]] == [3]


async def test_nobody_confirms_his_own_review_or_another_districts(office: Office) -> None:
    code, people = await staffed(office, "5000.00")
    body = {"year": 2021, "unit_wage_total": "1.00", "file": FILE, "people": people}
    path = f"/v1/units/{code}/base-reviews"
    made = await office.post("district_clerk", path, body, subject="li")
    waiting = await office.get("district_reviewer", "/v1/inbox", step="confirm_base_review")
    assert made.json()["id"] in [one["id"] for one in waiting.json()["items"]]
    path = f"/v1/base-reviews/{made.json()['id']}/confirmations"
    own = await office.post("district_reviewer", path, subject="li")
    assert (own.status_code, own.json()["code"]) == (409, "SAME_PERSON_TWICE")
    other = await office.post("district_reviewer", path, district="nankai")
    assert (other.status_code, other.json()["code"]) == (403, "FORBIDDEN")
    assert (await office.post("district_clerk", path)).status_code == 403


async def test_a_base_is_corrected_in_writing_within_its_own_year(office: Office) -> None:
    code, people = await staffed(office, "5000.00", "6000.00")
    review = await confirmed(office, code, people)
    path = f"/v1/base-reviews/{review['id']}/corrections"
    request = {
        "identity_number": people[1]["identity_number"],
        "wage": "6600.00",
        "request_no": "核改2021-1",
        "requested_on": "2021-11-30",
    }
    over = await office.post("district_clerk", path, request | {"requested_on": "2022-01-04"})
    assert (over.status_code, over.json()["code"]) == (409, "BASE_YEAR_OVER")
    stranger = await office.post("district_clerk", path, request | {"identity_number": "x"})
    assert codes_of(stranger) == {"/identity_number": "PERSON_NOT_REVIEWED"}
    made = await office.post("district_clerk", path, request, subject="li")
    assert made.status_code == 201, made.text
    assert [row["corrected"] for row in await bases_of(office, review)] == [False, False]
    again = await office.post("district_clerk", path, request | {"wage": "1.00"})
    assert (again.status_code, again.json()["code"]) == (409, "BASE_CORRECTION_WAITS")
    listed = (await office.get("supervisor", path)).json()["items"]
    assert listed == [made.json()]
    path = f"/v1/base-corrections/{made.json()['id']}/approvals"
    own = await office.post("district_reviewer", path, subject="li")
    assert (own.status_code, own.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert (await office.post("district_reviewer", path)).json()["status"] == "approved"
    twice = await office.post("district_reviewer", path, subject="third")
    assert (twice.status_code, twice.json()["code"]) == (409, "STATE_CONFLICT")
    corrected = (await bases_of(office, review))[1]
    assert (corrected["wage"], corrected["bases"]["pension"]) == ("6600.00", "6600.00")


async def test_a_requested_correction_waits_for_another_person_who_may_refuse_it(
    office: Office,
) -> None:
    code, people = await staffed(office, "5000.00")
    review = await confirmed(office, code, people)
    path = f"/v1/base-reviews/{review['id']}/corrections"
    request = {
        "identity_number": people[0]["identity_number"],
        "wage": "9900.00",
        "request_no": "核改2021-2",
        "requested_on": "2021-11-30",
    }
    made = (await office.post("district_clerk", path, request, subject="li")).json()

    async def waiting(subject: str) -> list[str]:
        answer = await office.api.get(
            "/v1/inbox",
            params={"step": "approve_base_correction"},
            headers=office.bearer("district_reviewer", "heping", subject),
        )
        return [one["id"] for one in answer.json()["items"] if one["id"] == review["id"]]

    assert (await waiting("li"), await waiting("wang")) == ([], [review["id"]])
    refusal = f"/v1/base-corrections/{made['id']}/refusals"
    own = await office.post("district_reviewer", refusal, {"why": "工资有误"}, subject="li")
    assert own.json()["code"] == "SAME_PERSON_TWICE"
    refused = await office.post("district_reviewer", refusal, {"why": "工资有误"}, subject="wang")
    assert refused.json()["status"] == "refused"
    assert await waiting("wang") == []
    assert [row["corrected"] for row in await bases_of(office, review)] == [False]
    again = await office.post("district_clerk", path, request)
    assert again.json()["status"] == "requested"


async def billed(office: Office, db: Database, code: str, people: Any, period: str) -> Any:
    answer = await office.declare(code, people, period=period)
    assert answer.status_code == 201, answer.text
    paper = answer.json()["id"]
    await office.post("district_clerk", f"/v1/declarations/{paper}/acceptances")
    await office.post("district_reviewer", f"/v1/declarations/{paper}/reviews")
    where = {"district": "heping", "period": period}
    sent = (await office.post("district_reviewer", "/v1/summaries", where)).json()
    control = {"control": sent["control"], "bill_date": "2021-12-20"}
    await office.post("centre_auditor", f"/v1/summaries/{sent['id']}/audits", control)
    await worker.issue_waiting_bills(db)
    return answer.json()


async def carry_on(office: Office, db: Database) -> tuple[Any, Any, Any]:
    """Let bases of 2020 carry on and bill February 2021; return people, review, declaration."""
    (current,) = [pack for pack in common_shipped_store.packs() if pack["pack"] == "tianjin-2021"]
    days = {"in_force_from": "2020-01-01", "in_force_to": "2020-12-31"}
    await publish(office, deepcopy(current) | {"pack": "tianjin-2020"} | days)
    code, people = await staffed(office, "5000.00", "6000.00", "3000.00")
    path = f"/v1/units/{code}/base-reviews"
    provisional = {"year": 2021, "provisional": True}
    nothing = await office.post("district_clerk", path, provisional)
    assert (nothing.status_code, nothing.json()["code"]) == (422, "NO_BASE_TO_CARRY")
    await confirmed(office, code, people, 2020)
    carried = (await office.post("district_clerk", path, provisional)).json()
    await office.post("district_reviewer", f"/v1/base-reviews/{carried['id']}/confirmations")
    return people, carried, await billed(office, db, code, people, "2021-02")


async def correct_first_base(office: Office, review: Any, people: Any, wage: str) -> None:
    correction = {
        "identity_number": people[0]["identity_number"],
        "wage": wage,
        "request_no": "1",
        "requested_on": "2021-09-01",
    }
    path = f"/v1/base-reviews/{review['id']}/corrections"
    made = await office.post("district_clerk", path, correction)
    await office.post("district_reviewer", f"/v1/base-corrections/{made.json()['id']}/approvals")


async def quoted_total(office: Office, people: Any) -> str:
    quote = {
        "on": "2021-02",
        "unit_kind": "enterprise",
        "injury_class": 1,
        "people": [{"ref": person["wage"], "wages": {"*": person["wage"]}} for person in people],
    }
    quoted = await office.post("employer_portal", "/v1/quotes", quote)
    total: str = quoted.json()["totals"]["total"]
    return total


async def test_last_years_bases_carry_on_and_the_adjustment_is_the_difference_once(
    office: Office, db: Database
) -> None:
    people, carried, paper = await carry_on(office, db)
    assert carried["provisional"]
    wages = [row["wage"] for row in await bases_of(office, carried)]
    assert wages == [person["wage"] for person in people]
    early = await adjust(office, carried, "2021-02")
    assert (early.status_code, early.json()["code"]) == (409, "BASE_NOT_FINAL")

    raised = [
        person | {"wage": wage}
        for person, wage in zip(people, ("5555.55", "5900.00", "3000.00"), strict=True)
    ]
    final = await confirmed(office, paper["credit_code"], raised)
    run = (await adjust(office, final, "2021-02")).json()
    should = await quoted_total(office, raised)
    assert parse_yuan(run["difference"]) == parse_yuan(should) - parse_yuan(paper["total"])
    assert run["people"] == 2  # the third is at the floor, before and after
    by_line = [parse_yuan(line["difference"]) for line in run["lines"]]
    assert sum(by_line) == parse_yuan(run["difference"])
    again = (await adjust(office, final, "2021-02")).json()
    assert (again["difference"], again["people"], again["lines"]) == ("0.00", 0, [])
    assert again["adjustment"] is None
    restated = await shown(office, {"id": run["adjustment"]})
    assert (restated["kind"], restated["corrects"]) == ("adjustment", paper["id"])
    assert restated["total"] == run["difference"]
    assert restated["restated"]["total"] == should
    other = await adjust(office, final, "2022-02")
    assert (other.status_code, other.json()["code"]) == (409, "BASE_NOT_FINAL")


async def test_an_adjustment_is_billed_and_a_corrected_base_credits_the_months_first_bill(
    office: Office, db: Database
) -> None:
    code, people = await staffed(office, "5000.00", "6000.00", "3000.00")
    final = await confirmed(office, code, people)
    paper = await billed(office, db, code, people, "2021-02")
    await correct_first_base(office, final, people, "5555.55")
    run = (await adjust(office, final, "2021-02")).json()
    restated = await shown(office, {"id": run["adjustment"]})

    await correct_first_base(office, final, people, "5000.00")
    waits = await adjust(office, final, "2021-02")
    assert (waits.status_code, waits.json()["code"]) == (409, "CORRECTION_PENDING")
    await bill(office, db, restated, bill_date="2021-12-21")
    adjustment_bill = await bill_of(office, restated)
    assert (adjustment_bill["kind"], adjustment_bill["credits"]) == ("adjustment", [])
    assert adjustment_bill["total"] == run["difference"]
    path = f"/v1/bills/{adjustment_bill['id']}/lines/1/explanation"
    explained = (await office.get("supervisor", path)).json()
    assert explained["levied_now"] != explained["levied_before"]

    back = (await adjust(office, final, "2021-02")).json()
    rows = await office.fetch(
        "SELECT sum(now_fen - was_fen) AS fen FROM base_difference"
        f" WHERE line_no = 1 AND unit_id = {unit_key(code)}"
    )
    assert rows[0]["fen"] == 0  # the first person's base is the same as in February
    assert (back["people"], parse_yuan(back["difference"]) < 0) == (1, True)
    less = await shown(office, {"id": back["adjustment"]})
    assert (less["corrects"], less["total"]) == (restated["id"], back["difference"])
    await bill(office, db, less, bill_date="2021-12-22")
    lowered = await bill_of(office, paper)  # the month's first bill, which nobody has paid yet
    assert parse_yuan(lowered["credited"]) == -parse_yuan(back["difference"])
    unbilled = await adjust(office, final, "2021-03")
    assert (unbilled.status_code, unbilled.json()["code"]) == (409, "NOTHING_BILLED")


async def test_the_units_own_share_is_adjusted_on_the_units_base(
    office: Office, db: Database
) -> None:
    """2008: unemployment on the wage total of the unit, pension on the sum of personal bases."""
    code, people = await staffed(office, "2000.00", "3000.00")
    answer = await office.declare(code, people, period="2008-03", unit_wage_total="5000.00")
    assert answer.status_code == 201, answer.text
    paper = answer.json()["id"]
    await office.post("district_clerk", f"/v1/declarations/{paper}/acceptances")
    await office.post("district_reviewer", f"/v1/declarations/{paper}/reviews")
    where = {"district": "heping", "period": "2008-03"}
    sent = (await office.post("district_reviewer", "/v1/summaries", where)).json()
    control = {"control": sent["control"], "bill_date": "2008-04-02"}
    await office.post("centre_auditor", f"/v1/summaries/{sent['id']}/audits", control)
    await worker.issue_waiting_bills(db)
    raised = [people[0], people[1] | {"wage": "4000.00"}]
    final = await confirmed(office, code, raised, 2008, unit_wage_total="8000.00")
    found = (await adjust(office, final, "2008-03")).json()
    differences = {
        (line["insurance"], line["party"]): line["difference"] for line in found["lines"]
    }
    assert differences == {
        ("pension", "unit"): "200.00",
        ("pension", "personal"): "80.00",
        ("medical", "unit"): "90.00",
        ("medical", "personal"): "20.00",
        ("large_outpatient", "unit"): "10.00",
        ("unemployment", "unit"): "60.00",
        ("unemployment", "personal"): "10.00",
        ("work_injury", "unit"): "15.00",
        ("maternity", "unit"): "8.00",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"provisional": True},
        {"people": []},
        {"unit_wage_total": None},
        {"from_period": "2021-07"},
        {"reason": "split"},
        {"reason": "merger", "from_period": "2022-01"},
        {"year": 1},
    ],
)
async def test_what_contradicts_itself_is_refused(office: Office, change: dict[str, Any]) -> None:
    code, people = await staffed(office, "5000.00")
    body = {"year": 2021, "unit_wage_total": "1.00", "file": FILE, "people": people} | change
    refused = await office.post("district_clerk", f"/v1/units/{code}/base-reviews", body)
    assert refused.status_code == 422


@pytest.mark.parametrize("ref", ["bsr_nonsense", f"bsr_{'0' * 48}", "x"])
async def test_what_is_not_there_is_not_found(office: Office, ref: str) -> None:
    for path in (f"/v1/base-reviews/{ref}", f"/v1/base-reviews/{ref}/people"):
        assert (await office.get("supervisor", path)).status_code == 404
    for path in (f"/v1/base-reviews/{ref}/confirmations", f"/v1/base-corrections/{ref}/approvals"):
        assert (await office.post("district_reviewer", path)).status_code == 404
