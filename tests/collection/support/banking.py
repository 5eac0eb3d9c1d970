"""Units that pay by direct debit, and what the bank says later."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from tests.collection.support.debtors import Debtors
from tests.collection.support.money import Owed

_numbers = count(1)


async def batch_of(debtors: Debtors, owed: Owed, day: str) -> str:
    """Make a batch of the unit's period; its only line is the unit's."""
    body = {"period": owed.period, "debit_date": day}
    answer = await debtors.post("/v1/debit-batches", body, "centre_cashier")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def word(outcome: str, amount: str, day: str, serial: str, **other: Any) -> dict[str, Any]:
    """One word of the bank on the first line of a batch."""
    return {
        "line": 1,
        "outcome": outcome,
        "bank_serial": serial,
        "amount": amount,
        "value_date": day,
    } | other


async def say(debtors: Debtors, batch: str, *words: dict[str, Any]) -> dict[str, Any]:
    """Report results of a batch."""
    body = {"batch": batch, "results": list(words)}
    answer = await debtors.post("/v1/debit-results", body, "bank_gateway")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def shown(debtors: Debtors, batch: str) -> dict[str, Any]:
    """A batch as it stands."""
    found: dict[str, Any] = await debtors.get(f"/v1/debit-batches/{batch}")
    return found


async def receipts_of(debtors: Debtors, owed: Owed) -> Sequence[dict[str, Any]]:
    """The receipts that name the unit."""
    found = await debtors.get("/v1/receipts", limit=500)
    return [one for one in found["items"] if one["credit_code"] == owed.credit_code]


def new_serial(start: str = "T") -> str:
    """A serial that no other test uses."""
    return f"{start}-{next(_numbers)}"


async def file_return(debtors: Debtors, receipt: str, day: str, **other: Any) -> Any:
    """An accountant files that the bank took a receipt back."""
    body = {
        "returned_on": day,
        "bank_serial": new_serial("TH"),
        "reason": "退票",
        "document": "银行退票通知",
    } | other
    return await debtors.post(f"/v1/receipts/{receipt}/returns", body, "fund_accountant")


async def file_move(debtors: Debtors, receipt: str, to: Owed, day: str, **other: Any) -> Any:
    """An accountant files that a receipt belongs to another unit."""
    body = {
        "credit_code": to.credit_code,
        "period": to.period,
        "moved_on": day,
        "reason": "税务误记缴费人",
        "document": "税务更正函",
    } | other
    return await debtors.post(f"/v1/receipts/{receipt}/moves", body, "fund_accountant")


async def approve(debtors: Debtors, kind: str, change: str, role: str = "department_head") -> Any:
    """The head approves a return or a move."""
    return await debtors.post(f"/v1/receipt-{kind}s/{change}/approvals", {}, role)


async def taken_back(debtors: Debtors, receipt: str, day: str, **other: Any) -> dict[str, Any]:
    """Two people take a receipt back."""
    filed = await file_return(debtors, receipt, day, **other)
    assert filed.status_code == 201, filed.text
    approved = await approve(debtors, "return", filed.json()["id"])
    assert approved.status_code == 201, approved.text
    found: dict[str, Any] = approved.json()
    return found


async def moved(debtors: Debtors, receipt: str, to: Owed, day: str, **other: Any) -> dict[str, Any]:
    """Two people move a receipt."""
    filed = await file_move(debtors, receipt, to, day, **other)
    assert filed.status_code == 201, filed.text
    approved = await approve(debtors, "move", filed.json()["id"])
    assert approved.status_code == 201, approved.text
    found: dict[str, Any] = approved.json()
    return found
