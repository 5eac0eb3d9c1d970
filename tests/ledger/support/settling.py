"""Helpers of settlement tests: propose, approve, and read a refusal."""

from __future__ import annotations

from itertools import count
from typing import Any

from httpx import Response

from shared.roles import Role
from tests.ledger.conftest import Ledger

Body = dict[str, Any]
_numbers = count(1)


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


async def order(ledger: Ledger, *amounts: Body, **more: Any) -> str:
    """Send the order of an approved refund of suspense, unless `more` says otherwise; its refund."""
    refund = f"rfd_{next(_numbers):048x}"
    body = {
        "refund": refund,
        "source": "suspense",
        "payee": "91120101MA06TEST0X",
        "deposit": "income_deposit",
        "reason": "重复缴费",
        "ordered_on": "2021-07-20",
        "amounts": list(amounts),
    }
    answer = await ledger.post("/v1/refund-orders", body | more, Role.COLLECTION_SERVICE)
    assert answer.status_code == 201, answer.text
    return refund


def part(
    amount: str,
    account: str = "suspense_receipts",
    district: str = "heping",
    fund: str = "pension",
) -> Body:
    """An amount of a refund."""
    return {"fund": fund, "account": account, "district": district, "amount": amount}


async def settled_orders(ledger: Ledger, after_seq: int = 0) -> list[Body]:
    """Refund orders settled after a number, as collection's service polls them."""
    answer = await ledger.get(
        "/v1/settled-refund-orders", Role.COLLECTION_SERVICE, after_seq=after_seq
    )
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])
