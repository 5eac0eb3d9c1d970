"""How a test corrects the ledger's rules: as two people of the centre do."""

from __future__ import annotations

from typing import Any

from httpx import Response

from shared.roles import Role
from tests.ledger.conftest import Ledger


async def propose(ledger: Ledger, why: str = "财政局函复", **rows: Any) -> Response:
    return await ledger.post("/v1/corrections", {"why": why} | rows, Role.FUND_ACCOUNTANT)


async def approve(ledger: Ledger, proposed: Response, **who: Any) -> Response:
    assert proposed.status_code == 201, proposed.text
    path = f"/v1/corrections/{proposed.json()['id']}/approvals"
    return await ledger.post(path, {}, who.pop("role", Role.DEPARTMENT_HEAD), **who)


async def correct(ledger: Ledger, why: str = "财政局函复", **rows: Any) -> dict[str, Any]:
    """Propose and approve; the correction as it was written."""
    done = await approve(ledger, await propose(ledger, why, **rows))
    assert done.status_code == 200, done.text
    return dict(done.json())
