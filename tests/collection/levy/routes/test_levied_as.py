"""Size, floating step, category and chosen base in a levy: singly, by file, rolled over, explained."""

from typing import Any

import pytest

from shared.money import format_yuan, parse_yuan
from tests.collection.support.crew import (
    CAST,
    MARCH,
    SMALL_UNIT,
    a_staff,
    declared,
    lines_of,
    policy_of_2020,
)
from tests.collection.support.filing import csv_of, faults_of, hand_in, worked_off
from tests.collection.support.office import Office, a_person, codes_of
from tests.collection.support.policies import publish
from tests.collection.support.restating import review


@pytest.fixture(scope="module", autouse=True)
async def policy(office: Office) -> None:
    await publish(office, policy_of_2020())


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
    """Read everything that a declaration stores, without its ids."""
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
    await review(office, paper)
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
        "3600.00",
        None,
        "free.p60 0.6000",
    )
    relief = {one["rule"]: one for one in body["unit_lines"] if one["rule"].startswith("relief")}
    medical = relief["relief.medical.enterprise"]
    assert (medical["base"], medical["rate"], medical["product"], medical["source"]) == (
        "500.00",
        "0.5000",
        "250.00",
        "relief",
    )
    assert [row["insurance"] for row in by_role["site"]["insurances"] if row["base"] != "0.00"] == [
        "work_injury"
    ]


async def test_a_quote_says_the_same(office: Office) -> None:
    body = {
        "on": MARCH,
        "unit_kind": "enterprise",
        "injury_class": 2,
        "unit_size": "small",
        "people": [
            {"ref": role, "wages": {"*": "5000.00"}} | facts for role, facts in CAST.items()
        ],
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
