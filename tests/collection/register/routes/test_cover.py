"""Periods of cover: they share no day at one unit, and each ends by the day it is open on."""

from typing import Any

import asyncpg
import httpx
import pytest

from shared.ids import unit_key
from tests.collection.support.office import Office, a_person, codes_of
from tests.collection.support.register import people_of


async def _enrol(
    office: Office, code: str, number: str, joined: str, **more: Any
) -> httpx.Response:
    person = {"identity_number": number, "name": "样例", "joined_on": joined} | more
    return await office.post("district_clerk", f"/v1/units/{code}/enrolments", {"people": [person]})


async def _leave(office: Office, code: str, number: str, day: str) -> httpx.Response:
    body = {"people": [{"identity_number": number, "left_on": day}]}
    return await office.post("district_clerk", f"/v1/units/{code}/departures", body)


async def _spells(office: Office, code: str) -> list[tuple[str, str | None]]:
    return [(row["joined_on"], row["left_on"]) for row in await people_of(office, code)]


async def _later_spell_ended(office: Office) -> tuple[str, str]:
    code, number = await office.unit(), a_person()["identity_number"]
    await _enrol(office, code, number, "2021-08-01")
    await _leave(office, code, number, "2021-08-31")
    return code, number


async def test_an_earlier_period_found_later_ends_on_its_own_day(office: Office) -> None:
    code, number = await _later_spell_ended(office)
    found = await _enrol(office, code, number, "2021-03-01")
    assert (found.status_code, found.json()["enrolled"]) == (201, 1)
    first = (await people_of(office, code))[0]
    assert (first["left_on"], first["left_on_presumed"]) == ("2021-07-31", True)
    assert (await _enrol(office, code, number, "2021-03-01")).json()["replayed"] == 1
    ended = await _leave(office, code, number, "2021-06-30")
    assert (ended.status_code, ended.json()["left"]) == (201, 1)
    assert (await _leave(office, code, number, "2021-06-30")).json()["replayed"] == 1
    assert (await _leave(office, code, number, "2021-08-31")).json()["replayed"] == 1
    assert await _spells(office, code) == [
        ("2021-03-01", "2021-06-30"),
        ("2021-08-01", "2021-08-31"),
    ]


async def test_a_period_that_shares_a_day_is_refused(office: Office) -> None:
    code, number = await _later_spell_ended(office)
    for joined, more, pointer, fault in (
        ("2021-08-15", {}, "joined_on", "ENROLLED_SINCE_ANOTHER_DAY"),
        ("2021-08-31", {}, "joined_on", "ENROLLED_SINCE_ANOTHER_DAY"),
        ("2021-07-01", {"left_on": "2021-08-01"}, "joined_on", "COVER_OVERLAPS"),
        ("2021-08-01", {}, "joined_on", "COVER_ENDED"),
        ("2021-09-02", {"left_on": "2021-09-01"}, "left_on", "LEFT_BEFORE_JOINING"),
    ):
        refused = await _enrol(office, code, number, joined, **more)
        assert refused.status_code == 422
        assert codes_of(refused) == {f"/people/0/{pointer}": fault}
    assert await _spells(office, code) == [("2021-08-01", "2021-08-31")]


async def test_an_earlier_period_before_an_open_one_needs_its_last_day(office: Office) -> None:
    code, number = await office.unit(), a_person()["identity_number"]
    await _enrol(office, code, number, "2021-08-01")
    refused = await _enrol(office, code, number, "2021-03-01")
    assert codes_of(refused) == {"/people/0/joined_on": "ENROLLED_SINCE_ANOTHER_DAY"}
    found = await _enrol(office, code, number, "2021-03-01", left_on="2021-05-31")
    assert found.json()["enrolled"] == 1
    assert await _spells(office, code) == [("2021-03-01", "2021-05-31"), ("2021-08-01", None)]


async def test_the_database_lets_no_period_share_a_day(office: Office) -> None:
    code, _ = await _later_spell_ended(office)
    (row,) = await people_of(office, code)
    assert row["overlaps"] is False
    with pytest.raises(asyncpg.ExclusionViolationError):
        await office.fetch(
            "INSERT INTO enrolment (unit_id, person_id, joined_on, person_uuid, masked_number,"
            " masked_name) SELECT unit_id, person_id, DATE '2021-08-31', person_uuid,"
            " masked_number, masked_name FROM enrolment"
            " WHERE unit_id = $1",
            unit_key(code),
        )


async def _correct(
    office: Office, code: str, number: str, joined: str, right: dict[str, str | None], **more: Any
) -> httpx.Response:
    body = {
        "identity_number": number,
        "joined_on": joined,
        "right": right,
        "reason": "稽核发现",
        "document": "津人社稽〔2021〕7号",
    }
    path = f"/v1/units/{code}/cover-corrections"
    return await office.post("district_clerk", path, body | more)


def _days(joined: str, left: str | None) -> dict[str, str | None]:
    return {"joined_on": joined, "left_on": left}


async def test_any_period_is_corrected_and_reopened_with_its_reason(office: Office) -> None:
    code, number = await _later_spell_ended(office)
    await _enrol(office, code, number, "2021-03-01")
    ended = await _correct(office, code, number, "2021-03-01", _days("2021-02-15", "2021-06-30"))
    assert ended.status_code == 201, ended.text
    assert ended.json()["before"] == _days("2021-03-01", "2021-07-31")
    assert ended.json()["after"] == _days("2021-02-15", "2021-06-30")
    reopened = await _correct(office, code, number, "2021-08-01", _days("2021-08-01", None))
    assert reopened.status_code == 201
    assert await _spells(office, code) == [("2021-02-15", "2021-06-30"), ("2021-08-01", None)]
    listed = await office.get("supervisor", f"/v1/units/{code}/cover-corrections", limit=1)
    (first,) = listed.json()["items"]
    assert (first["before"], first["document"]) == (
        _days("2021-03-01", "2021-07-31"),
        "津人社稽〔2021〕7号",
    )
    assert listed.json()["next_cursor"]


async def test_a_correction_that_is_wrong_itself_is_refused(office: Office) -> None:
    code, number = await _later_spell_ended(office)
    await _enrol(office, code, number, "2021-03-01")
    for right, pointer, fault in (
        (_days("2021-03-01", "2021-08-01"), "/right", "COVER_OVERLAPS"),
        (_days("2021-03-01", None), "/right", "COVER_OVERLAPS"),
        (_days("2021-03-01", "2021-02-01"), "/right/left_on", "LEFT_BEFORE_JOINING"),
        (_days("2021-03-01", "2026-12-20"), "/right/left_on", "DAY_IN_FUTURE"),
    ):
        refused = await _correct(office, code, number, "2021-03-01", right)
        assert codes_of(refused).get(pointer) == fault
    same = await _correct(office, code, number, "2021-08-01", _days("2021-08-01", "2021-08-31"))
    assert (same.status_code, same.json()["code"]) == (422, "NOTHING_CHANGES")
    unknown = await _correct(office, code, number, "2021-08-02", _days("2021-08-02", None))
    assert codes_of(unknown) == {"/joined_on": "COVER_UNKNOWN"}
    bare = await _correct(office, code, number, "2021-08-01", _days("2021-08-01", None), reason=" ")
    assert bare.status_code == 422
    foreign = await office.post(
        "district_clerk",
        f"/v1/units/{code}/cover-corrections",
        {
            "identity_number": number,
            "joined_on": "2021-08-01",
            "right": _days("2021-08-01", None),
            "reason": "更正",
        },
        district="nankai",
    )
    assert foreign.status_code == 403


async def test_a_category_follows_the_corrected_first_day(office: Office) -> None:
    code, number = await office.unit(), a_person()["identity_number"]
    await _enrol(office, code, number, "2021-08-01")
    unit_id = unit_key(code)
    await office.fetch(
        "INSERT INTO enrolment_category (unit_id, person_id, joined_on, from_period, id, category,"
        " joining) SELECT unit_id, person_id, joined_on, '2021-08', gen_random_uuid(), 'rehired',"
        " true FROM enrolment WHERE unit_id = $1",
        unit_id,
    )
    found = await _correct(office, code, number, "2021-08-01", _days("2021-05-10", None))
    assert found.status_code == 201
    (row,) = await office.fetch(
        "SELECT joined_on::text, from_period FROM enrolment_category WHERE unit_id = $1", unit_id
    )
    assert tuple(row) == ("2021-05-10", "2021-05")


async def test_periods_that_overlapped_before_are_marked_and_can_be_put_right(
    office: Office,
) -> None:
    code, number = await _later_spell_ended(office)
    await office.fetch(
        "INSERT INTO enrolment (unit_id, person_id, joined_on, person_uuid, masked_number,"
        " masked_name, overlapping) SELECT unit_id, person_id, DATE '2021-08-15', person_uuid,"
        " masked_number, masked_name, true FROM enrolment WHERE unit_id = $1",
        unit_key(code),
    )
    assert [row["overlaps"] for row in await people_of(office, code)] == [False, True]
    right = await _correct(office, code, number, "2021-08-01", _days("2021-08-01", "2021-08-14"))
    assert right.status_code == 201, right.text
    assert [row["overlaps"] for row in await people_of(office, code)] == [False, False]
