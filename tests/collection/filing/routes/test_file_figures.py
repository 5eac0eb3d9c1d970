"""Figures beside the wage, by file: what a policy asks for is a column, and each lack is named."""

import json
from typing import Any

import pytest

from tests.collection.support.figures import MONTH, born, content, enrolled
from tests.collection.support.filing import faults_of, hand_in, worked_off
from tests.collection.support.office import Office
from tests.collection.support.policies import publish
from tests.collection.support.stored import everything

CHINESE = "统一社会信用代码,公民身份号码,缴费工资,本人上年度月平均工资,单位上月工资总额"
ENGLISH = "credit_code,identity_number,wage,figure.last_year,unit_figure.last_month"


@pytest.fixture(scope="module")
async def staff(office: Office) -> list[dict[str, Any]]:
    pack = content()
    pack["rates"].append(
        pack["rates"][3]
        | {"id": "large.personal", "insurance": "large_medical", "base": "own_archive"}
    )
    await publish(office, pack)
    return [
        born(1970, 1, last_year="3000.00", archive="2500.00"),
        born(1950, 2, last_year="500.00", archive="900.00"),
        born(1930, 3, last_year="99999.00", archive="0.00"),
    ]


def row_of(code: str, person: dict[str, Any], total: str = "7654.32") -> str:
    figures = person["figures"]
    cells = [code, person["identity_number"], person["wage"], figures["last_year"], total]
    return ",".join([*cells, figures["archive"]])


async def declared(office: Office, people: list[dict[str, Any]]) -> str:
    code = await enrolled(office, people)
    figures = {"last_month": "7654.32"}
    answer = await office.declare(code, people, period=MONTH, unit_figures=figures)
    assert answer.status_code == 201, answer.text
    return code


@pytest.mark.parametrize("header", [f"{CHINESE},档案工资", f"{ENGLISH},figure.archive"])
async def test_columns_say_what_json_says(
    office: Office, staff: list[dict[str, Any]], header: str
) -> None:
    single, filed = await declared(office, staff), await enrolled(office, staff)
    text = "\n".join([header, *(row_of(filed, person) for person in staff)])
    done = await worked_off(office, await hand_in(office, text, staff, period=MONTH))
    assert done["status"] == "succeeded", done
    found = await everything(office, filed)
    assert found == await everything(office, single)
    assert len(found[3]) == 1 + len(staff)  # the unit's own figures, and each person's with the age


async def test_objects_say_what_json_says(office: Office, staff: list[dict[str, Any]]) -> None:
    single, filed = await declared(office, staff), await enrolled(office, staff)
    lines = [
        {"credit_code": filed, "unit_figures": {"last_month": "7654.32"}} | person
        for person in staff
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    done = await worked_off(office, await hand_in(office, text, staff, period=MONTH))
    assert done["status"] == "succeeded", done
    assert await everything(office, filed) == await everything(office, single)


async def test_what_is_missing_is_named_by_row_and_column(
    office: Office, staff: list[dict[str, Any]]
) -> None:
    code = await enrolled(office, staff)
    bare = await enrolled(office, staff)
    rows = [row_of(code, person) for person in staff]
    rows[0] = rows[0].replace("3000.00", "")
    rows[1] = rows[1].replace("500.00", "five")
    rows[2] = rows[2].replace("7654.32", "7654.33")
    rows += [row_of(bare, person, total="") for person in staff]
    text = "\n".join([f"{ENGLISH},figure.archive", *rows])
    done = await worked_off(office, await hand_in(office, text, [*staff, *staff], period=MONTH))
    assert done["error"]["code"] == "FILE_HAS_FAULTS"
    assert await faults_of(office, done) == [
        (2, "unit_figure.last_month", "WAGE_TOTALS_DIFFER"),
        (3, "figure.last_year", "AMOUNT_MALFORMED"),
        (5, "unit_figure.last_month", "FIGURE_MISSING"),
    ]
    rows[2] = row_of(code, staff[2])
    text = "\n".join([f"{ENGLISH},figure.archive", *rows[:3]])
    done = await worked_off(office, await hand_in(office, text, staff, period=MONTH))
    assert await faults_of(office, done) == [
        (2, "figure.last_year", "FIGURE_MISSING"),
        (3, "figure.last_year", "AMOUNT_MALFORMED"),
    ]


async def test_a_column_that_nobody_asks_for_changes_nothing(office: Office) -> None:
    people = [born(1971, 7, last_year="3000.00", archive="1.00")]
    code = await enrolled(office, people)
    text = "\n".join([f"{ENGLISH},figure.archive", row_of(code, people[0])])
    done = await worked_off(office, await hand_in(office, text, people, period="2021-07"))
    assert done["status"] == "succeeded", done
    assert (await everything(office, code))[3] == []
