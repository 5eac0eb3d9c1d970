"""A month by its changes: what is stored is what a full declaration stores, or every lack is named."""

import random
from typing import Any

import pytest

from services.collection.register.domain.person import id_of_person
from shared.ids import unit_key
from tests.collection.support.figures import born, content
from tests.collection.support.filing import app_of
from tests.collection.support.late import AUGUST, JULY, done, handled, own, papers
from tests.collection.support.office import Office, a_person, codes_of, control_of
from tests.collection.support.policies import publish
from tests.collection.support.stored import aged_pack

People = list[dict[str, Any]]
DECLARED = """
    SELECT p.person_id, p.wage_fen, p.asked_fen, p.base_fen, p.unit_fen, p.personal_fen,
           f.figures_fen
      FROM declaration AS d
      JOIN declaration_person AS p
        ON p.unit_id = d.unit_id AND p.declaration_id = d.id AND p.round = d.round
      LEFT JOIN declaration_figures AS f
        ON f.unit_id = d.unit_id AND f.declaration_id = d.id AND f.round = d.round
       AND f.line_no = p.line_no
     WHERE d.credit_code = $1 AND d.period = $2 ORDER BY p.person_id
"""


async def staffed(office: Office, people: People, *, period: str = JULY, **facts: Any) -> str:
    """A unit that declared these people last month."""
    code = await office.unit(**facts)
    await enrol(office, code, people)
    figures = {"unit_figures": {"last_month": "7654.32"}} if period != JULY else {}
    answer = await office.declare(code, people, period=period, **figures)
    assert answer.status_code == 201, answer.text
    return code


async def enrol(office: Office, code: str, people: People) -> None:
    body = [
        {"identity_number": one["identity_number"], "name": "张三", "joined_on": "1994-01-01"}
        for one in people
    ]
    if body:
        path = f"/v1/units/{code}/enrolments"
        answer = await office.post("district_clerk", path, {"people": body})
        assert answer.status_code == 201, answer.text


async def leave(office: Office, code: str, people: People) -> None:
    """These people's last day is in July."""
    pepper = app_of(office).state.identity.pepper
    await office.fetch(
        "UPDATE enrolment SET left_on = '2021-07-31' WHERE unit_id = $1 AND person_id = ANY($2)",
        unit_key(code),
        [id_of_person(one["identity_number"], pepper) for one in people],
    )


async def changes(
    office: Office, code: str, changed: People, whole: People, *, period: str = AUGUST, **other: Any
) -> Any:
    """Hand the changes in, with control totals of the whole month."""
    body = {
        "credit_code": code,
        "period": period,
        "basis": "last_month",
        "control": control_of(whole),
        "people": changed,
    } | other
    return await office.post("employer_portal", "/v1/declarations", body)


def a_wage(random_: random.Random) -> dict[str, Any]:
    plain = f"{random_.choice([0, 3364, 5000, 17613, 99000])}.{random_.randrange(100):02d}"
    if random_.random() < 0.3:
        return {"wages": {"*": plain, "medical": f"{random_.randrange(30_000)}.50"}}
    return {"wage": plain}


@pytest.mark.parametrize("seed", range(6))
async def test_changes_only_is_the_full_declaration(office: Office, seed: int) -> None:
    """Random staffs, with leavers, joiners and raises: person by person and line by line the same."""
    random_ = random.Random(seed)
    july = [
        {"identity_number": a_person()["identity_number"]} | a_wage(random_)
        for _ in range(random_.randrange(2, 7))
    ]
    code = await staffed(office, july)
    left = random_.sample(july, random_.randrange(len(july)))
    stays = [one for one in july if one not in left]
    joined = [
        {"identity_number": a_person()["identity_number"]} | a_wage(random_)
        for _ in range(random_.randrange(3))
    ]
    raised = [
        {"identity_number": one["identity_number"]} | a_wage(random_)
        for one in stays
        if random_.random() < 0.5
    ]
    twin = await staffed(office, july)
    for each in (code, twin):
        await enrol(office, each, joined)
        await leave(office, each, left)
    newer = {one["identity_number"]: one for one in raised}
    whole = [newer.get(one["identity_number"], one) for one in stays] + joined
    answer = await changes(office, code, [*joined, *raised], whole)
    assert answer.status_code == 201, answer.text
    full = await office.declare(twin, whole, period=AUGUST)
    assert full.status_code == 201, full.text
    assert await office.fetch(DECLARED, code, AUGUST) == await office.fetch(DECLARED, twin, AUGUST)
    for member in ("people", "wages", "unit", "personal", "total", "lines", "totals", "kind"):
        assert answer.json()[member] == full.json()[member], member
    trail = await office.get("supervisor", f"/v1/declarations/{answer.json()['id']}/trail")
    (step,) = trail.json()["items"]
    assert step["detail"] == {
        "carried_on_from": JULY,
        "changed": len(joined) + len(raised),
        "left": len(left),
    }


async def test_a_month_in_which_people_only_left_lists_nobody(office: Office) -> None:
    people = [a_person("5000.00"), a_person("6000.00")]
    code = await staffed(office, people)
    await leave(office, code, people[:1])
    counted = {"people": 0, "wages": "0.00"}
    control = control_of(people[1:]) | {"changes": counted}
    answer = await changes(office, code, [], [], control=control)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["people"], answer.json()["wages"]) == (1, "6000.00")


async def test_every_fault_is_named(office: Office) -> None:
    people = [a_person("5000.00"), a_person("6000.00")]
    code = await staffed(office, people)
    joined, stranger = a_person("1.00"), a_person("2.00")
    await enrol(office, code, [joined])
    given = [stranger, people[0], people[0] | {"wage": "1.00"}]
    control = {"people": 4, "wages": "1.00", "changes": {"people": 9, "wages": "9.00"}}
    refused = await changes(office, code, given, [], control=control)
    assert refused.status_code == 422
    assert codes_of(refused) == {
        "/people/0/identity_number": "PERSON_NOT_ENROLLED",
        "/people/2/identity_number": "PERSON_REPEATED",
        "/people": "WAGE_MISSING",
        "/control/people": "CONTROL_TOTALS_DIFFER",
        "/control/changes/people": "CONTROL_TOTALS_DIFFER",
        "/control/changes/wages": "CONTROL_TOTALS_DIFFER",
    }
    (lacking,) = [row for row in refused.json()["errors"] if row["code"] == "WAGE_MISSING"]
    number = joined["identity_number"]
    assert f"{number[:4]}" in lacking["message"]
    assert number not in refused.text
    known = await changes(office, code, [joined], [*people, joined])
    assert known.status_code == 201, known.text
    twice = await changes(office, code, [joined], [*people, joined])
    assert (twice.status_code, twice.json()["code"]) == (409, "DECLARATION_EXISTS")


async def test_there_has_to_be_a_month_to_carry_on(office: Office) -> None:
    code = await office.unit()
    nobody = await changes(office, code, [], [], control={"people": 0, "wages": "0.00"})
    assert codes_of(nobody) == {"/basis": "NO_LAST_MONTH"}
    people = [a_person("5000.00")]
    declared = await staffed(office, people)
    year = await changes(office, declared, people, people, period="2022-01")
    assert {row["code"] for row in year.json()["errors"]} == {"YEAR_BEGINS", "NO_LAST_MONTH"}
    july = (await papers(office, declared, JULY))[0]
    body = {"codes": ["FILE_INCOMPLETE"]}
    await office.post("district_clerk", f"/v1/declarations/{july['id']}/returns", body)
    returned = await changes(office, declared, people, people)
    assert codes_of(returned) == {"/basis": "NO_LAST_MONTH"}


async def test_nobody_is_carried_on_from_a_default_nor_over_one(office: Office) -> None:
    code = await office.unit(district="hongqiao")
    people = [a_person("5000.00")]
    await office.enrol(code, people, district="hongqiao")
    await handled(office, (await office.declare(code, people)).json())
    await done(office, "hongqiao")
    (august,) = await papers(office, code)
    await handled(office, august)
    september = await changes(office, code, people, people, period="2021-09")
    assert codes_of(september) == {"/basis": "LAST_MONTH_DEFAULT"}
    late = await changes(office, code, [], people)
    assert late.status_code == 201, late.text
    default, monthly = await papers(office, code)
    assert (default["status"], own(monthly)) == (
        "superseded",
        own((await papers(office, code, JULY))[0]),
    )


async def test_a_returned_month_is_submitted_again_by_its_changes(office: Office) -> None:
    people = [a_person("5000.00"), a_person("6000.00")]
    code = await staffed(office, people)
    first = (await changes(office, code, [], people)).json()
    body = {"codes": ["FILE_INCOMPLETE"]}
    await office.post("district_clerk", f"/v1/declarations/{first['id']}/returns", body)
    newer = people[0] | {"wage": "5500.00"}
    again = await changes(office, code, [newer], [newer, people[1]])
    assert again.status_code == 201, again.text
    assert (again.json()["id"], again.json()["round"]) == (first["id"], 2)
    assert again.json()["wages"] == "11500.00"


async def test_figures_of_the_year_are_carried_on_and_the_months_own_are_required(
    office: Office,
) -> None:
    pack = content()
    del pack["crediting"]
    await publish(office, pack)
    people = [born(1970, 21, last_year="3000.00"), born(1950, 22, last_year="500.00")]
    code = await staffed(office, people, period="1995-03")
    refused = await changes(office, code, [], people, period="1995-04")
    assert codes_of(refused) == {"/unit_figures/last_month": "FIGURE_MISSING"}
    figures = {"last_month": "8000.00"}
    answer = await changes(office, code, [], people, period="1995-04", unit_figures=figures)
    assert answer.status_code == 201, answer.text
    twin = await staffed(office, people, period="1995-03")
    full = await office.declare(twin, people, period="1995-04", unit_figures=figures)
    assert answer.json()["lines"] == full.json()["lines"]
    rows = [await office.fetch(DECLARED, each, "1995-04") for each in (code, twin)]
    assert rows[0] == rows[1]
    bare = born(1971, 23)
    await enrol(office, code, [bare])
    lacks = await changes(
        office, code, [bare], [*people, bare], period="1995-05", unit_figures=figures
    )
    assert codes_of(lacks) == {"/people/0/figures/last_year": "FIGURE_MISSING"}


@pytest.mark.parametrize(
    "contradiction",
    [
        {"nil": True, "nil_reason": "x"},
        {"nil_reason": "x", "people": [a_person()]},
        {"basis": "full", "people": []},
        {
            "basis": "full",
            "people": [a_person()],
            "control": {"people": 1, "wages": "6500.00", "changes": {"people": 1, "wages": "1.00"}},
        },
        {"basis": "yesterday"},
    ],
)
async def test_what_contradicts_itself_is_refused(
    office: Office, contradiction: dict[str, Any]
) -> None:
    code = await office.unit()
    answer = await changes(
        office, code, [], [], **({"control": {"people": 0, "wages": "0.00"}} | contradiction)
    )
    assert answer.status_code == 422


async def test_ages_of_those_carried_on_are_known(office: Office) -> None:
    """A policy that parts shares by age: by changes and by a district's roll as by a full declaration."""
    await publish(office, aged_pack())
    people = [
        {"identity_number": born(year, 31)["identity_number"], "wage": "3000.00"}
        for year in (1951, 1970)  # the first turns 45 on the first day of March
    ]
    units = [await office.unit(district="hexi") for _ in range(3)]
    for code in units:
        body = [
            {"identity_number": one["identity_number"], "name": "张三", "joined_on": "1995-01-01"}
            for one in people
        ]
        path = f"/v1/units/{code}/enrolments"
        await office.post("district_clerk", path, {"people": body}, district="hexi")
        paper = await office.declare(code, people, period="1996-02", unit_wage_total="9000.00")
        assert paper.status_code == 201, paper.text
        await handled(office, paper.json())
    full = await office.declare(units[0], people, period="1996-04", unit_wage_total="9000.00")
    assert full.status_code == 201, full.text
    march = [await changes(office, code, [], people, period="1996-03") for code in units[:1]]
    assert [answer.status_code for answer in march] == [201]
    rolled = await done(office, "hexi", "1996-03", path="/v1/declaration-rolls")
    assert rolled["result"]["declarations"] == 2, rolled
    by_changes = await changes(office, units[1], [], people, period="1996-04")
    assert by_changes.status_code == 201, by_changes.text
    assert by_changes.json()["lines"] == full.json()["lines"]
    (third,) = await papers(office, units[2], "1996-03")
    assert third["lines"] == march[0].json()["lines"]
    ages = await office.fetch(
        "SELECT d.period, f.age FROM declaration AS d JOIN declaration_figures AS f"
        " ON f.unit_id = d.unit_id AND f.declaration_id = d.id"
        " WHERE d.credit_code = $1 ORDER BY d.period, f.line_no",
        units[1],
    )
    assert [(row["period"], row["age"]) for row in ages] == [
        ("1996-02", 44),
        ("1996-02", 25),
        ("1996-03", 45),
        ("1996-03", 26),
        ("1996-04", 45),
        ("1996-04", 26),
    ]
