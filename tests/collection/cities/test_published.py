"""Cities are levied to the fen after publishing packs: quotes and declarations give the same
amounts.

The figures of a case were computed by hand with decimal fractions, beside its pack; `published` are
those of a public page, payslip or notice. Packs go through the same two doors as a city's own.
"""

from typing import Any

import pytest

from tests.collection.cities.readings import (
    CASES,
    FILES,
    PLAIN,
    Case,
    Region,
    a_number,
    lines_of,
    of_parties,
    plain_pack,
)
from tests.collection.support.filing import csv_of, hand_in, worked_off
from tests.collection.support.office import Office, a_person, control_of
from tests.collection.support.policies import publish


@pytest.fixture(scope="module", autouse=True)
async def published(office: Office) -> None:
    """Publish every pack."""
    for file in FILES.values():
        for pack in sorted(file["packs"], key=lambda pack: pack["in_force_from"]):
            await publish(office, pack)
    for table in sorted(PLAIN, key=lambda table: table["from"]):
        await publish(office, plain_pack(table))


async def quoted(office: Office, region: str, quote: dict[str, Any]) -> dict[str, Any]:
    answer = await office.post("employer_portal", "/v1/quotes", {"region": region} | quote)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_a_quote_gives_every_line(office: Office, case: Case) -> None:
    found = await quoted(office, case.region, case.table["quote"])
    expected = case.table["expect"]
    assert sorted(lines_of(found), key=str) == sorted(map(tuple, expected["lines"]), key=str)
    for name in ("unit", "personal", "total"):
        assert found["totals"][name] == expected["totals"][name]
    assert found["totals"]["by_insurance"] == expected["by_insurance"]
    parties = of_parties(found)
    assert {name: parties[name] for name in case.table["published"]} == case.table["published"]


async def registered(office: Office, quote: dict[str, Any], code: str) -> list[dict[str, Any]]:
    """Enrol the quote's people with their categories; return them as they are declared."""
    joining, declared = [], []
    for order, person in enumerate(quote["people"]):
        number = a_person()["identity_number"]
        if "age" in person:
            number = a_number(person["age"], quote["on"], order + 100)
        joining.append(
            {"identity_number": number, "name": "张三", "joined_on": f"{quote['on']}-01"}
            | ({"category": person["category"]} if "category" in person else {})
        )
        own = {name: person[name] for name in ("wages", "figures") if name in person}
        declared.append({"identity_number": number} | own)
    answer = await office.post(
        "district_clerk", f"/v1/units/{code}/enrolments", {"people": joining}
    )
    assert answer.status_code == 201, answer.text
    return declared


async def floated(office: Office, code: str, quote: dict[str, Any]) -> None:
    """Put the unit on its floating step: one person requests it, another approves."""
    body = {
        "facts": {"injury_step": quote["injury_step"]},
        "effective_on": f"{quote['on']}-01",
        "reason": "工伤费率浮动",
    }
    path = f"/v1/units/{code}/changes"
    proposed = await office.post("district_clerk", path, body)
    assert proposed.is_success, proposed.text
    path = f"/v1/changes/{proposed.json()['id']}/approvals"
    answer = await office.post("district_reviewer", path)
    assert answer.json()["status"] == "in_force", answer.text


async def a_unit(office: Office, quote: dict[str, Any]) -> str:
    """Register the quote's unit; return its credit code."""
    code = await office.unit(
        kind=quote["unit_kind"],
        injury_class=quote.get("injury_class"),
        collector="tax",
        bank_account=None,
    )
    if "injury_step" in quote:
        await floated(office, code, quote)
    return code


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_a_declaration_levies_what_was_quoted(office: Office, case: Case) -> None:
    quote = case.table["quote"]
    with Region(office, case.region):
        code = await a_unit(office, quote)
        people = await registered(office, quote, code)
        body = {
            "credit_code": code,
            "period": quote["on"],
            "control": control_of(people),
            "people": people,
        } | {name: quote[name] for name in ("unit_wage_total", "unit_figures") if name in quote}
        answer = await office.post("employer_portal", "/v1/declarations", body)
    assert answer.status_code == 201, answer.text
    expected = case.table["expect"]["totals"]
    found = answer.json()
    assert (found["unit"], found["personal"], found["total"]) == (
        expected["unit"],
        expected["personal"],
        expected["total"],
    )
    assert await explained(office, found["id"]) == sorted(
        (rule, base) for _, rule, base, _ in case.table["expect"]["lines"]
    )


IN_A_FILE = [
    case
    for case in CASES
    if not {"unit_wage_total", "unit_figures"} & set(case.table["quote"])
    and all(
        set(person["wages"]) == {"*"} and "figures" not in person
        for person in case.table["quote"]["people"]
    )
]


@pytest.mark.parametrize("case", IN_A_FILE, ids=lambda case: case.id)
async def test_a_file_levies_what_was_quoted(office: Office, case: Case) -> None:
    quote = case.table["quote"]
    with Region(office, case.region):
        code = await a_unit(office, quote)
        people = [
            {"identity_number": person["identity_number"], "wage": person["wages"]["*"]}
            for person in await registered(office, quote, code)
        ]
        rows = [(code, person) for person in people]
        accepted = await hand_in(office, csv_of(rows), people, period=quote["on"])
        operation = await worked_off(office, accepted)
    assert operation["status"] == "succeeded", operation["error"]
    assert operation["result"]["total"] == case.table["expect"]["totals"]["total"]


async def explained(office: Office, paper: str) -> list[tuple[str, str]]:
    """Return the rules and bases by which a declaration was levied."""
    path = f"/v1/declarations/{paper}/lines"
    answer = await office.get("supervisor", path, explain="true", limit=100)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    lines = [line for person in body["items"] for line in person["explain"]] + body["unit_lines"]
    return sorted((line["rule"], line["base"]) for line in lines)


@pytest.mark.parametrize("table", PLAIN, ids=lambda table: f"{table['city']} {table['from']}")
async def test_a_plain_table_gives_its_totals(office: Office, table: dict[str, Any]) -> None:
    for wage, unit, personal, total in table["totals"]:
        quote = {
            "on": table["from"][:7],
            "unit_kind": "enterprise",
            "people": [{"ref": "a", "wages": {"*": wage}}],
        }
        totals = (await quoted(office, table["city"], quote))["totals"]
        assert (totals["unit"], totals["personal"], totals["total"]) == (unit, personal, total)


def test_the_tables_are_many_and_their_figures_too() -> None:
    assert len({table["city"] for table in PLAIN}) >= 24
    assert sum(len(case.table["published"]) for case in CASES) >= 45
