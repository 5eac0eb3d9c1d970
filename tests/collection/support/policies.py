"""Publication of policies: drafted by one person and approved by another."""

from __future__ import annotations

from typing import Any

from tests.collection.support.office import Office

AUTHOR, APPROVER = "author-wang", "approver-li"


async def publish(office: Office, content: dict[str, Any]) -> dict[str, Any]:
    """Put a pack in force."""
    drafted = await office.post("centre_auditor", "/v1/policies", content, subject=AUTHOR)
    assert drafted.status_code == 201, drafted.text
    approved = await office.post(
        "department_head", f"/v1/policies/{drafted.json()['id']}/approvals", subject=APPROVER
    )
    assert approved.status_code == 201, approved.text
    found: dict[str, Any] = approved.json()
    return found
