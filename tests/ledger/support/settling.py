"""Helpers of settlement tests: propose, approve, and read a refusal."""

from __future__ import annotations

from typing import Any

from httpx import Response

from shared.roles import Role
from tests.ledger.conftest import Ledger

Body = dict[str, Any]


async def propose(ledger: Ledger, kind: str, day: str = "2021-07-31", **more: Any) -> Response:
    body = {"kind": kind, "day": day} | more
    return await ledger.post("/v1/settlements", body, Role.FUND_ACCOUNTANT)


async def approve(
    ledger: Ledger, proposed: Response, role: Role = Role.DEPARTMENT_HEAD
) -> Response:
    assert proposed.status_code == 201, proposed.text
    return await ledger.post(f"/v1/settlements/{proposed.json()['id']}/approvals", {}, role)


def refused(answer: Response) -> tuple[int, str, str]:
    """Return status, code, and the pointer of the first fault."""
    body = answer.json()
    return answer.status_code, body["code"], (body["errors"] or [{"pointer": ""}])[0]["pointer"]
