"""Declared after all: a default gives way, is waited for, or is corrected; in the end as if on time."""

import asyncio
import random
from typing import Any

import pytest

from shared.money import format_yuan, parse_yuan
from tests.collection.support.filing import csv_of, hand_in, worked_off
from tests.collection.support.late import (
    AUGUST,
    Paper,
    billed,
    done,
    handled,
    net,
    own,
    papers,
    summed_up,
)
from tests.collection.support.office import Office, a_person

People = list[dict[str, Any]]


async def staffed(office: Office, district: str, *wages: str) -> tuple[str, People]:
    """A unit whose July was reviewed, and its people with other wages for August."""
    code = await office.unit(district=district)
    people: People = [a_person(wage) for wage in wages]
    await office.enrol(code, people, district=district)
    answer = await office.declare(code, people)
    assert answer.status_code == 201, answer.text
    await handled(office, answer.json())
    return code, [raised(person) for person in people]


def raised(person: dict[str, Any]) -> dict[str, Any]:
    return person | {"wage": format_yuan(parse_yuan(person["wage"]) + 777_07)}


async def defaulted(office: Office, district: str, *codes: str) -> list[Paper]:
    operation = await done(office, district)
    assert operation["status"] == "succeeded", operation
    found = [await papers(office, code) for code in codes]
    assert [[paper["kind"] for paper in own_] for own_ in found] == [["default"]] * len(codes)
    return [paper for own_ in found for paper in own_]


async def test_a_default_in_the_districts_hands_gives_way(office: Office) -> None:
    code, people = await staffed(office, "xiqing", "5000.00", "6000.00")
    (default,) = await defaulted(office, "xiqing", code)
    await handled(office, default)
    answer = await office.declare(code, people, period=AUGUST)
    assert answer.status_code == 201, answer.text
    default, monthly = await papers(office, code)
    assert (default["status"], monthly["kind"], monthly["corrects"]) == (
        "superseded",
        "monthly",
        None,
    )
    assert net([default, monthly]) == own(monthly)
    trail = await office.get("supervisor", f"/v1/declarations/{default['id']}/trail")
    assert trail.json()["items"][-1]["step"] == "supersede"
    twice = await office.declare(code, people, period=AUGUST)
    assert (twice.status_code, twice.json()["code"]) == (409, "DECLARATION_EXISTS")
    await handled(office, monthly)
    summary = await summed_up(office, "xiqing")
    assert summary["control"]["declarations"] == 1


async def test_in_between_the_bill_is_waited_for_and_then_corrected(office: Office) -> None:
    code, people = await staffed(office, "jinnan", "5000.00", "26000.00")
    (default,) = await defaulted(office, "jinnan", code)
    await handled(office, default)
    summary = await summed_up(office, "jinnan")
    early = await office.declare(code, people, period=AUGUST)
    assert (early.status_code, early.json()["code"]) == (409, "DEFAULT_WAITS_FOR_BILL")
    await billed(office, summary)
    late = await office.declare(code, people, period=AUGUST)
    assert late.status_code == 201, late.text
    default, monthly = await papers(office, code)
    assert (default["status"], monthly["corrects"]) == ("billed", default["id"])
    assert net([default, monthly]) == own(monthly)
    assert monthly["people"] == 2
    path = f"/v1/declarations/{monthly['id']}/returns"
    body = {"codes": ["FILE_INCOMPLETE"]}
    sent_back = await office.post("district_clerk", path, body, district="jinnan")
    assert sent_back.status_code == 201, sent_back.text
    again = await office.declare(code, people[:1], period=AUGUST)
    assert again.status_code == 201, again.text
    default, monthly = await papers(office, code)
    assert (monthly["round"], monthly["corrects"]) == (2, default["id"])
    assert net([default, monthly]) == own(monthly)
    explained = await office.get(
        "supervisor", f"/v1/declarations/{monthly['id']}/lines", explain=True
    )
    assert explained.status_code == 200, explained.text


async def test_by_file_as_by_request(office: Office) -> None:
    district = "beichen"
    units = [await staffed(office, district, "5000.00", "6000.00") for _ in range(4)]
    codes = [code for code, _ in units]
    billed_, waiting, open_, on_time = codes
    defaults = await defaulted(office, district, billed_, waiting, open_, on_time)
    await handled(office, defaults[0])
    await billed(office, await summed_up(office, district))
    await handled(office, defaults[1])
    await summed_up(office, district)
    rows = [(code, person) for code, people in units for person in people]
    everybody = [person for _, person in rows]
    answer = await hand_in(office, csv_of(rows), everybody, period=AUGUST, on_fault="skip_units")
    operation = await worked_off(office, answer)
    assert (operation["status"], operation["result"]["declarations"]) == ("succeeded", 3)
    report = await office.get("supervisor", f"/v1/operations/{operation['id']}/faults")
    assert "DEFAULT_WAITS_FOR_BILL" in report.text
    assert [paper["kind"] for paper in await papers(office, waiting)] == ["default"]
    twin = await office.declared(district=district, period=AUGUST)
    for code, people in units:
        if code == waiting:
            continue
        default, monthly = await papers(office, code)
        assert default["status"] == ("billed" if code == billed_ else "superseded")
        assert monthly["corrects"] == (default["id"] if code == billed_ else None)
        assert net([default, monthly]) == own(monthly)
        single = await office.unit(district=district)
        await office.enrol(single, people, district=district)
        same = (await office.declare(single, people, period=AUGUST)).json()
        assert own(monthly) == own(same)
        if code == billed_:
            numbers = [line["level"] for line in monthly["lines"]]
            assert numbers == sorted(numbers, key=lambda level: level == "corrected")
    assert twin["status"] == "submitted"


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_billed_in_the_end_is_what_filing_on_time_bills(
    office: Office, seed: int
) -> None:
    """Two units of the same people and wages: one files in time, the other is levied and trued up."""
    district = ["dongli", "hexi", "hebei"][seed]
    random_ = random.Random(seed)
    wages = [f"{random_.randrange(1000, 30_000)}.{random_.randrange(100):02d}" for _ in range(3)]
    late, people = await staffed(office, district, *wages)
    lower = [person | {"wage": f"{random_.randrange(1000, 9_000)}.99"} for person in people]
    twin, _ = await staffed(office, district, *wages)
    twins = [a_person(person["wage"]) for person in lower]
    await office.enrol(twin, twins, district=district)
    in_time = await office.declare(twin, twins, period=AUGUST)
    assert in_time.status_code == 201, in_time.text
    await handled(office, in_time.json())
    (default,) = await defaulted(office, district, late)
    await handled(office, default)
    await billed(office, await summed_up(office, district))
    answer = await office.declare(late, lower, period=AUGUST)
    assert answer.status_code == 201, answer.text
    await handled(office, answer.json())
    await billed(office, await summed_up(office, district))
    assert net(await papers(office, late)) == net(await papers(office, twin))
    assert await open_amounts(office, late) == await open_amounts(office, twin)


async def open_amounts(office: Office, code: str) -> dict[tuple[str, str, str], int]:
    """Return the open amount of August's bills, less the standing credits."""
    rows = await office.fetch(
        "SELECT insurance, party, fund, CAST(sum(fen) AS bigint) AS fen FROM ("
        " SELECT l.insurance, l.party, l.fund, l.amount_fen AS fen FROM bill AS b"
        "   JOIN bill_line AS l ON l.unit_id = b.unit_id AND l.bill_id = b.id"
        "  WHERE b.credit_code = $1 AND b.period = $2"
        " UNION ALL SELECT insurance, party, fund, used_fen - amount_fen FROM credit"
        "  WHERE credit_code = $1 AND period = $2) AS part"
        " GROUP BY insurance, party, fund",
        code,
        AUGUST,
    )
    found = {(row["insurance"], row["party"], row["fund"]): row["fen"] for row in rows}
    return {key: fen for key, fen in found.items() if fen}


async def test_a_default_and_a_late_declaration_at_once_leave_one_first_paper(
    office: Office,
) -> None:
    code, people = await staffed(office, "hongqiao", "5000.00")
    operation, answer = await asyncio.gather(
        done(office, "hongqiao"), office.declare(code, people, period=AUGUST)
    )
    assert operation["status"] == "succeeded", operation
    assert answer.status_code in {201, 409}, answer.text
    in_force = [row for row in await papers(office, code) if row["status"] != "superseded"]
    assert len(in_force) == 1
    assert in_force[0]["kind"] == ("monthly" if answer.status_code == 201 else "default")
