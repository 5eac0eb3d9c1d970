"""What a unit and its people are levied as: size, floating step, category, chosen base; one by one,
by file, month after month, on bills, and explained."""

from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import pytest

from services.collection import worker
from shared.db import Database
from shared.money import format_yuan, parse_yuan
from tests.collection.policy.routes.test_policy import publish
from tests.collection.support.crew import (
    CAST,
    MARCH,
    SMALL_UNIT,
    a_staff,
    change,
    declared,
    lines_of,
    policy_of_2020,
    recast,
)
from tests.collection.support.filing import csv_of, faults_of, hand_in, worked_off
from tests.collection.support.office import Office, a_person, codes_of, control_of
from tests.collection.support.restating import bill
from tests.conftest import SettingsFor


@pytest.fixture(scope="module", autouse=True)
async def policy(office: Office) -> None:
    await publish(office, policy_of_2020())


@pytest.fixture(scope="module")
async def db(settings_for: SettingsFor) -> AsyncIterator[Database]:
    url = settings_for().database_url
    assert url is not None
    database = Database(url, "collection")
    yield database
    await database.close()


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
        later = deepcopy(policy_of_2020()) | {
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


# --- restated months -----------------------------------------------------------------------


def net_of(*papers: dict[str, Any]) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for paper in papers:
        for line in paper["lines"]:
            key = line["insurance"], line["party"], line["account"]
            found[key] = found.get(key, 0) + parse_yuan(line["amount"])
    return found


async def test_a_corrected_month_restates_its_relief_and_bills_only_the_difference(
    office: Office, db: Database
) -> None:
    code, people = await a_staff(office, size="large")
    first = await declared(office, code, people, period="2020-04")
    await bill(office, db, first, bill_date="2020-05-20")
    dearer = [person | {"wage": "6000.00"} for person in people.values()]

    async def corrected(paper: dict[str, Any]) -> dict[str, Any]:
        body = {"note": "更正", "control": control_of(dearer), "people": dearer}
        path = f"/v1/declarations/{paper['id']}/corrections"
        answer = await office.post("employer_portal", path, body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    second = await corrected(first)
    await bill(office, db, second, bill_date="2020-06-10")
    (head,) = [
        row
        for row in (await office.get("supervisor", "/v1/bills", credit_code=code)).json()["items"]
        if row["kind"] == "adjustment"
    ]
    whole = (await office.get("supervisor", f"/v1/bills/{head['id']}")).json()
    (pension,) = [
        line for line in whole["lines"] if (line["insurance"], line["party"]) == ("pension", "unit")
    ]
    assert pension["amount"] == "80.00"  # 16 % of 1,000 more of one person, halved
    answer = await office.get(
        "supervisor", f"/v1/bills/{head['id']}/lines/{pension['line']}/explanation"
    )
    said = answer.json()
    assert sorted((part["level"], part["amount"]) for part in said["parts"]) == [
        ("corrected", "-1376.00"),
        ("corrected", "688.00"),
        ("people", "1536.00"),
        ("relief", "-768.00"),
    ]
    assert [one["rule"] for one in said["unit_lines"]] == ["relief.pension.large"]
    # It was a small unit after all: the correction goes by the register as it is now.
    changed = await change(office, code, "2020-04-01", size="small")
    assert changed.json()["levied_periods"] == ["2020-04"]
    third = await corrected(second)
    alike, others = await a_staff(office, size="small")
    fresh = await office.declare(
        alike,
        [person | {"wage": "6000.00"} for person in others.values()],
        period="2020-04",
    )
    wanted = {key: fen for key, fen in net_of(fresh.json()).items() if fen}
    assert {key: fen for key, fen in net_of(first, second, third).items() if fen} == wanted


# --- figures -------------------------------------------------------------------------------


async def test_nobody_says_a_figure_that_he_is_not_levied_by(office: Office) -> None:
    """Pension goes by last year's average: asked of the worker alone, one by one and by file."""
    later = policy_of_2020() | {
        "pack": "figures-2019",
        "in_force_from": "2019-06-01",
        "in_force_to": "2019-12-31",
    }
    for row in later["rates"][:2]:
        row["base"] = "own_last_year"
    await publish(office, later)
    code, people = await a_staff(office)
    refused = await office.declare(code, list(people.values()), period="2019-07")
    assert codes_of(refused) == {"/people/0/figures/last_year": "FIGURE_MISSING"}
    people["worker"]["figures"] = {"last_year": "4000.00"}
    alone = await declared(office, code, people, period="2019-07")
    assert lines_of(alone)["people", "pension.unit"] == "1216.00"
    filed, others = await a_staff(office)
    header = "credit_code,identity_number,wage,figure.last_year"
    rows = [f"{filed},{one['identity_number']},{one['wage']}," for one in others.values()]
    everybody = list(others.values())
    wrong = "\r\n".join([header, *rows, ""])
    done = await worked_off(office, await hand_in(office, wrong, everybody, period="2019-07"))
    assert await faults_of(office, done) == [(2, "figure.last_year", "FIGURE_MISSING")]
    right = "\r\n".join([header, rows[0] + "4000.00", *rows[1:], ""])
    done = await worked_off(office, await hand_in(office, right, everybody, period="2019-07"))
    assert done["status"] == "succeeded", done
    assert await stored(office, filed) == await stored(office, code)
