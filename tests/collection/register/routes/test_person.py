"""A name, a number and two records of one person are put right by two people."""

from base64 import b64decode
from typing import Any

import httpx

from shared.security.field_cipher import FieldCipher
from shared.security.identity import Identity
from tests.collection.support.office import Office, a_person, codes_of
from tests.collection.support.register import people_of, staffed


async def _propose(office: Office, number: str, who: str = "li", **right: str) -> httpx.Response:
    body = {
        "identity_number": number,
        "right": right,
        "reason": "登记有误",
        "document": "户籍证明 2021-118",
    }
    return await office.post("district_clerk", "/v1/person-corrections", body, subject=who)


async def _approve(office: Office, found: dict[str, Any], who: str = "wu") -> httpx.Response:
    path = f"/v1/person-corrections/{found['id']}/approvals"
    return await office.post("district_reviewer", path, subject=who)


async def test_a_name_is_corrected_by_two_people(office: Office) -> None:
    code, (person,) = await staffed(office, 1)
    found = await _propose(office, person["identity_number"], name="李四光")
    assert found.status_code == 201, found.text
    paper = found.json()
    assert (paper["status"], paper["merges"], paper["right_name"]) == ("proposed", False, "李**")
    assert (await people_of(office, code))[0]["name"] == "张*"
    waits = await _propose(office, person["identity_number"], name="李四")
    assert waits.json()["code"] == "CHANGE_WAITS"
    waiting = await office.get("district_reviewer", "/v1/inbox", step="approve_person_correction")
    assert (paper["id"], "张*") in [(one["id"], one["name"]) for one in waiting.json()["items"]]
    listed = await office.get("supervisor", f"/v1/people/{paper['person']}/corrections")
    assert [one["id"] for one in listed.json()["items"]] == [paper["id"]]
    elsewhere = office.bearer("district_clerk", "nankai")
    path = f"/v1/people/{paper['person']}/corrections"
    assert (await office.api.get(path, headers=elsewhere)).json()["items"] == []
    same = await _approve(office, paper, "ＬＩ")
    assert (same.status_code, same.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert (await _approve(office, paper)).json()["status"] == "in_force"
    shown = await office.get("supervisor", f"/v1/person-corrections/{paper['id']}")
    assert shown.json()["status"] == "in_force"
    assert (await people_of(office, code))[0]["name"] == "李**"
    assert (await _approve(office, paper)).json()["code"] == "STATE_CONFLICT"
    again = await _propose(office, person["identity_number"], name="李四光")
    assert again.json()["code"] == "NOTHING_CHANGES"
    steps = await office.get("supervisor", f"/v1/person-corrections/{paper['id']}/trail")
    assert [step["step"] for step in steps.json()["items"]] == ["propose", "approve"]


async def test_a_corrected_number_takes_the_covers_along(office: Office) -> None:
    code, (wrong,) = await staffed(office, 1)
    right = a_person()
    old = (await people_of(office, code))[0]["person"]
    paper = (
        await _propose(office, wrong["identity_number"], identity_number=right["identity_number"])
    ).json()
    done = await _approve(office, paper)
    assert done.status_code == 201, done.text
    assert done.json()["periods"] == [
        {"credit_code": code, "joined_on": "2020-01-01", "left_on": None}
    ]
    (now,) = await people_of(office, code)
    assert now["person"] == done.json()["survivor"] != old
    assert (await office.declare(code, [right])).status_code == 201
    covers = (await office.get("supervisor", f"/v1/people/{old}/covers")).json()
    assert (covers["person"], len(covers["items"])) == (now["person"], 1)
    body = {
        "people": [
            {"identity_number": wrong["identity_number"], "name": "张三", "joined_on": "2021-01-01"}
        ]
    }
    refused = await office.post("district_clerk", f"/v1/units/{code}/enrolments", body)
    assert codes_of(refused) == {"/people/0/identity_number": "PERSON_MERGED"}


async def test_two_records_of_one_person_become_one(office: Office) -> None:
    code, (wrong, right) = await staffed(office, 2)
    other = await office.unit()
    await office.enrol(other, [wrong])
    numbers = {"identity_number": right["identity_number"]}
    paper = (await _propose(office, wrong["identity_number"], **numbers)).json()
    assert paper["merges"] is True
    done = await _approve(office, paper)
    assert done.status_code == 201, done.text
    assert len(done.json()["periods"]) == 2
    (ours,), (theirs,) = await people_of(office, code), await people_of(office, other)
    assert ours["person"] == theirs["person"] == done.json()["survivor"]
    merged = await _propose(office, wrong["identity_number"], name="李四")
    assert "PERSON_MERGED" in codes_of(merged).values()


async def test_records_whose_covers_contradict_each_other_wait_for_the_cover(
    office: Office,
) -> None:
    code, (right,) = await staffed(office, 1)
    wrong = a_person()["identity_number"]
    person = {"identity_number": wrong, "name": "张三", "joined_on": "2019-01-01"}
    await office.post("district_clerk", f"/v1/units/{code}/enrolments", {"people": [person]})
    refused = await _propose(office, wrong, identity_number=right["identity_number"])
    assert codes_of(refused) == {"/right/identity_number": "COVER_OVERLAPS"}
    foreign = await office.post(
        "district_clerk",
        "/v1/person-corrections",
        {"identity_number": wrong, "right": {"name": "李四"}, "reason": "误", "document": "证"},
        district="nankai",
    )
    assert foreign.status_code == 403


async def test_payout_follows_the_corrections_in_force_in_their_order(
    office: Office, identity: Identity
) -> None:
    path = "/v1/person-corrections"
    known = (await office.get("payout_service", path, limit=500)).json()
    last = known["items"][-1]["number"] if known["items"] else 0
    _, people = await staffed(office, 3)
    numbers = [person["identity_number"] for person in people]
    refused = (await _propose(office, numbers[0], name="李四光")).json()
    codes = {"codes": ["DOCUMENT_MISSING"]}
    await office.post("district_reviewer", f"{path}/{refused['id']}/refusals", codes, subject="wu")
    named = (await _propose(office, numbers[2], name="李四光")).json()
    merged = (await _propose(office, numbers[0], identity_number=numbers[1])).json()
    for paper in (merged, named):
        assert (await _approve(office, paper)).status_code == 201
    page = await office.get("payout_service", path, after=last, limit=1)
    assert page.status_code == 200, page.text
    assert page.json()["has_more"] is True
    (first,) = page.json()["items"]
    assert (first["number"], first["id"]) == (last + 1, merged["id"])
    assert (first["person"], first["survivor"]) == (merged["person"], merged["survivor"])
    rest = (await office.get("payout_service", path, after=first["number"])).json()
    assert [(item["number"], item["id"]) for item in rest["items"]] == [(last + 2, named["id"])]
    assert rest["has_more"] is False
    text = page.text
    assert not any(number in text for number in numbers), "no number lies open"
    cipher = FieldCipher(identity.exchange_key)
    assert cipher.open(b64decode(first["sealed_identity_number"])) == numbers[1]
    names = FieldCipher(identity.exchange_key, "name")
    assert names.open(b64decode(rest["items"][0]["sealed_name"])) == "李四光"


async def test_nobody_else_follows_the_corrections(office: Office) -> None:
    for role in ("district_clerk", "supervisor", "employer_portal", "collection_service"):
        answer = await office.get(role, "/v1/person-corrections")
        assert answer.status_code == 403, role
