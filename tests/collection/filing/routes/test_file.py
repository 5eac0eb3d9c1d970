"""Declarations by file: stored whole or not at all, every fault named by row and column."""

import asyncio
import io
from typing import Any

import orjson
import pytest
import xlsxwriter

from services.collection.filing.flows import file as file_flow
from services.collection.operation import store as operation_store
from services.collection.operation.jobs import run as run_job
from shared.db import Database
from shared.ids import Ref
from shared.references import Reference
from tests.collection.support.filing import app_of, csv_of, faults_of, hand_in, worked_off
from tests.collection.support.office import Office, a_person, control_of


@pytest.fixture
def db(office: Office) -> Database:
    found: Database = app_of(office).state.db
    return found


async def a_staff(office: Office, *wages: str, **facts: Any) -> tuple[str, list[dict[str, Any]]]:
    """A unit with enrolled people who have declared nothing yet."""
    code = await office.unit(**facts)
    people = [a_person(wage) for wage in wages]
    await office.enrol(code, people, district=facts.get("district", "heping"))
    return code, people


async def stored(office: Office, code: str) -> list[dict[str, Any]]:
    answer = await office.get("supervisor", "/v1/declarations", status="submitted", limit=500)
    return [row for row in answer.json()["items"] if row["credit_code"] == code]


async def test_a_file_of_many_units_becomes_their_declarations(office: Office) -> None:
    staffs = [await a_staff(office, "3000.00", "26000.00"), await a_staff(office, "6500.01")]
    rows = [(code, person) for code, people in staffs for person in people]
    rows = [rows[0], rows[2], rows[1]]  # a unit's rows need not stand together
    done = await worked_off(office, await hand_in(office, csv_of(rows), [p for _, p in rows]))
    assert done["status"] == "succeeded", done
    assert done["progress"] == {"done": 3, "total": 3}
    assert (done["result"]["declarations"], done["result"]["people"]) == (2, 3)
    totals = 0
    for code, people in staffs:
        (head,) = await stored(office, code)
        paper = (await office.get("supervisor", f"/v1/declarations/{head['id']}")).json()
        assert paper["people"] == len(people)
        twin = await office.unit()
        twins = [a_person(person["wage"]) for person in people]
        await office.enrol(twin, twins)
        single = (await office.declare(twin, twins)).json()
        assert paper["lines"] == single["lines"]
        assert paper["totals"] == single["totals"]
        totals += int(paper["total"].replace(".", ""))
        lines = await office.get("supervisor", f"/v1/declarations/{head['id']}/lines", explain=True)
        assert [line["wage"] for line in lines.json()["items"]] == [p["wage"] for p in people]
        trail = await office.get("supervisor", f"/v1/declarations/{head['id']}/trail")
        assert [step["step"] for step in trail.json()["items"]] == ["submit"]
    assert done["result"]["total"].replace(".", "") == str(totals)


async def test_the_same_file_again_is_the_same_operation(office: Office) -> None:
    code, people = await a_staff(office, "5000.00")
    text = csv_of([(code, people[0])])
    first, twin = await asyncio.gather(hand_in(office, text, people), hand_in(office, text, people))
    assert first.json()["id"] == twin.json()["id"]
    done = await worked_off(office, first)
    again = await hand_in(office, text, people)
    assert again.json()["id"] == done["id"]
    assert again.json()["status"] == "succeeded"
    assert len(await stored(office, code)) == 1
    left = await office.fetch(
        "SELECT count(*) AS parts FROM operation_part WHERE operation_id = $1",
        Ref.parse(Reference.OPERATION, done["id"]).id,
    )
    assert left[0]["parts"] == 0


async def test_control_totals_that_do_not_tie_refuse_the_file(office: Office) -> None:
    code, people = await a_staff(office, "5000.00", "5000.00")
    text = csv_of([(code, person) for person in people])
    answer = await hand_in(
        office, text, people, control_people=3, control_wages="10000.01", on_fault="skip_rows"
    )
    done = await worked_off(office, answer)
    assert done["status"] == "failed"
    assert done["error"]["code"] == "CONTROL_TOTALS_DIFFER"
    assert await faults_of(office, done) == [
        (0, "control.people", "CONTROL_TOTALS_DIFFER"),
        (0, "control.wages", "CONTROL_TOTALS_DIFFER"),
    ]
    assert not await stored(office, code)


async def faulty(office: Office) -> tuple[list[str], list[dict[str, Any]], str]:
    """Two units; in the first one good row and one of each sort of fault, the second is good."""
    code, people = await a_staff(office, "5000.00", "5000.00", "5000.00")
    other, others = await a_staff(office, "4000.00")
    stranger = a_person("5000.00")
    misspelt = dict(stranger, identity_number=stranger["identity_number"][:17] + "?")
    rows = [
        (code, people[0]),
        (code, dict(people[1], wage="5.000,00")),
        (code, stranger),
        (code, people[0]),
        (code, misspelt),
        ("91120102MA00000000", people[2]),
        ("", people[2]),
        (other, others[0]),
    ]
    text = csv_of(rows).replace("5.000,00", '"5.000,00"')
    return [code, other], [person for _, person in rows], text


FAULTS = [
    (3, "wage", "AMOUNT_MALFORMED"),
    (4, "identity_number", "PERSON_NOT_ENROLLED"),
    (5, "identity_number", "PERSON_REPEATED"),
    (6, "identity_number", "IDENTITY_NUMBER_SHAPE"),
    (7, "credit_code", "UNIT_UNKNOWN"),
    (8, "credit_code", "CREDIT_CODE_MISSING"),
]


@pytest.mark.parametrize(
    ("on_fault", "declared"), [("refuse", [0, 0]), ("skip_units", [0, 1]), ("skip_rows", [1, 1])]
)
async def test_every_fault_is_named_and_on_fault_decides_what_is_stored(
    office: Office, on_fault: str, declared: list[int]
) -> None:
    codes, people, text = await faulty(office)
    answer = await hand_in(
        office, text, [], control_people=len(people), control_wages="0.00", on_fault=on_fault
    )
    done = await worked_off(office, answer)
    assert await faults_of(office, done) == FAULTS
    heads = [await stored(office, code) for code in codes]
    assert [sum(head["people"] for head in found) for found in heads] == declared
    assert done["status"] == ("succeeded" if any(declared) else "failed")
    if any(declared):
        assert done["result"]["left_out"] == len(people) - sum(declared)


async def test_a_failed_file_may_be_submitted_again_when_the_cause_is_removed(
    office: Office,
) -> None:
    code = await office.unit()
    people = [a_person()]
    text = csv_of([(code, people[0])])
    failed = await worked_off(office, await hand_in(office, text, people))
    assert failed["status"] == "failed"
    await office.enrol(code, people)
    again = await hand_in(office, text, people)
    assert (again.json()["id"], again.json()["attempt"]) == (failed["id"], 2)
    assert (await worked_off(office, again))["status"] == "succeeded"


async def test_a_returned_declaration_gets_its_next_round_and_a_living_one_is_refused(
    office: Office,
) -> None:
    code, people = await a_staff(office, "5000.00")
    rows = [(code, people[0])]
    await worked_off(office, await hand_in(office, csv_of(rows), people))
    (paper,) = await stored(office, code)
    second = csv_of(rows) + "\r\n"
    refused = await worked_off(office, await hand_in(office, second, people))
    assert await faults_of(office, refused) == [(2, "credit_code", "DECLARATION_EXISTS")]
    body = {"codes": ["FILE_INCOMPLETE"]}
    await office.post("district_clerk", f"/v1/declarations/{paper['id']}/returns", body)
    assert (await worked_off(office, await hand_in(office, second, people)))[
        "status"
    ] == "succeeded"
    (again,) = await stored(office, code)
    assert (again["id"], again["round"]) == (paper["id"], 2)


async def test_the_same_file_after_a_return_is_a_new_round_of_what_was_returned(
    office: Office,
) -> None:
    staffs = [await a_staff(office, "5000.00") for _ in range(2)]
    people = [person for _, own in staffs for person in own]
    text = csv_of([(code, own[0]) for code, own in staffs])
    first = await worked_off(office, await hand_in(office, text, people))
    (paper,) = await stored(office, staffs[0][0])
    body = {"codes": ["NOT_SIGNED_BY_STAFF"], "note": "未签字"}
    await office.post("district_clerk", f"/v1/declarations/{paper['id']}/returns", body)
    second = await worked_off(office, await hand_in(office, text, people))
    assert (second["status"], second["id"] != first["id"]) == ("succeeded", True), second
    assert (second["result"]["declarations"], second["result"]["faults"]) == (1, 0)
    (again,) = await stored(office, staffs[0][0])
    assert (again["id"], again["round"], again["status"]) == (paper["id"], 2, "submitted")
    (other,) = await stored(office, staffs[1][0])
    assert other["round"] == 1
    third = await hand_in(office, text, people)
    assert third.json()["id"] == second["id"], "nothing is returned now"


async def test_ndjson_carries_wages_of_an_insurances_own(office: Office) -> None:
    code, people = await a_staff(office, "11300.00", "5000.00")
    wages = {"*": "11300.00", "medical": "1850.00"}
    lines = [
        {"credit_code": code, "identity_number": people[0]["identity_number"], "wages": wages},
        {"credit_code": code, "identity_number": people[1]["identity_number"], "wage": "5000.00"},
    ]
    body = b"\n".join(map(orjson.dumps, lines))
    answer = await hand_in(office, body, people, content_type="application/x-ndjson")
    done = await worked_off(office, answer)
    assert done["status"] == "succeeded", done
    (head,) = await stored(office, code)
    twin = await office.unit()
    twins = [a_person(), a_person("5000.00")]
    await office.enrol(twin, twins)
    declared = [
        {"identity_number": twins[0]["identity_number"], "wages": wages},
        twins[1],
    ]
    single = (await office.declare(twin, declared)).json()
    paper = (await office.get("supervisor", f"/v1/declarations/{head['id']}")).json()
    assert paper["lines"] == single["lines"]
    wages_asked = await office.fetch(
        "SELECT asked_fen FROM declaration_person WHERE declaration_id = $1 OR declaration_id = $2"
        " ORDER BY declaration_id, line_no",
        Ref.parse(Reference.DECLARATION, paper["id"]).id,
        Ref.parse(Reference.DECLARATION, single["id"]).id,
    )
    assert wages_asked[:2] == wages_asked[2:]
    assert wages_asked[0]["asked_fen"] is not None
    assert wages_asked[1]["asked_fen"] is None


async def test_a_spreadsheet_of_one_unit_by_multipart_with_chinese_headers(office: Office) -> None:
    code, people = await a_staff(office, "5000.50", "6000.00")
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as written:
        sheet = written.add_worksheet()
        sheet.write_row(0, 0, ["姓名", "身份证号码", "缴费基数"])
        for row, person in enumerate(people, 1):
            sheet.write_row(row, 0, ["张三", person["identity_number"]])
            sheet.write_number(row, 2, float(person["wage"]))
    control = control_of(people)
    answer = await office.api.post(
        "/v1/declaration-files",
        files={"file": ("申报.xlsx", book.getvalue())},
        params={
            "period": "2021-07",
            "credit_code": code,
            "control_people": control["people"],
            "control_wages": control["wages"],
        },
        headers=office._headers("district_clerk", "heping", None),
    )
    done = await worked_off(office, answer)
    assert done["status"] == "succeeded", done
    (head,) = await stored(office, code)
    assert head["wages"] == "11000.50"


async def test_chinese_csv_as_old_spreadsheets_write_it(office: Office) -> None:
    code, people = await a_staff(office, "5000.00")
    text = csv_of([(code, people[0])], header="统一社会信用代码,公民身份号码,工资")
    done = await worked_off(office, await hand_in(office, text.encode("gb18030"), people))
    assert done["status"] == "succeeded", done


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("credit_code,identity_number\r\na,b\r\n", "COLUMN_MISSING"),
        ("credit_code,identity_number,wage,wagee\r\n", "COLUMN_UNKNOWN"),
        ("credit_code,identity_number,wage,wage\r\n", "COLUMN_REPEATED"),
        ("credit_code,identity_number,wage,wage.lunch\r\n", "COLUMN_UNKNOWN"),
        ('credit_code,identity_number,wage\r\n"a,b,c\r\n', "CSV_MALFORMED"),
        (b"PK\x03\x04 but no workbook", "SHEET_UNREADABLE"),
        (b"credit_code,identity_number,wage\r\n\xff\xff\xff,a,b\r\n", "TEXT_MALFORMED"),
        ("credit_code,identity_number,wage\r\n", "CONTROL_TOTALS_DIFFER"),
        ("{}\n[]\n1\n", "CONTROL_TOTALS_DIFFER"),
    ],
)
async def test_what_is_no_declaration_file_says_so(
    office: Office, content: str | bytes, code: str
) -> None:
    answer = await hand_in(office, content, [], control_people=1, control_wages="1.00")
    done = await worked_off(office, answer)
    assert done["status"] == "failed"
    assert done["error"]["code"] == code, done["error"]


async def test_nothing_at_all_is_refused_at_the_door(office: Office) -> None:
    answer = await hand_in(office, "", [], control_people=1, control_wages="1.00")
    assert answer.status_code == 422
    assert answer.json()["code"] == "FILE_MISSING"


async def test_a_district_declares_and_looks_at_its_own_only(office: Office) -> None:
    code, people = await a_staff(office, "5000.00", district="nankai")
    text = csv_of([(code, people[0])])
    done = await worked_off(office, await hand_in(office, text, people, role="district_clerk"))
    assert await faults_of(office, done) == [(2, "credit_code", "UNIT_OF_ANOTHER_DISTRICT")]
    for path in ("", "/faults"):
        peeped = await office.get(
            "district_clerk", f"/v1/operations/{done['id']}{path}", district="nankai"
        )
        assert peeped.status_code == 403
    other = await hand_in(office, text, people, role="district_clerk", district="nankai")
    assert other.status_code == 403


async def test_a_worker_that_dies_leaves_nothing_and_another_begins_anew(
    office: Office, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, people = await a_staff(office, "5000.00")
    answer = await hand_in(office, csv_of([(code, people[0])]), people)
    ref = Ref.parse(Reference.OPERATION, answer.json()["id"])
    real = file_flow.take

    async def dies_late(*args: Any, **how: Any) -> dict[str, Any]:
        await real(*args, **how)
        raise ConnectionError("the machine is gone")

    monkeypatch.setattr(file_flow, "take", dies_late)
    assert (await worked_off(office, answer))["status"] == "running"
    assert not await stored(office, code)
    monkeypatch.setattr(file_flow, "take", real)
    assert (await worked_off(office, answer))["status"] == "running", "it is held still"
    await office.fetch("UPDATE operation SET held_until = now() WHERE id = $1", ref.id)
    assert (await worked_off(office, answer))["status"] == "succeeded"
    assert len(await stored(office, code)) == 1


async def test_a_worker_that_slept_too_long_cannot_end_what_another_holds(
    office: Office, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, people = await a_staff(office, "5000.00")
    answer = await hand_in(office, csv_of([(code, people[0])]), people)
    ref = Ref.parse(Reference.OPERATION, answer.json()["id"])
    real = file_flow.take

    async def robbed(tx: Any, **how: Any) -> dict[str, Any]:
        result = await real(tx, **how)
        async with db.transaction() as other:
            await operation_store.still_held(other, how["row"], "nobody", 0)
        await office.fetch("UPDATE operation SET holder = 'another' WHERE id = $1", ref.id)
        return result

    monkeypatch.setattr(file_flow, "take", robbed)
    assert (await worked_off(office, answer))["status"] == "running"
    assert not await stored(office, code)


async def test_an_operation_that_kills_every_worker_is_given_up(office: Office) -> None:
    code, people = await a_staff(office, "5000.00")
    answer = await hand_in(office, csv_of([(code, people[0])]), people)
    ref = Ref.parse(Reference.OPERATION, answer.json()["id"])
    await office.fetch("UPDATE operation SET tries = $2 WHERE id = $1", ref.id, run_job.TRIES_MAX)
    done = await worked_off(office, answer)
    assert done["error"]["code"] == "OPERATION_KEEPS_FAILING"


async def test_the_file_is_sealed_where_it_waits(office: Office) -> None:
    code, people = await a_staff(office, "5000.00")
    answer = await hand_in(office, csv_of([(code, people[0])]), people)
    parts = await office.fetch(
        "SELECT sealed FROM operation_part WHERE operation_id = $1",
        Ref.parse(Reference.OPERATION, answer.json()["id"]).id,
    )
    assert parts
    assert not any(people[0]["identity_number"].encode() in part["sealed"] for part in parts)
    await worked_off(office, answer)
