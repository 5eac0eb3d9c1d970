"""Files as Chinese spreadsheets save them: taken for what they say, or named by row and column."""

import io
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import xlsxwriter

from tests.collection.support.filing import hand_in, worked_off
from tests.collection.support.office import Office, a_person, a_unit

FILES = Path(__file__).parent / "files"
CODE = "91120101MA0000002F"
KNOWN = ("120101199001010017", "120101199001010025", "120101199001010033")


async def staff(office: Office) -> None:
    unit = a_unit(CODE, collector="tax", bank_account=None)
    assert (await office.post("employer_portal", "/v1/units", unit)).status_code in {200, 201}
    people = [
        {"identity_number": number, "name": "样例", "joined_on": "2021-01-01"} for number in KNOWN
    ]
    await office.enrol(CODE, people)


async def bring(office: Office, content: bytes, **params: Any) -> httpx.Response:
    headers = office.bearer("district_clerk", "heping")
    return await office.api.post(
        "/v1/enrolment-imports", content=content, params=params, headers=headers
    )


async def joined(office: Office) -> Counter[str]:
    listed = await office.get("supervisor", f"/v1/units/{CODE}/enrolments", limit=500)
    return Counter(one["joined_on"] for one in listed.json()["items"])


def faults_of(answer: httpx.Response) -> set[tuple[str, str]]:
    return {(one["pointer"], one["code"]) for one in answer.json()["errors"]}


@pytest.mark.parametrize("file", ["excel_dates.csv", "slash_dates.xlsx"])
async def test_year_first_days_are_taken(office: Office, file: str) -> None:
    await staff(office)
    answer = await bring(office, (FILES / file).read_bytes())
    assert (answer.status_code, answer.json()["rows"]) == (200, 4), answer.text
    listed = await office.get("supervisor", f"/v1/units/{CODE}/enrolments", limit=500)
    assert [one["joined_on"] for one in listed.json()["items"]].count("2021-07-01") >= 4


@pytest.mark.parametrize("heading", ["joined_on", "参保日期"])
async def test_days_of_a_workbook_that_counts_from_1904_are_taken(
    office: Office, heading: str
) -> None:
    await staff(office)
    before = await joined(office)
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"date_1904": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["credit_code", "identity_number", "name", heading])
        as_day = book.add_format({"num_format": "yyyy-mm-dd"})
        for row, form in enumerate((as_day, None), 1):
            sheet.write_row(row, 0, [CODE, a_person()["identity_number"], "样例"])
            sheet.write_datetime(row, 3, datetime(2021, 7, 1), form)  # noqa: DTZ001 a cell has no zone
    answer = await bring(office, written.getvalue())
    assert (answer.status_code, answer.json()["rows"]) == (200, 2), answer.text
    assert (await joined(office) - before) == Counter({"2021-07-01": 2})


async def test_somebody_who_joined_in_1986_is_taken(office: Office) -> None:
    await staff(office)
    answer = await bring(office, (FILES / "joined_1986.csv").read_bytes())
    assert (answer.status_code, answer.json()["rows"]) == (200, 1), answer.text
    early = (FILES / "joined_1986.csv").read_bytes().replace(b"1986-10-01", b"1951-02-28")
    assert (await bring(office, early)).status_code == 422


async def test_a_formula_without_a_result_is_not_an_ordinary_employee(office: Office) -> None:
    await staff(office)
    answer = await bring(office, (FILES / "category_formula.xlsx").read_bytes())
    assert answer.status_code == 422
    assert ("line/2/category", "CELL_NOT_A_VALUE") in faults_of(answer)


@pytest.mark.parametrize(
    ("number", "name", "fault"),
    [
        ("120101199001010244", "#N/A", ("line/2/name", "CELL_NOT_A_VALUE")),
        ("#REF!", "张三", ("line/2/identity_number", "CELL_NOT_A_VALUE")),
        ("120101199001010244", "张\x00三", ("line/2/name", "CELL_NOT_A_VALUE")),
    ],
)
async def test_an_error_is_named_in_every_column(
    office: Office, number: str, name: str, fault: tuple[str, str]
) -> None:
    await staff(office)
    text = f"credit_code,identity_number,name,joined_on\n{CODE},{number},{name},2021/7/1\n"
    answer = await bring(office, text.encode())
    assert answer.status_code == 422
    assert faults_of(answer) == {fault}


async def test_an_error_in_the_wage_of_one_insurance_is_not_left_out(office: Office) -> None:
    await staff(office)
    answer = await hand_in(
        office,
        (FILES / "wage_error.xlsx").read_bytes(),
        [],
        control_people=2,
        control_wages="13500.00",
    )
    done = await worked_off(office, answer)
    assert done["status"] == "failed"
    first = done["error"]["first"][0]
    assert (first["row"], first["column"], first["code"]) == (2, "wage.medical", "AMOUNT_MALFORMED")
