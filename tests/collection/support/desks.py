"""Requests of district and centre staff: inboxes, bulk steps, summaries, audits and returns."""

from typing import Any

import httpx

from tests.collection.support.office import Office


async def send(office: Office, district: str, **body: Any) -> dict[str, Any]:
    """Send a district's reviewed declarations of July to the centre."""
    answer = await office.post(
        "district_reviewer",
        "/v1/summaries",
        {"district": district, "period": "2021-07"} | body,
        district=district,
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def give_back(office: Office, summary: dict[str, Any], **body: Any) -> httpx.Response:
    """Return a summary, or some of its declarations, as the centre."""
    return await office.post("centre_auditor", f"/v1/summaries/{summary['id']}/returns", body)


async def audit(office: Office, summary: dict[str, Any], **control: Any) -> httpx.Response:
    """Audit a summary with its own control totals, or with others."""
    body = {"control": summary["control"] | control, "bill_date": "2021-08-12"}
    return await office.post("centre_auditor", f"/v1/summaries/{summary['id']}/audits", body)


async def inbox(office: Office, role: str, district: str, **params: Any) -> dict[str, Any]:
    """Read the inbox of a role."""
    answer = await office.get(role, "/v1/inbox", district=district, **params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def bulk(
    office: Office, role: str, step: str, ids: list[str], district: str, **other: Any
) -> dict[str, Any]:
    """Take one step on many declarations."""
    subject = other.pop("subject", None)
    body = {"step": step, "ids": ids} | other
    answer = await office.post(
        role, "/v1/declaration-steps", body, district=district, subject=subject
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def status_of(office: Office, paper: str) -> str:
    """Read the status of a declaration."""
    return str((await office.get("supervisor", f"/v1/declarations/{paper}")).json()["status"])
