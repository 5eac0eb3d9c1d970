"""A workbook of fifty thousand people: two hundred seeded faults are named, and only those."""

import io
import random
from typing import Any

import pytest
import xlsxwriter

from shared.cn import identity_number
from tests.collection.support.filing import faults_of, hand_in, worked_off
from tests.collection.support.office import Office, a_person

PEOPLE = 50_000
EACH = 50
Fault = tuple[int, str, str]


def a_workbook(code: str, people: list[dict[str, Any]]) -> bytes:
    book = io.BytesIO()
    with xlsxwriter.Workbook(book, {"constant_memory": True}) as written:
        sheet = written.add_worksheet()
        sheet.write_row(0, 0, ["credit_code", "identity_number", "wage"])
        for row, person in enumerate(people, 1):
            sheet.write_row(row, 0, [code, person["identity_number"], person["wage"]])
    return book.getvalue()


def seeded(people: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], set[Fault]]:
    """The people with faults put among them, and what has to be named."""
    faulty = [dict(person) for person in people]
    places = random.Random(20_210_731).sample(range(1, PEOPLE), 4 * EACH)
    named: set[Fault] = set()
    for number, place in enumerate(places):
        row, person = place + 2, faulty[place]
        match number % 4:
            case 0:
                person["wage"] = ["", "-1.00", "12.345", "六千", "99999999999.00"][number % 5]
                code = "AMOUNT_TOO_LARGE" if person["wage"].startswith("9") else "AMOUNT_MALFORMED"
                named.add((row, "wage", code))
            case 1:
                person["identity_number"] = a_person()["identity_number"]
                named.add((row, "identity_number", "PERSON_NOT_ENROLLED"))
            case 2:
                number_, last = person["identity_number"][:17], person["identity_number"][17]
                person["identity_number"] = number_ + ("X" if last != "X" else "1")
                named.add((row, "identity_number", "IDENTITY_NUMBER_CHECK_DIGIT"))
            case _:
                # The first row keeps its number, so it is the later one that repeats it.
                person["identity_number"] = faulty[0]["identity_number"]
                named.add((row, "identity_number", "PERSON_REPEATED"))
    return faulty, named


@pytest.fixture(scope="module")
async def staff(office: Office) -> tuple[str, list[dict[str, Any]]]:
    code = await office.unit()
    people = [a_person(f"{3000 + number % 20_000}.{number % 100:02d}") for number in range(PEOPLE)]
    for begin in range(0, PEOPLE, 10_000):
        await office.enrol(code, people[begin : begin + 10_000])
    return code, people


async def test_exactly_the_seeded_faults_are_named_and_nothing_is_stored(
    office: Office, staff: tuple[str, list[dict[str, Any]]]
) -> None:
    code, people = staff
    faulty, named = seeded(people)
    assert len(named) == 4 * EACH
    assert identity_number.fault_in(people[0]["identity_number"]) is None
    answer = await hand_in(office, a_workbook(code, faulty), people)
    done = await worked_off(office, answer)
    assert done["status"] == "failed"
    assert done["error"]["code"] == "FILE_HAS_FAULTS"
    assert done["error"]["faults"] == len(named)
    assert set(await faults_of(office, done)) == named
    assert len(await faults_of(office, done)) == len(named)
    counted = await office.fetch(
        "SELECT (SELECT count(*) FROM declaration) + (SELECT count(*) FROM declaration_line)"
        " + (SELECT count(*) FROM declaration_person) AS rows"
    )
    assert counted[0]["rows"] == 0


async def test_the_same_workbook_without_faults_is_stored_whole(
    office: Office, staff: tuple[str, list[dict[str, Any]]]
) -> None:
    code, people = staff
    done = await worked_off(office, await hand_in(office, a_workbook(code, people), people))
    assert done["status"] == "succeeded", done
    assert done["result"]["people"] == PEOPLE
    stored = await office.fetch(
        "SELECT d.people, d.wages_fen, d.total_fen, count(*) AS rows,"
        " sum((SELECT sum(fen) FROM unnest(p.unit_fen || p.personal_fen) AS fen)) AS shares_fen"
        " FROM declaration AS d JOIN declaration_person AS p ON p.declaration_id = d.id"
        " GROUP BY d.people, d.wages_fen, d.total_fen"
    )
    (row,) = stored
    assert row["rows"] == row["people"] == PEOPLE
    assert row["wages_fen"] == sum(int(person["wage"].replace(".", "")) for person in people)
    assert row["shares_fen"] == row["total_fen"]
