"""Categories of people, stated at enrolment, in files or by a change from a month on."""

import httpx
import pytest

from tests.collection.support.crew import (
    SMALL_UNIT,
    a_staff,
    change,
    declared,
    enrol,
    lines_of,
    policy_of_2020,
    recast,
)
from tests.collection.support.filing import csv_of, faults_of, hand_in, worked_off
from tests.collection.support.office import Office, a_code, a_person, codes_of
from tests.collection.support.policies import publish


@pytest.fixture(scope="module", autouse=True)
async def policy(office: Office) -> None:
    await publish(office, policy_of_2020())


# --- changes -------------------------------------------------------------------------------


async def test_a_change_holds_from_its_month_on_and_not_before(office: Office) -> None:
    code, people = await a_staff(office)
    before = await declared(office, code, people, period="2020-07")
    changed = await recast(
        office,
        code,
        "2020-08",
        (people["worker"], "injury_only", None),
        (people["free"], "flexible", "p100"),
        (people["old"], "retiree", None),
    )
    assert changed.json() == {"changed": 2, "replayed": 1, "levied_periods": []}
    after = await declared(office, code, people, period="2020-08")
    assert lines_of(before)["people", "pension.unit"] == "1376.00"
    assert lines_of(after)["people", "pension.unit"] == "960.00"
    again = await recast(office, code, "2020-08", (people["worker"], "injury_only", None))
    assert again.json() == {"changed": 0, "replayed": 1, "levied_periods": []}
    back = await recast(office, code, "2020-10", (people["worker"], "employee", None))
    assert back.json() == {"changed": 1, "replayed": 0, "levied_periods": []}
    assert lines_of(await declared(office, code, people, period="2020-09")) == lines_of(after)
    declared_before = await recast(office, code, "2020-08", (people["free"], "flexible", "p60"))
    assert declared_before.json()["levied_periods"] == ["2020-08", "2020-09"]
    last = await declared(office, code, people, period="2020-10")
    assert lines_of(last)["people", "pension.unit"] == "1376.00"
    history = (await office.get("supervisor", f"/v1/units/{code}/categories", limit=50)).json()
    recorded = [(item["from"], item["category"], item["base_choice"]) for item in history["items"]]
    assert sorted(recorded, key=str) == sorted(
        [
            ("2019-06", "injury_only", None),
            ("2019-06", "retiree", None),
            ("2019-06", "flexible", "p60"),
            ("2020-08", "injury_only", None),
            ("2020-08", "flexible", "p100"),
            ("2020-08", "flexible", "p60"),
            ("2020-10", "employee", None),
        ],
        key=str,
    )
    explained = await office.get(
        "supervisor", f"/v1/declarations/{after['id']}/lines", explain=True
    )
    assert explained.json()["items"][0]["standing"]["rule"] == "site"


async def test_every_fault_of_a_change_is_named(office: Office) -> None:
    code, people = await a_staff(office)
    stranger = a_person()
    answer = await recast(
        office,
        code,
        "2019-05",
        (people["worker"], "guild", None),
        (people["free"], "flexible", "p70"),
        (people["free"], "flexible", "p60"),
        (stranger, "retiree", None),
    )
    assert (answer.status_code, codes_of(answer)) == (
        422,
        {
            "/people/0/identity_number": "BEFORE_JOINING",
            "/people/0/category": "CATEGORY_UNKNOWN",
            "/people/1/identity_number": "BEFORE_JOINING",
            "/people/1/base_choice": "BASE_CHOICE_UNKNOWN",
            "/people/2/identity_number": "PERSON_REPEATED",
            "/people/3/identity_number": "PERSON_NOT_ENROLLED",
        },
    )
    assert (await recast(office, code, "2020-08", (people["old"], "employee", None))).json()[
        "changed"
    ] == 1
    late = await recast(office, code, "2020-07", (people["old"], "injury_only", None))
    assert codes_of(late) == {"/people/0/identity_number": "CHANGE_OUT_OF_ORDER"}
    future = await recast(office, code, "2099-12", (people["old"], "retiree", None))
    assert codes_of(future) == {"/from": "DAY_IN_FUTURE"}


async def test_an_enrolment_says_it_and_is_the_same_when_repeated(office: Office) -> None:
    code, people = await a_staff(office)
    again = await enrol(office, code, people)
    assert (again.status_code, again.json()["replayed"]) == (201, 4)
    other = await enrol(office, code, {"site": people["site"]}, category="retiree")
    assert codes_of(other) == {"/people/0/category": "ENROLLED_AS_ANOTHER_CATEGORY"}
    unknown = await enrol(office, code, {"site": a_person()}, category="guild")
    assert codes_of(unknown) == {"/people/0/category": "CATEGORY_UNKNOWN"}
    unchosen = await enrol(office, code, {"free": a_person()}, base_choice=None)
    assert codes_of(unchosen) == {"/people/0/base_choice": "BASE_CHOICE_MISSING"}
    listed = await office.get("supervisor", f"/v1/units/{code}/enrolments", limit=50)
    assert {item["category"] for item in listed.json()["items"]} == {
        "employee",
        "injury_only",
        "retiree",
        "flexible",
    }


async def test_who_is_of_no_category_of_the_policy_is_named_in_declaration_and_file(
    office: Office,
) -> None:
    code, people = await a_staff(office)
    # tianjin-2021 names no flexible workers.
    answer = await office.declare(code, list(people.values()), period="2021-07")
    assert codes_of(answer) == {"/people/3/category": "CATEGORY_NOT_COVERED"}
    rows = [(code, person) for person in people.values()]
    done = await worked_off(
        office, await hand_in(office, csv_of(rows), list(people.values()), period="2021-07")
    )
    assert done["status"] == "failed"
    assert await faults_of(office, done) == [(5, "identity_number", "CATEGORY_NOT_COVERED")]


async def test_files_of_people_say_it_in_a_column(office: Office) -> None:
    code = await office.unit(injury_class=2)
    people = [a_person("5000.00") for _ in range(4)]
    cells = ["职工,", "仅工伤,", "退休,", "flexible,p100"]
    lines = ["统一社会信用代码,公民身份号码,姓名,参保日期,参保类别,缴费档次"]
    lines += [
        f"{code},{person['identity_number']},张三,2019-06-01,{cell}"
        for person, cell in zip(people, cells, strict=True)
    ]
    headers = office._headers("district_clerk", "heping", None) | {"Content-Type": "text/csv"}

    async def send(rows: list[str]) -> httpx.Response:
        body = "\r\n".join(rows).encode()
        return await office.api.post("/v1/enrolment-imports", content=body, headers=headers)

    wrong = await send([*lines[:-1], lines[-1].replace("flexible,p100", "guild,")])
    assert [(one["pointer"], one["code"]) for one in wrong.json()["errors"]] == [
        ("line/5/category", "CATEGORY_UNKNOWN")
    ]
    assert (await send(lines)).json()["imported"] == 4
    assert (await send(lines)).json()["replayed"] == 4
    other = await send([lines[0], lines[1].replace("职工", "退休")])
    assert [(one["pointer"], one["code"]) for one in other.json()["errors"]] == [
        ("line/2/category", "ENROLLED_AS_ANOTHER_CATEGORY")
    ]
    paper = await declared(office, code, {str(n): person for n, person in enumerate(people)})
    assert lines_of(paper)["people", "pension.unit"] == "1760.00"


async def test_a_block_stays_what_it_is(office: Office) -> None:
    giving, people = await a_staff(office)
    receiving = await office.unit(injury_class=2)
    body = {"credit_code": giving, "to": receiving, "effective_on": "2020-08-01", "reason": "分立"}
    found = (await office.post("district_clerk", "/v1/block-transfers", body)).json()
    done = await office.post("district_reviewer", f"/v1/changes/{found['id']}/approvals")
    assert done.status_code == 201, done.text
    declared_there = await declared(office, receiving, people, period="2020-08")
    assert lines_of(declared_there)["people", "pension.unit"] == "1376.00"
    assert ("people", "large_medical.unit") in lines_of(declared_there)


# --- size and step -------------------------------------------------------------------------


async def test_a_floating_step_counts_from_its_day_on_and_is_explained(office: Office) -> None:
    code, people = await a_staff(office)
    assert (await change(office, code, "2020-08-01", injury_step="up_150")).status_code == 201
    july = await declared(office, code, people, period="2020-07")
    august = await declared(office, code, people, period="2020-08")
    assert lines_of(july)["people", "injury.2"] == "100.00"
    assert lines_of(august)["people", "injury.2"] == "150.00"
    answer = await office.get("supervisor", f"/v1/declarations/{august['id']}/lines", explain=True)
    (of_site,) = answer.json()["items"][1]["explain"]
    assert (of_site["rate"], of_site["factors"]) == ("0.0150", ["up_150 1.5000"])
    assert (await change(office, code, "2020-09-01", injury_step=None)).status_code == 201
    september = await declared(office, code, people, period="2020-09")
    assert lines_of(september)["people", "injury.2"] == "100.00"
    unit = (await office.get("supervisor", f"/v1/units/{code}")).json()
    assert (unit["injury_step"], unit["size"]) == (None, None)


async def test_a_step_that_the_policy_does_not_have_for_the_class_is_refused(
    office: Office,
) -> None:
    code, _ = await a_staff(office, injury_class=1)
    refused = await change(office, code, "2020-08-01", injury_step="down_50")
    assert codes_of(refused) == {"/facts/injury_step": "INJURY_STEP_UNKNOWN"}
    both = await change(office, code, "2020-08-01", injury_step="down_50", injury_class=3)
    assert both.status_code == 201, both.text
    # A class whose steps do not have the one that the unit has must not come alone.
    alone = await change(office, code, "2020-09-01", injury_class=1)
    assert codes_of(alone) == {"/facts/injury_step": "INJURY_STEP_UNKNOWN"}


async def test_a_size_counts_from_its_day_on(office: Office) -> None:
    code, people = await a_staff(office, size="large")
    assert (await change(office, code, "2020-03-01", size="small")).status_code == 201
    february = await declared(office, code, people, period="2020-02")
    march = await declared(office, code, people)
    assert ("relief", "relief.pension.large") in lines_of(february)
    assert lines_of(march) == SMALL_UNIT


async def test_files_of_units_say_their_size_in_a_column(office: Office) -> None:
    code = a_code()
    cells = f"{code},天津和顺机械有限公司,企业,heping,2,小型,税务征收"
    body = "统一社会信用代码,单位名称,单位类型,分中心,工伤类别,单位规模,征收方式\r\n" + cells
    headers = office._headers("district_clerk", "heping", None) | {"Content-Type": "text/csv"}
    answer = await office.api.post("/v1/unit-imports", content=body.encode(), headers=headers)
    assert answer.json()["imported"] == 1, answer.text
    assert (await office.get("supervisor", f"/v1/units/{code}")).json()["size"] == "small"
    wrong = body.replace(code, a_code()).replace("小型", "巨型")
    answer = await office.api.post("/v1/unit-imports", content=wrong.encode(), headers=headers)
    assert [one["pointer"] for one in answer.json()["errors"]] == ["line/2/size"]


@pytest.mark.parametrize(
    ("left_on", "back_on"), [("2020-05-31", "2020-06-01"), ("2020-06-10", "2020-06-15")]
)
async def test_who_comes_back_is_what_he_comes_back_as(
    office: Office, left_on: str, back_on: str
) -> None:
    code, people = await a_staff(office)
    leaver = {"site": people["site"]}
    body = {
        "people": [
            {"identity_number": people["site"]["identity_number"], "left_on": left_on},
        ]
    }
    path = f"/v1/units/{code}/departures"
    assert (await office.post("district_clerk", path, body)).status_code in {200, 201}
    again = await enrol(office, code, leaver, joined_on=back_on, category="employee")
    assert (again.status_code, again.json()["enrolled"]) == (201, 1)
    may = await declared(office, code, leaver, period="2020-05")
    june = await declared(office, code, leaver, period="2020-06")
    assert ("people", "pension.unit") not in lines_of(may)
    assert lines_of(june)["people", "pension.unit"] == "800.00"
