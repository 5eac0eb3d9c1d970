"""What a unit and its people are levied as: size, floating step, category, chosen base; one by one,
by file, month after month, on bills, and explained."""

from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import httpx
import pytest

from services.collection import worker
from shared.db import Database
from shared.money import format_yuan, parse_yuan
from tests.collection.filing import csv_of, faults_of, hand_in, worked_off
from tests.collection.office import Office, a_person, codes_of
from tests.collection.packs import a_pack, a_rate
from tests.collection.routes.test_policies import publish
from tests.conftest import SettingsFor

MARCH = "2020-03"
SMALL = ["medium", "small", "micro", "sole"]


def relief_of(insurance: str, classes: list[str], to: str, factor: str) -> dict[str, Any]:
    return {
        "id": f"relief.{insurance}.{classes[0]}",
        "insurance": insurance,
        "party": "unit",
        "unit_classes": classes,
        "period_from": "2020-02",
        "period_to": to,
        "factor": factor,
        "source": "relief",
    }


def content() -> dict[str, Any]:
    """The office's own region in 2020: relief by size, three injury classes with steps, categories."""
    head = a_rate("large_medical", "unit", "0", base="head", amount="13.33")
    del head["rate"]
    return a_pack(
        "relief-2020",
        insurances=["pension", "medical", "large_medical", "work_injury"],
        sources=[
            {"id": "s", "text": "published table", "certain": True},
            {"id": "relief", "text": "人社部发〔2020〕11号", "certain": True},
            {"id": "floating", "text": "劳社部发〔2003〕29号", "certain": False},
            {"id": "categories", "text": "辽宁2006:灵活就业人员可自60%起步", "certain": True},
        ],
        rates=[
            a_rate("pension", "unit", "0.16"),
            a_rate("pension", "personal", "0.08", account="personal_account"),
            a_rate("medical", "unit", "0.10", base="personal_sum"),
            a_rate("medical", "personal", "0.02", account="personal_account"),
            head | {"categories": ["employee", "retiree"]},
            *(
                a_rate("work_injury", "unit", rate, id=f"injury.{number}", injury_class=number)
                for number, rate in ((1, "0.005"), (2, "0.01"), (3, "0.02"))
            ),
        ],
        limits={"*": {"floor": "3000.00", "ceiling": "18000.00"}},
        averages=[{"id": "city", "amount": "6000.00", "source": "s"}],
        relief=[
            *(relief_of(name, SMALL, "2020-06", "1") for name in ("pension", "work_injury")),
            *(relief_of(name, ["large"], "2020-04", "0.5") for name in ("pension", "work_injury")),
            relief_of("medical", ["enterprise"], "2020-06", "0.5"),
        ],
        injury_floating={
            "insurance": "work_injury",
            "steps": [
                {"id": "up_150", "factor": "1.5", "source": "floating"},
                {"id": "down_50", "factor": "0.5", "classes": [2, 3], "source": "floating"},
            ],
        },
        categories=[
            {
                "id": "site",
                "category": "injury_only",
                "insurances": ["work_injury"],
                "source": "categories",
            },
            {"id": "old", "category": "retiree", "insurances": [], "source": "categories"},
            {
                "id": "free",
                "category": "flexible",
                "insurances": ["pension"],
                "choices": [
                    {
                        "id": f"free.{choice}",
                        "choice": choice,
                        "average": {"of": ["city"], "factor": factor},
                        "source": "categories",
                    }
                    for choice, factor in (("p60", "0.6"), ("p100", "1"))
                ],
                "source": "categories",
            },
        ],
        region="tianjin",
        in_force_from="2020-01-01",
        in_force_to="2020-12-31",
    )


@pytest.fixture(scope="module", autouse=True)
async def policy(office: Office) -> None:
    await publish(office, content())


@pytest.fixture(scope="module")
async def db(settings_for: SettingsFor) -> AsyncIterator[Database]:
    url = settings_for().database_url
    assert url is not None
    database = Database(url, "collection")
    yield database
    await database.close()


CAST = {
    "worker": {},
    "site": {"category": "injury_only"},
    "old": {"category": "retiree"},
    "free": {"category": "flexible", "base_choice": "p60"},
}


async def enrol(
    office: Office, code: str, people: dict[str, dict[str, Any]], joined_on: str = "2019-06-01",
    **said: Any,
) -> httpx.Response:  # fmt: skip
    body = [
        {
            "identity_number": person["identity_number"],
            "name": "张三",
            "joined_on": joined_on,
            **(CAST[role] | said),
        }
        for role, person in people.items()
    ]
    return await office.post("district_clerk", f"/v1/units/{code}/enrolments", {"people": body})


async def a_staff(office: Office, **facts: Any) -> tuple[str, dict[str, dict[str, Any]]]:
    """A unit with one person of each sort, who all earn 5,000 yuan."""
    code = await office.unit(**({"injury_class": 2} | facts))
    people = {role: a_person("5000.00") for role in CAST}
    answer = await enrol(office, code, people)
    assert answer.status_code == 201, answer.text
    return code, people


async def declared(
    office: Office, code: str, people: dict[str, dict[str, Any]], period: str = MARCH
) -> dict[str, Any]:
    answer = await office.declare(code, list(people.values()), period=period)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def lines_of(paper: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(line["level"], line["rule"]): line["amount"] for line in paper["lines"]}


SMALL_UNIT = {
    # 16 % and 8 % of 5,000 and of 60 % of 6,000.
    ("people", "pension.unit"): "1376.00",
    ("people", "pension.personal"): "688.00",
    ("people", "medical.personal"): "100.00",
    ("people", "large_medical.unit"): "26.66",
    ("people", "injury.2"): "100.00",
    ("unit", "medical.unit"): "500.00",
    ("relief", "relief.pension.medium"): "-1376.00",
    ("relief", "relief.work_injury.medium"): "-100.00",
    ("relief", "relief.medical.enterprise"): "-250.00",
}


async def test_a_declaration_levies_each_as_what_he_is_and_takes_relief_off(
    office: Office,
) -> None:
    code, people = await a_staff(office, size="small")
    paper = await declared(office, code, people)
    assert lines_of(paper) == SMALL_UNIT
    assert (paper["unit"], paper["personal"], paper["total"]) == ("276.66", "788.00", "1064.66")
    assert paper["totals"]["by_insurance"]["pension"] == "688.00"


@pytest.mark.parametrize(
    ("size", "relief"),
    [
        (None, {"relief.medical.enterprise": "-250.00"}),
        (
            "large",
            {
                "relief.pension.large": "-688.00",
                "relief.work_injury.large": "-50.00",
                "relief.medical.enterprise": "-250.00",
            },
        ),
    ],
)
async def test_relief_goes_by_size(office: Office, size: str | None, relief: Any) -> None:
    code, people = await a_staff(office, size=size)
    paper = await declared(office, code, people)
    found = {rule: amount for (level, rule), amount in lines_of(paper).items() if level == "relief"}
    assert found == relief


async def stored(office: Office, code: str) -> list[list[dict[str, Any]]]:
    """Everything that a declaration stores, without its ids."""
    found = []
    for table, order in (
        ("declaration_line", "line_no"),
        ("declaration_person", "line_no"),
        ("declaration_figures", "line_no"),
    ):
        rows = await office.fetch(
            f"SELECT l.* FROM declaration AS d JOIN {table} AS l"
            " ON l.unit_id = d.unit_id AND l.declaration_id = d.id"
            f" WHERE d.credit_code = $1 ORDER BY {order}",
            code,
        )
        hidden = {"unit_id", "declaration_id", "person_id"}
        found.append([{k: v for k, v in row.items() if k not in hidden} for row in rows])
    head = await office.fetch(
        "SELECT unit_size, injury_step, unit_fen, total_fen FROM declaration"
        " WHERE credit_code = $1",
        code,
    )
    return [*found, [dict(row) for row in head]]


async def test_a_file_stores_what_one_declaration_stores(office: Office) -> None:
    alone, of_alone = await a_staff(office, size="small", injury_class=3)
    filed, of_filed = await a_staff(office, size="small", injury_class=3)
    other, of_other = await a_staff(office, size="large")
    await declared(office, alone, of_alone)
    rows = [(filed, person) for person in of_filed.values()]
    rows += [(other, person) for person in of_other.values()]
    people = [person for _, person in rows]
    done = await worked_off(office, await hand_in(office, csv_of(rows), people, period=MARCH))
    assert done["status"] == "succeeded", done
    assert await stored(office, filed) == await stored(office, alone)
    lines = (await stored(office, other))[0]
    assert [line["rule"] for line in lines if line["level"] == "relief"][:1] == [
        "relief.pension.large"
    ]


async def test_a_month_without_changes_carries_them_on(office: Office) -> None:
    code = await office.unit(district="dongli", injury_class=2, size="small")
    people = {role: a_person("5000.00") for role in CAST}
    body = [
        {"identity_number": p["identity_number"], "name": "张三", "joined_on": "2019-06-01"}
        | CAST[role]
        for role, p in people.items()
    ]
    path = f"/v1/units/{code}/enrolments"
    await office.post("district_clerk", path, {"people": body}, district="dongli")
    paper = await declared(office, code, people)
    for role, act in (("district_clerk", "acceptances"), ("district_reviewer", "reviews")):
        path = f"/v1/declarations/{paper['id']}/{act}"
        assert (await office.post(role, path, district="dongli")).status_code == 201
    rolled = await worked_off(
        office,
        await office.post(
            "district_clerk",
            "/v1/declaration-rolls",
            {"district": "dongli", "period": "2020-04"},
            district="dongli",
        ),
    )
    assert rolled["status"] == "succeeded", rolled
    listed = await office.get("supervisor", "/v1/declarations", district="dongli", period="2020-04")
    (head,) = listed.json()["items"]
    found = (await office.get("supervisor", f"/v1/declarations/{head['id']}")).json()
    assert lines_of(found) == SMALL_UNIT


async def test_each_line_explains_itself_back_to_rule_and_source(office: Office) -> None:
    code, people = await a_staff(office, size="small")
    paper = await declared(office, code, people)
    answer = await office.get("supervisor", f"/v1/declarations/{paper['id']}/lines", explain=True)
    body = answer.json()
    by_role = dict(zip(CAST, body["items"], strict=True))
    assert by_role["worker"]["standing"] is None
    assert by_role["site"]["standing"] == {
        "category": "injury_only",
        "base_choice": None,
        "rule": "site",
        "insurances": ["work_injury"],
        "source": "categories",
    }
    assert [(one["rule"], one["category"]) for one in by_role["site"]["explain"]] == [
        ("injury.2", "site")
    ]
    assert [one["rule"] for one in by_role["old"]["explain"]] == ["large_medical.unit"]
    of_free = by_role["free"]["explain"][0]
    assert (of_free["base"], of_free["asked"], of_free["choice"]) == (
        "3600.00", None, "free.p60 0.6000",
    )  # fmt: skip
    relief = {one["rule"]: one for one in body["unit_lines"] if one["rule"].startswith("relief")}
    medical = relief["relief.medical.enterprise"]
    assert (medical["base"], medical["rate"], medical["product"], medical["source"]) == (
        "500.00", "0.5000", "250.00", "relief",
    )  # fmt: skip
    assert [row["insurance"] for row in by_role["site"]["insurances"] if row["base"] != "0.00"] == [
        "work_injury"
    ]


async def test_a_bill_nets_relief_and_says_so(office: Office, db: Database) -> None:
    code, people = await a_staff(office, size="large")
    paper = await declared(office, code, people, period="2020-04")
    for role, act in (("district_clerk", "acceptances"), ("district_reviewer", "reviews")):
        answer = await office.post(role, f"/v1/declarations/{paper['id']}/{act}")
        assert answer.status_code == 201, answer.text
    sent = await office.post(
        "district_reviewer", "/v1/summaries", {"district": "heping", "period": "2020-04"}
    )
    body = {"control": sent.json()["control"], "bill_date": "2020-05-20"}
    await office.post("centre_auditor", f"/v1/summaries/{sent.json()['id']}/audits", body)
    await worker.issue_waiting_bills(db)
    (head,) = (await office.get("supervisor", "/v1/bills", credit_code=code)).json()["items"]
    bill = (await office.get("supervisor", f"/v1/bills/{head['id']}")).json()
    assert bill["total"] == paper["total"]
    assert all(parse_yuan(line["amount"]) > 0 for line in bill["lines"])
    pension = next(
        line for line in bill["lines"] if (line["insurance"], line["party"]) == ("pension", "unit")
    )
    assert pension["amount"] == "688.00"
    answer = await office.get(
        "supervisor", f"/v1/bills/{head['id']}/lines/{pension['line']}/explanation"
    )
    said = answer.json()
    assert [(part["level"], part["amount"]) for part in said["parts"]] == [
        ("people", "1376.00"),
        ("relief", "-688.00"),
    ]
    assert [one["rule"] for one in said["unit_lines"]] == ["relief.pension.large"]
    assert {"relief", "categories"} <= set(said["sources"])


async def test_who_is_waived_everything_gets_a_bill_without_that_line(
    office: Office, db: Database
) -> None:
    code = await office.unit(district="hebei", injury_class=1, size="micro")
    person = a_person("5000.00")
    body = [
        {
            "identity_number": person["identity_number"],
            "name": "张三",
            "joined_on": "2019-06-01",
            "category": "injury_only",
        }
    ]
    path = f"/v1/units/{code}/enrolments"
    await office.post("district_clerk", path, {"people": body}, district="hebei")
    paper = await declared(office, code, {"site": person}, period="2020-05")
    assert (paper["total"], lines_of(paper)["relief", "relief.work_injury.medium"]) == (
        "0.00", "-25.00",
    )  # fmt: skip
    for role, act in (("district_clerk", "acceptances"), ("district_reviewer", "reviews")):
        await office.post(role, f"/v1/declarations/{paper['id']}/{act}", district="hebei")
    sent = await office.post(
        "district_reviewer", "/v1/summaries", {"district": "hebei", "period": "2020-05"},
        district="hebei",
    )  # fmt: skip
    body_of = {"control": sent.json()["control"], "bill_date": "2020-06-20"}
    await office.post("centre_auditor", f"/v1/summaries/{sent.json()['id']}/audits", body_of)
    await worker.issue_waiting_bills(db)
    for head in (await office.get("supervisor", "/v1/bills", credit_code=code)).json()["items"]:
        assert (head["status"], head["total"]) == ("settled", "0.00")


# --- changes -------------------------------------------------------------------------------


async def recast(
    office: Office, code: str, start: str, *people: tuple[dict[str, Any], str, str | None]
) -> httpx.Response:
    body = {
        "from": start,
        "reason": "变更",
        "people": [
            {"identity_number": person["identity_number"], "category": category}
            | ({"base_choice": choice} if choice else {})
            for person, category, choice in people
        ],
    }
    return await office.post("district_clerk", f"/v1/units/{code}/categories", body)


async def test_a_change_holds_from_its_month_on_and_not_before(office: Office) -> None:
    code, people = await a_staff(office)
    before = await declared(office, code, people, period="2020-07")
    changed = await recast(
        office, code, "2020-08",
        (people["worker"], "injury_only", None),
        (people["free"], "flexible", "p100"),
        (people["old"], "retiree", None),
    )  # fmt: skip
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
        office, code, "2019-05",
        (people["worker"], "guild", None),
        (people["free"], "flexible", "p70"),
        (people["free"], "flexible", "p60"),
        (stranger, "retiree", None),
    )  # fmt: skip
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
        "employee", "injury_only", "retiree", "flexible",
    }  # fmt: skip


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
    there = await declared(office, receiving, people, period="2020-08")
    assert lines_of(there)["people", "pension.unit"] == "1376.00"
    assert ("people", "large_medical.unit") in lines_of(there)


# --- size and step -------------------------------------------------------------------------


async def change(office: Office, code: str, day: str, **facts: Any) -> httpx.Response:
    body = {"facts": facts, "effective_on": day, "reason": "变更"}
    found = await office.post("district_clerk", f"/v1/units/{code}/changes", body)
    if found.status_code != 201:
        return found
    return await office.post("district_reviewer", f"/v1/changes/{found.json()['id']}/approvals")


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


# --- quotes --------------------------------------------------------------------------------


async def test_a_quote_says_the_same(office: Office) -> None:
    body = {
        "on": MARCH,
        "unit_kind": "enterprise",
        "injury_class": 2,
        "unit_size": "small",
        "people": [{"ref": role, "wages": {"*": "5000.00"}} | said for role, said in CAST.items()],
    }
    answer = await office.post("district_clerk", "/v1/quotes", body)
    assert answer.status_code == 200, answer.text
    quoted = answer.json()
    sums: dict[tuple[str, str], int] = {}
    for line in quoted["lines"]:
        key = line["level"], line["explain"]["rule"]
        sums[key] = sums.get(key, 0) + parse_yuan(line["amount"])
    assert {key: format_yuan(fen) for key, fen in sums.items()} == SMALL_UNIT
    assert quoted["totals"]["total"] == "1064.66"
    assert {"relief", "categories"} <= set(quoted["sources"])
    wrong = body | {"people": [{"ref": "a", "wages": {"*": "1.00"}, "category": "guild"}]}
    answer = await office.post("district_clerk", "/v1/quotes", wrong)
    assert codes_of(answer) == {"/people/0/category": "CATEGORY_NOT_COVERED"}


# --- later policies ------------------------------------------------------------------------


async def test_an_old_period_comes_out_the_same_after_three_policies_and_a_changed_register(
    office: Office,
) -> None:
    code, people = await a_staff(office, size="small")
    assert (await change(office, code, "2020-02-01", injury_step="up_150")).status_code == 201
    paper = await declared(office, code, people)
    quote = {
        "on": MARCH,
        "unit_kind": "enterprise",
        "injury_class": 2,
        "injury_step": "up_150",
        "unit_size": "small",
        "people": [
            {"ref": role, "wages": {"*": "5000.00"}} | said for role, said in CAST.items()
        ],
    }  # fmt: skip

    async def told() -> list[Any]:
        path = f"/v1/declarations/{paper['id']}"
        head = (await office.get("supervisor", path)).json()
        lines = (await office.get("supervisor", f"{path}/lines", explain=True)).json()
        quoted = (await office.post("district_clerk", "/v1/quotes", quote)).json()
        return [head, lines, quoted]

    before = await told()
    totals = {before[2]["totals"]["total"]}
    assert totals == {paper["total"]}
    for year, factor, insurances in ((2022, "1", []), (2023, "0.5", ["pension"]), (2024, "0", [])):
        later = deepcopy(content()) | {
            "pack": f"later-{year}",
            "in_force_from": f"{year}-01-01",
            "in_force_to": None,
        }
        for row in later["relief"]:
            row |= {"period_from": f"{year}-02", "period_to": f"{year}-06", "factor": factor}
        later["categories"][0]["insurances"] = ["work_injury", *insurances]
        later["categories"][2]["choices"][0]["average"]["factor"] = f"0.{year - 2015}"
        later["injury_floating"]["steps"][0]["factor"] = "1.2"
        later["rates"][1]["rate"] = "0.07"
        await publish(office, later)
        quoted = await office.post("district_clerk", "/v1/quotes", quote | {"on": f"{year}-03"})
        totals.add(quoted.json()["totals"]["total"])
    assert (await change(office, code, "2020-09-01", size="large", injury_step=None)).is_success
    assert (await recast(office, code, "2020-09", (people["site"], "retiree", None))).is_success
    assert await told() == before
    assert len(totals) == 4
    again, others = await a_staff(office, size="small")
    assert (await change(office, again, "2020-02-01", injury_step="up_150")).status_code == 201
    assert lines_of(await declared(office, again, others)) == lines_of(paper)
