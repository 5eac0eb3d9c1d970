"""Inspection cases that are taken step by step through the doors."""

from __future__ import annotations

from typing import Any

import httpx

from shared.references import Reference
from tests.collection.support.office import Office

DOCUMENT = "津社险稽〔2021〕8号"
WRONG = {
    "kind": "benefit_wrong",
    "period": "2021-07",
    "note": "虚假住院",
    "claim": Reference.CLAIM.example,
    "claim_line": 1,
    "amount": "800.00",
}


def understated(person: dict[str, str], wage: str, period: str = "2021-07") -> dict[str, Any]:
    """A finding: the wage that should have been declared for a person's month."""
    return {
        "kind": "base_understated",
        "period": period,
        "note": "工资表所列工资高于申报",
        "identity_number": person["identity_number"],
        "wage": wage,
    }


async def inspection(office: Office, code: str, *findings: dict[str, Any]) -> str:
    """A case on a unit with these findings; its reference."""
    body = {"reason": "data_comparison", "document": DOCUMENT, "note": "与税务申报不符"}
    opened = await office.post("district_clerk", f"/v1/units/{code}/inspections", body)
    assert opened.status_code == 201, opened.text
    case: str = opened.json()["case"]["id"]
    if findings:
        await step(office, "district_clerk", case, "findings", {"findings": list(findings)})
    return case


async def try_step(
    office: Office, role: str, case: str, name: str, body: Any = None, **how: Any
) -> httpx.Response:
    """Ask for a step on a case."""
    return await office.post(role, f"/v1/inspections/{case}/{name}", body or {}, **how)


async def step(
    office: Office, role: str, case: str, name: str, body: Any = None, **how: Any
) -> dict[str, Any]:
    """Take a step on a case."""
    answer = await try_step(office, role, case, name, body, **how)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def decided(office: Office, code: str, *findings: dict[str, Any], **decision: Any) -> str:
    """A case that was heard and decided; its reference."""
    case = await inspection(office, code, *findings)
    await step(office, "district_clerk", case, "notices")
    await step(office, "employer_portal", case, "objections", {"content": "无异议,同意补缴"})
    body = {"note": "事实清楚"} | decision
    await step(office, "district_reviewer", case, "decisions", body)
    await step(office, "department_head", case, "approvals")
    return case
