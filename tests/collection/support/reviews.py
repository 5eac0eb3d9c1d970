"""Base reviews for tests: a staff, its review handed in and confirmed, and adjustments to it."""

from __future__ import annotations

from typing import Any

import httpx

from services.collection.bases.domain import REQUIRED
from tests.collection.support.office import Office, a_person

FILE = {
    "documents": list(REQUIRED),
    "posted_on": "2021-02-01",
    "signed_people": 10,
    "undertaking_on": "2021-02-10",
}


async def staffed(office: Office, *wages: str, **facts: Any) -> tuple[str, list[dict[str, Any]]]:
    """A unit with enrolled people; they stand as a review wants them."""
    code = await office.unit(**facts)
    people: list[dict[str, Any]] = [a_person(wage) for wage in wages]
    body = [
        {
            "identity_number": person["identity_number"],
            "name": "张三",
            "joined_on": "2000-01-01",
        }
        for person in people
    ]
    answer = await office.post("district_clerk", f"/v1/units/{code}/enrolments", {"people": body})
    assert answer.status_code == 201, answer.text
    return code, people


async def hand_in(
    office: Office, code: str, people: list[dict[str, Any]], year: int = 2021, **other: Any
) -> httpx.Response:
    body = {
        "year": year,
        "unit_wage_total": "0.00",
        "file": FILE,
        "people": people,
    } | other
    return await office.post("district_clerk", f"/v1/units/{code}/base-reviews", body)


async def confirmed(
    office: Office, code: str, people: list[dict[str, Any]], year: int = 2021, **other: Any
) -> dict[str, Any]:
    answer = await hand_in(office, code, people, year, **other)
    assert answer.status_code == 201, answer.text
    path = f"/v1/base-reviews/{answer.json()['id']}/confirmations"
    answer = await office.post("district_reviewer", path)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def bases_of(office: Office, review: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await office.get("supervisor", f"/v1/base-reviews/{review['id']}/people")
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def adjust(office: Office, review: dict[str, Any], period: str) -> httpx.Response:
    path = f"/v1/base-reviews/{review['id']}/adjustments"
    return await office.post("district_reviewer", path, {"period": period})
