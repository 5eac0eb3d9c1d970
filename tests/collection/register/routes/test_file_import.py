"""Registration by file: all rows or none, or row by row; every fault is named by its cell."""

import csv
import io
from typing import Any

import httpx
import pytest
import xlsxwriter

from shared.cn import identity_number
from shared.money import parse_yuan
from tests.collection.support.office import Office, a_code, a_person

UNIT_HEADER = [
    "统一社会信用代码",
    "单位名称",
    "单位类型",
    "分中心",
    "工伤类别",
    "征收方式",
    "开户银行",
    "银行账号",
    "账户名称",
]
PEOPLE_HEADER = ["credit_code", "identity_number", "name", "joined_on"]


def as_csv(*rows: list[str], encoding: str = "utf-8-sig") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding)


def as_xlsx(*rows: list[str]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def unit_row(code: str, **other: str) -> list[str]:
    words = {
        "kind": "企业",
        "district": "heping",
        "injury_class": "1",
        "collector": "银行托收",
        "account": "0302000000000001234",
    } | other
    return [
        code,
        "天津和顺机械有限公司",
        words["kind"],
        words["district"],
        words["injury_class"],
        words["collector"],
        "工行",
        words["account"],
        "和顺",
    ]


def person_row(code: str, number: str | None = None, joined_on: str = "2021-01-01") -> list[str]:
    return [code, number or a_person()["identity_number"], "张三", joined_on]


async def bring(office: Office, what: str, content: bytes, **params: Any) -> httpx.Response:
    headers = office.bearer("district_clerk", "heping")
    headers["Content-Type"] = "application/octet-stream"
    path = f"/v1/{what}-imports"
    return await office.api.post(path, content=content, params=params, headers=headers)


def faults_of(answer: httpx.Response) -> set[tuple[int, str, str]]:
    """Read (row, column, code) of every fault from a JSON or CSV answer."""
    if answer.headers["content-type"].startswith("text/csv"):
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        return {(int(row["row"]), row["column"], row["code"]) for row in rows}
    body = answer.json()
    if "faults" in body:
        return {(one["row"], one["column"], one["code"]) for one in body["faults"]}
    parts = [(one["pointer"].split("/"), one["code"]) for one in body["errors"]]
    return {(int(where[1]), where[2], code) for where, code in parts}


async def enrolled(office: Office, code: str) -> list[dict[str, Any]]:
    answer = await office.get("supervisor", f"/v1/units/{code}/enrolments", limit=500)
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.parametrize("made", [as_csv, as_xlsx, lambda *rows: as_csv(*rows, encoding="gb18030")])
async def test_units_are_registered_from_what_offices_write(office: Office, made: Any) -> None:
    codes = [a_code() for _ in range(3)]
    content = made(UNIT_HEADER, *(unit_row(code) for code in codes))
    answer = await bring(office, "unit", content)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "rows": 3,
        "imported": 3,
        "replayed": 0,
        "refused": 0,
        "faults": [],
        "warnings": [],
    }
    again = (await bring(office, "unit", content)).json()
    assert (again["imported"], again["replayed"]) == (0, 3)
    shown = (await office.get("supervisor", f"/v1/units/{codes[0]}")).json()
    assert (shown["kind"], shown["injury_class"], shown["collector"]) == (
        "enterprise",
        1,
        "bank_debit",
    )


async def test_every_fault_of_a_unit_file_is_named_and_nothing_is_registered(
    office: Office,
) -> None:
    good, known = a_code(), await office.unit()
    content = as_csv(
        UNIT_HEADER,
        unit_row(good),
        unit_row("91120102MA0000001A"),
        [],
        unit_row(a_code(), kind="club", injury_class="9"),
        unit_row(a_code(), district="nankai"),
        unit_row(good),
        unit_row(known, collector="税务征收"),
        unit_row(a_code(), account="12"),
    )
    expected = {
        (3, "credit_code", "CREDIT_CODE_CHECK_DIGIT"),
        (5, "kind", "ENUM"),
        (5, "injury_class", "LESS_THAN_EQUAL"),
        (6, "district", "FORBIDDEN"),
        (7, "credit_code", "UNIT_REPEATED"),
        (8, "name", "UNIT_EXISTS"),
        (9, "account_number", "STRING_PATTERN_MISMATCH"),
    }
    refused = await bring(office, "unit", content)
    assert (refused.status_code, refused.json()["code"]) == (422, "FILE_HAS_FAULTS")
    found = faults_of(refused)
    assert {fault for fault in found if fault[0] != 8} == {f for f in expected if f[0] != 8}
    assert {(row, code) for row, _, code in found if row == 8} == {(8, "UNIT_EXISTS")}
    assert "须为企业、事业单位、机关、乡镇企业、灵活就业之一 (one of enterprise," in refused.text
    assert faults_of(await bring(office, "unit", content, report="csv")) == found
    assert (await office.get("supervisor", f"/v1/units/{good}")).status_code == 404
    taken = await bring(office, "unit", content, mode="row_by_row")
    assert taken.status_code == 200
    assert faults_of(taken) == found
    assert (taken.json()["imported"], taken.json()["refused"]) == (1, 6)
    assert (await office.get("supervisor", f"/v1/units/{good}")).status_code == 200


@pytest.mark.parametrize("made", [as_csv, as_xlsx])
async def test_people_of_many_units_are_enrolled_by_one_file(office: Office, made: Any) -> None:
    first, second = await office.unit(), await office.unit()
    foreigner = f"DEU0C01X00T{first[-7:]}"
    rows = [person_row(first), person_row(first, foreigner), person_row(second)]
    answer = await bring(office, "enrolment", made(PEOPLE_HEADER, *rows))
    assert answer.json() == {
        "rows": 3,
        "imported": 3,
        "replayed": 0,
        "refused": 0,
        "faults": [],
        "warnings": [],
    }
    assert {row["document"] for row in await enrolled(office, first)} == {"citizen", "foreigner"}
    assert len(await enrolled(office, second)) == 1
    again = (await bring(office, "enrolment", made(PEOPLE_HEADER, *rows))).json()
    assert (again["imported"], again["replayed"]) == (0, 3)
    declared = await office.declare(first, [{"identity_number": foreigner, "wage": "9000.00"}])
    assert declared.status_code == 201, declared.text


async def test_every_fault_of_a_file_of_people_is_named(office: Office) -> None:
    code, foreign = await office.unit(), await office.unit(district="nankai")
    number = a_person()["identity_number"]
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    known = a_person()
    await office.enrol(code, [known])
    content = as_csv(
        PEOPLE_HEADER,
        person_row(code, number),
        person_row(code, wrong),
        person_row(foreign),
        person_row(a_code()),
        person_row(code, number),
        person_row(code, joined_on="2100-01-01"),
        person_row(code, known["identity_number"], "2021-02-01"),
        person_row(code, joined_on="第一天"),
    )
    expected = {
        (3, "identity_number", "IDENTITY_NUMBER_CHECK_DIGIT"),
        (4, "district", "FORBIDDEN"),
        (5, "credit_code", "UNIT_UNKNOWN"),
        (6, "identity_number", "PERSON_REPEATED"),
        (7, "joined_on", "DAY_IN_FUTURE"),
        (8, "joined_on", "ENROLLED_SINCE_ANOTHER_DAY"),
        (9, "joined_on", "DATE_FROM_DATETIME_PARSING"),
    }
    refused = await bring(office, "enrolment", content)
    assert refused.status_code == 422
    assert faults_of(refused) == expected
    assert number not in refused.text
    assert len(await enrolled(office, code)) == 1
    taken = await bring(office, "enrolment", content, mode="row_by_row", report="csv")
    assert taken.status_code == 200
    assert faults_of(taken) == expected
    assert len(await enrolled(office, code)) == 2


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (as_csv(["credit_code", "name"]), (1, "identity_number", "COLUMN_MISSING")),
        (as_csv([*PEOPLE_HEADER, "salary"]), (1, "salary", "COLUMN_UNKNOWN")),
        (as_csv([*PEOPLE_HEADER, "姓名"]), (1, "name", "COLUMN_REPEATED")),
        (b"", (0, "", "FILE_EMPTY")),
        (b"PK\x03\x04 no workbook", (0, "", "NOT_A_SHEET")),
        (b"\xff\xfe\xff\xff", (0, "", "NOT_TEXT")),
        (b'credit_code,"a\n', (0, "", "NOT_CSV")),
    ],
)
async def test_what_is_no_such_file_is_refused(
    office: Office, content: bytes, fault: tuple[int, str, str]
) -> None:
    refused = await bring(office, "enrolment", content, mode="row_by_row")
    assert refused.status_code == 422
    assert faults_of(refused) == {fault}


async def test_who_may_not_register_may_not_import(office: Office) -> None:
    for role in ("supervisor", "district_reviewer", "centre_auditor"):
        answer = await office.post(role, "/v1/unit-imports")
        assert answer.status_code == 403


async def test_ten_thousand_people_are_one_file(office: Office) -> None:
    code = await office.unit()
    numbers = [
        identity_number.with_check_digit(
            f"120102{1950 + n // 360:04d}{n // 30 % 12 + 1:02d}{n % 28 + 1:02d}{n % 900 + 50:03d}"
        )
        for n in range(10_000)
    ]
    distinct = list(dict.fromkeys(numbers))
    rows = [person_row(code, number) for number in distinct]
    answer = await bring(office, "enrolment", as_csv(PEOPLE_HEADER, *rows))
    assert answer.json()["imported"] == len(distinct)


def warnings_of(answer: httpx.Response) -> set[tuple[int, str, str]]:
    return {(one["row"], one["column"], one["code"]) for one in answer.json()["warnings"]}


async def test_people_covered_at_another_unit_are_enrolled_with_a_warning(office: Office) -> None:
    elsewhere, code = await office.unit(), await office.unit()
    covered_elsewhere, left_before, left_later = a_person(), a_person(), a_person()
    await office.enrol(elsewhere, [covered_elsewhere, left_before, left_later])
    for person, day in ((left_before, "2020-12-31"), (left_later, "2021-01-01")):
        body = {"people": [{"identity_number": person["identity_number"], "left_on": day}]}
        path = f"/v1/units/{elsewhere}/departures"
        assert (await office.post("district_clerk", path, body)).status_code == 201
    numbers = [person["identity_number"] for person in (covered_elsewhere, left_before, left_later)]
    content = as_csv(PEOPLE_HEADER, *(person_row(code, number) for number in numbers))
    taken = await bring(office, "enrolment", content, mode="row_by_row")
    assert (taken.status_code, taken.json()["imported"], taken.json()["refused"]) == (200, 3, 0)
    expected = {
        (2, "identity_number", "COVERED_ELSEWHERE"),
        (4, "identity_number", "COVERED_ELSEWHERE"),
    }
    assert warnings_of(taken) == expected
    assert elsewhere in taken.json()["warnings"][0]["message"]
    again = await bring(office, "enrolment", content)
    assert (again.json()["replayed"], warnings_of(again)) == (3, expected)
    report = await bring(office, "enrolment", content, report="csv")
    assert faults_of(report) == expected


async def test_the_json_door_and_the_file_say_the_same(office: Office) -> None:
    elsewhere, code, other = await office.unit(), await office.unit(), await office.unit()
    person = a_person()
    await office.enrol(elsewhere, [person])
    joining = {
        "identity_number": person["identity_number"],
        "name": "李四",
        "joined_on": "2021-01-01",
    }
    path = f"/v1/units/{other}/enrolments"
    by_request = await office.post("district_clerk", path, {"people": [joining]})
    row = [code, person["identity_number"], "李四", "2021-01-01"]
    by_file = await bring(office, "enrolment", as_csv(PEOPLE_HEADER, row))
    codes = {one["code"] for one in by_request.json()["warnings"]}
    assert codes == {"COVERED_ELSEWHERE", "NAME_DIFFERS"}
    assert {warning[2] for warning in warnings_of(by_file)} == codes


async def test_two_rows_that_cover_a_person_twice_are_both_warned_of(
    office: Office,
) -> None:
    first, second = await office.unit(), await office.unit()
    number = a_person()["identity_number"]
    content = as_csv(PEOPLE_HEADER, person_row(first, number), person_row(second, number))
    taken = await bring(office, "enrolment", content)
    assert taken.json()["imported"] == 2
    assert warnings_of(taken) == {(row, "identity_number", "COVERED_ELSEWHERE") for row in (2, 3)}


RESIDENTS = {
    "hk_macau_taiwan": [
        identity_number.with_check_digit(f"{head}19900307451")
        for head in ("810000", "820000", "830000")
    ],
    "permanent_resident": [identity_number.with_check_digit("92015619881203001")],
    "foreigner": ["DEU0C01X00T478A002", "USA012345678901234"],
}


@pytest.mark.parametrize("made", [as_csv, as_xlsx])
async def test_residents_from_elsewhere_are_enrolled_and_declared_like_staff(
    office: Office, made: Any
) -> None:
    code = await office.unit()
    numbers = [number for each in RESIDENTS.values() for number in each]
    content = made(PEOPLE_HEADER, *(person_row(code, number) for number in numbers))
    answer = await bring(office, "enrolment", content, mode="row_by_row")
    assert (answer.json()["imported"], answer.json()["faults"]) == (len(numbers), [])
    documents = [row["document"] for row in await enrolled(office, code)]
    assert {name: documents.count(name) for name in RESIDENTS} == {
        name: len(each) for name, each in RESIDENTS.items()
    }
    assert not any(number in answer.text for number in numbers)
    citizen = await office.declared("9000.00")
    declared = await office.declare(
        code, [{"identity_number": n, "wage": "9000.00"} for n in numbers]
    )
    assert declared.status_code == 201, declared.text
    for mine, theirs in zip(declared.json()["lines"], citizen["lines"], strict=True):
        assert parse_yuan(mine["amount"]) == len(numbers) * parse_yuan(theirs["amount"])


async def test_a_residence_permit_with_a_wrong_check_digit_is_named(office: Office) -> None:
    code = await office.unit()
    number = RESIDENTS["hk_macau_taiwan"][0]
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    content = as_csv(PEOPLE_HEADER, person_row(code, wrong), person_row(code, "DE0C01X00T478A0011"))
    answer = await bring(office, "enrolment", content, mode="row_by_row")
    assert faults_of(answer) == {
        (2, "identity_number", "IDENTITY_NUMBER_CHECK_DIGIT"),
        (3, "identity_number", "IDENTITY_NUMBER_SHAPE"),
    }
    assert answer.json()["imported"] == 0
