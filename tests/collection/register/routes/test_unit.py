"""Registration of units and people: all or none, by district, masked in lists and encrypted at rest."""

from typing import Any

import pytest

from shared.ids import unit_key
from shared.security.field_cipher import FieldCipher
from shared.security.identity import Identity
from tests.collection.support.office import Office, a_code, a_person, a_unit, codes_of


def joining(*numbers: str, joined_on: str = "2020-01-01", name: str = "张三") -> dict[str, Any]:
    return {
        "people": [
            {"identity_number": number, "name": name, "joined_on": joined_on} for number in numbers
        ]
    }


async def test_the_region_has_its_districts(office: Office) -> None:
    found = (await office.get("supervisor", "/v1/regions")).json()
    assert found["region"] == "tianjin"
    (region,) = found["regions"]
    assert len(region["districts"]) == 16
    assert {"code": "binhai", "name": "滨海新区"} in region["districts"]


async def test_a_unit_is_registered_once_and_shown_masked(office: Office) -> None:
    code = a_code()
    for _ in range(2):
        answer = await office.post("district_clerk", "/v1/units", a_unit(code))
        assert answer.status_code == 201
    shown = (await office.get("district_clerk", f"/v1/units/{code}")).json()
    assert shown["bank_account"]["number"] == "***************1234"
    assert shown["status"] == "active"


async def test_another_registration_of_a_unit_is_refused_and_names_what_differs(
    office: Office,
) -> None:
    code = await office.unit()
    refused = await office.post(
        "district_clerk", "/v1/units", a_unit(code, name="别名", injury_class=2)
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "UNIT_EXISTS")
    assert "name" in refused.json()["detail"]
    assert "injury_class" in refused.json()["detail"]


async def test_every_fault_of_a_unit_is_named(office: Office) -> None:
    body = a_unit("91120102MA0000001A", district="heping", bank_account=None)
    found = codes_of(await office.post("district_clerk", "/v1/units", body))
    assert found == {
        "/credit_code": "CREDIT_CODE_CHECK_DIGIT",
        "/bank_account": "BANK_ACCOUNT_MISSING",
    }
    portal = await office.post(
        "employer_portal", "/v1/units", a_unit(a_code(), district="atlantis")
    )
    assert codes_of(portal) == {"/district": "DISTRICT_UNKNOWN"}


async def test_a_batch_is_registered_whole_or_not_at_all(office: Office) -> None:
    good, known = a_unit(a_code()), await office.unit()
    bad = a_unit(a_code(), bank_account=None)
    body = {"units": [good, bad, a_unit(known, name="别名")]}
    first = await office.post("district_clerk", "/v1/unit-batches", body)
    assert codes_of(first) == {"/units/1/bank_account": "BANK_ACCOUNT_MISSING"}
    body = {"units": [good, a_unit(known, name="别名")]}
    second = await office.post("district_clerk", "/v1/unit-batches", body)
    assert codes_of(second) == {"/units/1": "UNIT_EXISTS"}
    missing = await office.get("district_clerk", f"/v1/units/{good['credit_code']}")
    assert (missing.status_code, missing.json()["code"]) == (404, "UNIT_UNKNOWN")
    body = {"units": [good, a_unit(known)]}
    third = await office.post("district_clerk", "/v1/unit-batches", body)
    assert third.json() == {"created": 1, "replayed": 1}


async def test_a_thousand_units_are_one_request(office: Office) -> None:
    body = {"units": [a_unit(a_code()) for _ in range(1000)]}
    answer = await office.post("district_clerk", "/v1/unit-batches", body)
    assert answer.json() == {"created": 1000, "replayed": 0}
    body["units"].append(a_unit(a_code()))
    assert (await office.post("district_clerk", "/v1/unit-batches", body)).status_code == 422


async def test_another_districts_units_are_forbidden(office: Office) -> None:
    code = await office.unit(district="nankai")
    person = a_person()["identity_number"]
    for answer in (
        await office.get("district_clerk", f"/v1/units/{code}"),
        await office.get("district_reviewer", f"/v1/units/{code}/enrolments"),
        await office.post("district_clerk", "/v1/units", a_unit(a_code(), district="nankai")),
        await office.post(
            "district_clerk", "/v1/unit-batches", {"units": [a_unit(a_code(), district="nankai")]}
        ),
        await office.post("district_clerk", f"/v1/units/{code}/enrolments", joining(person)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert await office.fetch("SELECT 1 FROM enrolment WHERE unit_id = $1", unit_key(code)) == []


async def test_lists_are_paged_and_keep_to_the_callers_district(office: Office) -> None:
    own = {await office.unit(district="binhai") for _ in range(5)}
    await office.unit(district="nankai")
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await office.get(
            "district_clerk", "/v1/units", district="binhai", limit=2, **cursor
        )
        page = answer.json()
        found += [unit["credit_code"] for unit in page["items"]]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert set(found) == own
    assert len(found) == 5


async def test_a_cursor_of_another_query_is_refused(office: Office) -> None:
    for _ in range(2):
        await office.unit(district="nankai")
    page = (await office.get("supervisor", "/v1/units", limit=1)).json()
    refused = await office.api.get(
        "/v1/units",
        params={"district": "nankai", "cursor": page["next_cursor"]},
        headers=office.bearer("supervisor"),
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "CURSOR_INVALID")


async def test_people_are_enrolled_once_and_listed_masked(office: Office) -> None:
    code = await office.unit()
    number = a_person()["identity_number"]
    path = f"/v1/units/{code}/enrolments"
    first = (await office.post("district_clerk", path, joining(number))).json()
    again = (await office.post("district_clerk", path, joining(number))).json()
    assert (first["enrolled"], first["replayed"]) == (1, 0)
    assert (again["enrolled"], again["replayed"]) == (0, 1)
    assert first["people"] == again["people"]
    listed = await office.get("district_clerk", path)
    (row,) = listed.json()["items"]
    assert row["name"] == "张*"
    assert row["masked_identity_number"] == f"{number[:4]}**********{number[-4:]}"
    assert row["person"] == first["people"][0]["person"]
    assert number not in listed.text


async def test_a_person_is_stored_sealed_only(office: Office, identity: Identity) -> None:
    code = await office.unit()
    number = a_person()["identity_number"]
    await office.post("district_clerk", f"/v1/units/{code}/enrolments", joining(number))
    rows = await office.fetch(
        "SELECT person.* FROM person JOIN enrolment USING (person_id) JOIN unit USING (unit_id)"
        " WHERE credit_code = $1",
        code,
    )
    (row,) = rows
    stored = bytes(row["sealed_number"])
    assert number.encode() not in stored
    assert FieldCipher(identity.field_keys, "identity_number").open(stored) == number
    assert FieldCipher(identity.field_keys, "name").open(bytes(row["sealed_name"])) == "张三"


async def test_every_fault_of_a_list_of_people_is_named_and_nobody_is_stored(
    office: Office,
) -> None:
    code = await office.unit()
    number, tomorrow = a_person()["identity_number"], "2099-01-01"
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    body = joining(number, number, wrong, "12010119901332451X", "123")
    body["people"][0]["joined_on"] = tomorrow
    before = await office.fetch("SELECT count(*) FROM person")
    refused = await office.post("district_clerk", f"/v1/units/{code}/enrolments", body)
    assert codes_of(refused) == {
        "/people/0/joined_on": "DAY_IN_FUTURE",
        "/people/1/identity_number": "PERSON_REPEATED",
        "/people/2/identity_number": "IDENTITY_NUMBER_CHECK_DIGIT",
        "/people/3/identity_number": "IDENTITY_NUMBER_DATE",
        "/people/4/identity_number": "IDENTITY_NUMBER_SHAPE",
    }
    assert number not in refused.text
    assert await office.fetch("SELECT count(*) FROM person") == before


async def test_what_is_only_odd_is_warned_about(office: Office) -> None:
    first, second = await office.unit(), await office.unit()
    number = a_person()["identity_number"]
    await office.post("district_clerk", f"/v1/units/{first}/enrolments", joining(number))
    renamed = await office.post(
        "district_clerk", f"/v1/units/{second}/enrolments", joining(number, name="李四")
    )
    assert renamed.status_code == 201
    assert [warning["code"] for warning in renamed.json()["warnings"]] == [
        "NAME_DIFFERS",
        "COVERED_ELSEWHERE",
    ]


async def test_enrolled_since_another_day_is_refused(office: Office) -> None:
    code = await office.unit()
    number = a_person()["identity_number"]
    path = f"/v1/units/{code}/enrolments"
    await office.post("district_clerk", path, joining(number))
    refused = await office.post("district_clerk", path, joining(number, joined_on="2021-01-01"))
    assert codes_of(refused) == {"/people/0/joined_on": "ENROLLED_SINCE_ANOTHER_DAY"}


@pytest.mark.parametrize("role", ["tax_bureau", "centre_auditor", "supervisor"])
async def test_only_who_may_register_does(office: Office, role: str) -> None:
    assert (await office.post(role, "/v1/units", a_unit(a_code()))).status_code == 403


async def test_an_unknown_unit_is_not_found(office: Office) -> None:
    answer = await office.get("district_clerk", f"/v1/units/{a_code()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "UNIT_UNKNOWN")


@pytest.mark.parametrize(
    ("facts", "pointer"),
    [({"injury_class": None}, "/injury_class"), ({"kind": "nothing"}, "/kind")],
)
async def test_a_unit_that_no_policy_levies_is_not_registered(
    office: Office, facts: dict[str, Any], pointer: str
) -> None:
    wrong = a_unit(a_code(), district="nankai", collector="bank_debit", bank_account=None) | facts
    answer = await office.post("employer_portal", "/v1/units", wrong)
    assert answer.status_code == 422
    assert pointer in {fault["pointer"] for fault in answer.json()["errors"]}
    if "injury_class" in facts:  # named together with what else is wrong
        assert {fault["pointer"] for fault in answer.json()["errors"]} == {pointer, "/bank_account"}
