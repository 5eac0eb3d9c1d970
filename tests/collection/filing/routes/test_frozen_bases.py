"""Reviewed bases hold for the year: levied by every path, another wage is named, joiners are free."""

from typing import Any

import pytest

from shared.ids import unit_key
from tests.collection.support.filing import csv_of, faults_of, hand_in, worked_off
from tests.collection.support.late import billed, done, handled, net, own, papers, summed_up
from tests.collection.support.office import Office, a_declaration, a_person, codes_of, control_of
from tests.collection.support.packs import a_pack, a_rate
from tests.collection.support.policies import publish
from tests.collection.support.reviews import FILE, confirmed
from tests.collection.support.stored import DECLARATION, everything

MARCH, APRIL = "1994-03", "1994-04"
People = list[dict[str, Any]]


def content(name: str = "frozen-1994", **other: Any) -> dict[str, Any]:
    """Daqing's bases: the unit on its own, held to the sum; unemployment on the wage total."""
    return (
        a_pack(
            name,
            insurances=["pension", "medical", "unemployment"],
            rates=[
                a_rate("pension", "unit", "0.20", base="unit_dual"),
                a_rate("pension", "personal", "0.08", account="personal_account"),
                a_rate("medical", "unit", "0.06"),
                a_rate("medical", "personal", "0.02", account="personal_account"),
                a_rate("unemployment", "unit", "0.02", base="unit_total"),
            ],
            limits={
                "pension": {"floor": "1000.00", "ceiling": "9000.00"},
                "medical": {"floor": "1500.00", "ceiling": "8000.00"},
                "unemployment": {"floor": "1000.00", "ceiling": "9000.00"},
            },
        )
        | {"region": "tianjin", "in_force_from": "1994-01-01", "in_force_to": "1994-12-31"}
        | other
    )


@pytest.fixture(scope="module", autouse=True)
async def policy(office: Office) -> None:
    await publish(office, content())


async def enrol(office: Office, code: str, people: People) -> None:
    body = [
        {"identity_number": one["identity_number"], "name": "张三", "joined_on": "1990-01-01"}
        for one in people
    ]
    answer = await office.post("district_clerk", f"/v1/units/{code}/enrolments", {"people": body})
    assert answer.status_code == 201, answer.text


async def reviewed(office: Office, people: People, total: str = "4000.00", **facts: Any) -> str:
    """A unit whose year was reviewed on these wages, with one re-hired retiree who only counts."""
    code = await office.unit(**facts)
    await enrol(office, code, people)
    counted = a_person("800.00") | {"standing": "rehired_retiree"}
    await confirmed(office, code, [*people, counted], 1994, unit_wage_total=total)
    return code


def bases(paper: dict[str, Any]) -> dict[str, str]:
    return {line["rule"]: line["base"] for line in paper["lines"]}


async def test_the_reviewed_bases_are_levied_and_another_wage_is_named(office: Office) -> None:
    people = [a_person("2000.00"), a_person("3000.00"), a_person("500.00")]
    code = await reviewed(office, people)
    other = [
        people[0] | {"wage": "2500.00"},
        {
            "identity_number": people[1]["identity_number"],
            "wages": {"*": "3000.00", "medical": "3333.00"},
        },
        people[2] | {"wage": "400.00"},
    ]
    refused = await office.declare(code, other, period=MARCH)
    assert codes_of(refused) == {
        "/people/0/wage": "BASE_FROZEN",
        "/people/1/wages/medical": "BASE_FROZEN",
    }  # the third stands at the floors, whatever he earns below
    messages = {row["pointer"]: row["message"] for row in refused.json()["errors"]}
    assert "pension 2000.00, medical 2000.00" in messages["/people/0/wage"]
    assert "medical 3000.00" in messages["/people/1/wages/medical"]
    wrong = await office.declare(code, people, period=MARCH, unit_wage_total="4000.00")
    assert codes_of(wrong) == {"/unit_wage_total": "BASE_FROZEN"}
    assert "4800.00" in wrong.json()["errors"][0]["message"]
    answer = await office.declare(code, people, period=MARCH)
    assert answer.status_code == 201, answer.text
    # 4,000 and the retiree's 800 are less than 2,000 + 3,000 + the floor of 1,000.
    assert bases(answer.json())["pension.unit"] == "6000.00"
    assert bases(answer.json())["unemployment.unit"] == "4800.00"
    assert answer.json()["unit_wage_total"] == "4800.00"
    assert answer.json()["frozen_base"] == "6000.00"


async def test_the_units_base_stays_when_people_join_or_leave(office: Office) -> None:
    people = [a_person("2000.00"), a_person("3000.00")]
    code = await reviewed(office, people, "3000.00")
    joined = a_person("7777.77")
    await enrol(office, code, [joined])
    more = await office.declare(code, [*people, joined], period=MARCH)
    assert more.status_code == 201, more.text
    assert bases(more.json())["pension.unit"] == "5000.00"
    assert bases(more.json())["pension.personal"] == "12777.77"
    fewer = await office.declare(code, people[:1], period=APRIL)
    assert bases(fewer.json())["pension.unit"] == "5000.00"
    path = f"/v1/declarations/{more.json()['id']}/lines"
    found = (await office.get("supervisor", path, explain=True)).json()
    why = {line["rule"]: line for line in found["unit_lines"]}["pension.unit"]
    assert (why["asked"], why["floor"], why["base"]) == ("5000.00", None, "5000.00")


async def test_a_file_stores_the_same_and_names_the_same(office: Office) -> None:
    people = [a_person("2000.00"), a_person("3000.00"), a_person("500.00")]
    twins = [await reviewed(office, people) for _ in range(2)]
    joined = a_person("4321.00")
    everybody = [*people, joined]
    for code in twins:
        await enrol(office, code, [joined])
    single = await office.declare(twins[0], everybody, period=MARCH)
    assert single.status_code == 201, single.text
    free = await office.unit()
    await enrol(office, free, people[:1])
    wrong = await reviewed(office, people)
    odd = [people[0] | {"wage": "2500.00"}, *people[1:]]
    rows = [(twins[1], one) for one in everybody] + [(wrong, one) for one in odd]
    header = "credit_code,identity_number,wage,unit_wage_total"
    lines = csv_of(rows).splitlines()[1:]
    text = "\n".join(
        [
            header,
            *(f"{line}," for line in lines),
            f"{free},{people[0]['identity_number']},1234.00,9.00",
        ]
    )
    all_ = [*everybody, *odd, people[0] | {"wage": "1234.00"}]
    refused = await worked_off(office, await hand_in(office, text, all_, period=MARCH))
    assert await faults_of(office, refused) == [(6, "wage", "BASE_FROZEN")]
    answer = await hand_in(office, text, all_, period=MARCH, on_fault="skip_rows")
    operation = await worked_off(office, answer)
    assert (operation["status"], operation["result"]["people"]) == ("succeeded", 7)
    assert await everything(office, twins[1]) == await everything(office, twins[0])
    frozen = await office.fetch(
        "SELECT frozen_base_fen FROM declaration WHERE credit_code = ANY($1) ORDER BY 1",
        [*twins, wrong, free],
    )
    assert [row["frozen_base_fen"] for row in frozen] == [600_000, 600_000, 600_000, None]
    (left,) = await office.fetch(DECLARATION, wrong)
    assert (left["people"], left["unit_wage_total_fen"]) == (2, 480_000)


async def test_units_are_left_out_whole_on_request(office: Office) -> None:
    people = [a_person("2000.00"), a_person("3000.00")]
    good, wrong, total = [await reviewed(office, people) for _ in range(3)]
    odd = [people[0] | {"wage": "2500.00"}, people[1]]
    rows = [*((good, one) for one in people), *((wrong, one) for one in odd)]
    lines = [
        *csv_of(rows).splitlines()[1:],
        *csv_of([(total, one) for one in people]).splitlines()[1:],
    ]
    totals = ["", "4800.00", "", "", "1.00", ""]
    header = "credit_code,identity_number,wage,unit_wage_total"
    body = [f"{line},{total_}" for line, total_ in zip(lines, totals, strict=True)]
    text = "\n".join([header, *body])
    everybody = [*people, *odd, *people]
    answer = await hand_in(office, text, everybody, period=MARCH, on_fault="skip_units")
    operation = await worked_off(office, answer)
    assert operation["result"]["declarations"] == 1, operation
    assert await faults_of(office, operation) == [
        (4, "wage", "BASE_FROZEN"),
        (6, "unit_wage_total", "BASE_FROZEN"),
    ]
    assert [len(await office.fetch(DECLARATION, code)) for code in (good, wrong, total)] == [
        1,
        0,
        0,
    ]


async def test_changes_and_rolls_keep_to_them_too(office: Office) -> None:
    people = [a_person("2000.00"), a_person("3000.00")]
    code = await reviewed(office, people, district="heping")
    loose = await office.unit()
    await enrol(office, loose, people)
    for unit, total in ((code, None), (loose, "5000.00")):
        paper = await office.declare(unit, people, period=MARCH, unit_wage_total=total)
        await handled(office, paper.json())
    # The second unit's year is reviewed only now, and on another wage than it declared in March.
    raised = [people[0] | {"wage": "2500.00"}, people[1]]
    await confirmed(office, loose, raised, 1994, unit_wage_total="5000.00")
    body = {"basis": "last_month", "control": control_of(raised)}
    changed = a_declaration(code, raised[:1], period=APRIL) | body
    refused = await office.post("employer_portal", "/v1/declarations", changed)
    assert codes_of(refused) == {"/people/0/wage": "BASE_FROZEN"}
    carried = a_declaration(loose, [], period=APRIL) | {
        "basis": "last_month",
        "control": control_of(people),
    }
    refused = await office.post("employer_portal", "/v1/declarations", carried)
    assert codes_of(refused) == {"/people": "BASE_FROZEN"}
    rolled = await done(office, "heping", APRIL, path="/v1/declaration-rolls")
    assert rolled["result"]["left_out"] == {"BASE_FROZEN": 1}
    (row,) = await office.fetch(
        "SELECT credit_code, frozen_base_fen, unit_wage_total_fen, total_fen FROM declaration"
        " WHERE period = $1 AND unit_id = $2",
        APRIL,
        unit_key(code),
    )
    assert (row["frozen_base_fen"], row["unit_wage_total_fen"]) == (500_000, 480_000)
    march = await office.fetch(
        "SELECT total_fen FROM declaration WHERE period = $1 AND unit_id = $2",
        MARCH,
        unit_key(code),
    )
    assert march[0]["total_fen"] == row["total_fen"]


async def test_a_corrected_base_is_the_one_that_holds(office: Office) -> None:
    people = [a_person("2000.00"), a_person("3000.00")]
    code = await reviewed(office, people)
    (review,) = await office.fetch("SELECT id FROM base_review WHERE unit_id = $1", unit_key(code))
    ref = f"bsr_{unit_key(code) & (2**64 - 1):016x}{review['id'].hex}"
    request = {
        "identity_number": people[0]["identity_number"],
        "wage": "2200.00",
        "request_no": "1",
        "requested_on": "1994-02-20",
    }
    made = await office.post("district_clerk", f"/v1/base-reviews/{ref}/corrections", request)
    path = f"/v1/base-corrections/{made.json()['id']}/approvals"
    assert (await office.post("district_reviewer", path)).json()["status"] == "approved"
    before = await office.declare(code, people, period=MARCH)
    assert codes_of(before) == {"/people/0/wage": "BASE_FROZEN"}
    raised = [people[0] | {"wage": "2200.00"}, people[1]]
    after = await office.declare(code, raised, period=MARCH)
    assert after.status_code == 201, after.text


async def test_regions_that_do_not_freeze_levy_what_is_declared(office: Office) -> None:
    """Shipped policies have no dual base; and a pack may say so itself."""
    people = [a_person("5000.00")]
    code = await office.unit()
    await enrol(office, code, people)
    await confirmed(office, code, people, 2021, unit_wage_total="5000.00")
    answer = await office.declare(code, [people[0] | {"wage": "6000.00"}])
    assert (answer.status_code, answer.json()["wages"]) == (201, "6000.00")
    days = {"in_force_from": "1993-01-01", "in_force_to": "1993-12-31"}
    loose = {"frozen_bases": {"enforced": False, "source": "s"}}
    await publish(office, content("loose-1993", **days, **loose))
    await confirmed(office, code, people, 1993, unit_wage_total="5000.00")
    other = await office.declare(
        code, [people[0] | {"wage": "6000.00"}], period="1993-05", unit_wage_total="1.00"
    )
    assert other.status_code == 201, other.text


async def test_a_month_on_the_reviewed_bases_needs_no_adjustment_and_an_earlier_one_does(
    office: Office,
) -> None:
    """Declared before the review on other wages: adjusted to what is levied after it, and once."""
    people = [a_person("2000.00"), a_person("3000.00")]
    code = await office.unit(district="hedong")
    body = [
        {"identity_number": one["identity_number"], "name": "张三", "joined_on": "1990-01-01"}
        for one in people
    ]
    path = f"/v1/units/{code}/enrolments"
    await office.post("district_clerk", path, {"people": body}, district="hedong")
    early = [people[0] | {"wage": "1700.00"}, people[1]]
    before = await office.declare(code, early, period=MARCH, unit_wage_total="3000.00")
    await handled(office, before.json())
    await billed(office, await summed_up(office, "hedong", MARCH))
    review = await confirmed_in(office, code, people, "hedong")
    after = await office.declare(code, people, period=APRIL)
    assert after.status_code == 201, after.text
    await handled(office, after.json())
    await billed(office, await summed_up(office, "hedong", APRIL))
    path = f"/v1/base-reviews/{review['id']}/adjustments"
    for period, differs in ((APRIL, False), (MARCH, True)):
        found = await office.post("district_reviewer", path, {"period": period}, district="hedong")
        assert found.status_code in {200, 201}, found.text
        assert (found.json()["difference"] != "0.00") is differs, found.text
    march, adjusted = await papers(office, code, MARCH)
    assert (adjusted["kind"], adjusted["corrects"]) == ("adjustment", march["id"])
    assert net([march, adjusted]) == own((await papers(office, code, APRIL))[0])
    explained = await office.get(
        "supervisor", f"/v1/declarations/{adjusted['id']}/lines", explain=True
    )
    assert explained.status_code == 200, explained.text


async def confirmed_in(office: Office, code: str, people: People, district: str) -> dict[str, Any]:
    body = {
        "year": 1994,
        "unit_wage_total": "4000.00",
        "file": FILE,
        "people": [*people, a_person("800.00") | {"standing": "rehired_retiree"}],
    }
    path = f"/v1/units/{code}/base-reviews"
    made = await office.post("district_clerk", path, body, district=district)
    path = f"/v1/base-reviews/{made.json()['id']}/confirmations"
    answer = await office.post("district_reviewer", path, district=district)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found
