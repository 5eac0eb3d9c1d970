"""Changes of the register for tests: ask, approve, and read units and people."""

from typing import Any

import httpx

from tests.collection.support.office import Office, a_person


async def change(
    office: Office,
    code: str,
    effective_on: str = "2021-07-01",
    *,
    district: str = "heping",
    **facts: Any,
) -> httpx.Response:
    body = {"facts": facts, "effective_on": effective_on, "reason": "变更"}
    return await office.post("district_clerk", f"/v1/units/{code}/changes", body, district=district)


async def approve(office: Office, found: dict[str, Any], **who: Any) -> httpx.Response:
    return await office.post("district_reviewer", f"/v1/changes/{found['id']}/approvals", **who)


async def unit(office: Office, code: str) -> dict[str, Any]:
    found: dict[str, Any] = (await office.get("supervisor", f"/v1/units/{code}")).json()
    return found


async def people_of(office: Office, code: str) -> list[dict[str, Any]]:
    answer = await office.get("supervisor", f"/v1/units/{code}/enrolments", limit=500)
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def staffed(office: Office, count: int, **how: Any) -> tuple[str, list[dict[str, str]]]:
    code = await office.unit(**how)
    people = [a_person() for _ in range(count)]
    await office.enrol(code, people, district=how.get("district", "heping"))
    return code, people


def numbers(people: list[dict[str, str]]) -> list[str]:
    return [person["identity_number"] for person in people]
