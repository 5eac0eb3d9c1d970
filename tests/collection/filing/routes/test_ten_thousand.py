"""One declaration of ten thousand people: enrolled, handed in and explained without a pause."""

from tests.collection.support.office import Office, a_declaration, a_person

PEOPLE = 10_000


async def test_ten_thousand_people_are_declared_at_once(office: Office) -> None:
    code = await office.unit()
    people = [a_person(f"{3000 + number}.{number % 100:02d}") for number in range(PEOPLE)]
    await office.enrol(code, people)
    body = a_declaration(code, people)
    answer = await office.post("employer_portal", "/v1/declarations", body)
    assert answer.status_code == 201, answer.text[:500]
    paper = answer.json()
    assert paper["people"] == PEOPLE
    rows = await office.fetch(
        "SELECT sum((SELECT sum(fen) FROM unnest(unit_fen || personal_fen) AS fen)) AS fen"
        " FROM declaration_person"
    )
    assert rows[0]["fen"] == int(paper["total"].replace(".", ""))


async def test_one_more_is_refused(office: Office) -> None:
    body = a_declaration(await office.unit(), [a_person()] * (PEOPLE + 1))
    body["control"]["people"] = PEOPLE
    refused = await office.post("employer_portal", "/v1/declarations", body)
    assert refused.status_code == 422
    assert [fault["code"] for fault in refused.json()["errors"]] == ["TOO_LONG"]
