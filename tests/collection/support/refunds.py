"""Refunds in tests: who requests and decides them, and a ledger that says it has settled them."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

import httpx

from services.collection.refund.clients import RefundOrders
from services.collection.refund.domain import Payout
from services.collection.refund.jobs import RefundJob
from shared.db import Database
from shared.ids import Ref
from shared.money import parse_yuan
from shared.references import Reference
from tests.collection.support.money import line, push
from tests.collection.support.office import Office
from tests.collection.support.restating import Unit, a_unit, bill, corrected, declared, pay

Paper = dict[str, Any]
_numbers = count(1)


class SettledOrders(RefundOrders):
    """A ledger that has settled these refunds."""

    def __init__(self, *refunds: str, on: str, paid_from: str = "treasury_deposit") -> None:
        self.settled = [
            (
                Ref.parse(Reference.REFUND, refund),
                Payout(
                    settlement=f"stl_{number:048x}",
                    settled_on=date.fromisoformat(on),
                    paid_from=paid_from,
                    seq=number,
                ),
            )
            for refund, number in zip(refunds, _numbers, strict=False)
        ]

    async def settled_after(self, seq: int) -> list[tuple[Ref, Payout]]:
        return [(ref, payout) for ref, payout in self.settled if payout.seq > seq]


async def settle(db: Database, *refunds: str, on: str = "2021-11-26", **more: str) -> None:
    """Let collection learn that the ledger has settled refunds."""
    await RefundJob(db, SettledOrders(*refunds, on=on, **more)).step()


async def request(office: Office, source: Paper, **more: Any) -> httpx.Response:
    """Ask for a refund as the fund accountant."""
    body = {"source": source, "requested_on": "2021-11-24", "reason": "重复缴费"} | more
    return await office.post(
        "fund_accountant", "/v1/refunds", body, subject="kuaiji", key=f"refund-{next(_numbers)}"
    )


async def requested(office: Office, source: Paper, **more: Any) -> Paper:
    """A refund that was requested."""
    answer = await request(office, source, **more)
    assert answer.status_code == 201, answer.text
    found: Paper = answer.json()
    return found


async def decide(
    office: Office,
    refund: str,
    step: str = "approvals",
    *,
    subject: str = "zhuren",
    role: str = "department_head",
    **more: Any,
) -> httpx.Response:
    """Approve a refund as the department head, or take another step."""
    body = {"decided_on": "2021-11-25"} | more
    key = f"refund-{next(_numbers)}"
    return await office.post(role, f"/v1/refunds/{refund}/{step}", body, subject=subject, key=key)


async def approved(office: Office, refund: str, step: str = "approvals", **more: Any) -> Paper:
    """A refund after its approval, or after another step."""
    answer = await decide(office, refund, step, **more)
    assert answer.status_code == 201, answer.text
    found: Paper = answer.json()
    return found


async def report_return(office: Office, refund: str, **more: Any) -> httpx.Response:
    """Say that the bank sent a refund back."""
    number = next(_numbers)
    body = {"returned_on": "2021-12-01", "serial": f"TH{number}", "reason": "账户已销户"} | more
    path = f"/v1/refunds/{refund}/returns"
    return await office.post(
        "fund_accountant", path, body, subject="kuaiji", key=f"refund-{number}"
    )


async def paid_twice(office: Office, db: Database, **facts: Any) -> tuple[Unit, str, int]:
    """A unit that paid its October twice: the unit, the receipt in suspense, its amount in fen."""
    unit = await a_unit(office, collector="tax", **facts)
    paper = await declared(office, unit, "10000.00", period="2021-10")
    await bill(office, db, paper, bill_date="2021-11-12")
    await pay(office, unit, paper["total"], "2021-10", "2021-11-20")
    return unit, await pay_again(office, unit, paper["total"]), parse_yuan(paper["total"])


async def pay_again(office: Office, unit: Unit, amount: str, paid_on: str = "2021-11-22") -> str:
    """Money that no bill needs; its receipt."""
    serial = f"again-{next(_numbers)}"
    row = line(serial, unit.code, parse_yuan(amount), "2021-10", paid_on=paid_on)
    body = push(serial, [row], collected_on=paid_on)
    answer = await office.post("tax_bureau", "/v1/tax-pushes", body, key=serial)
    assert answer.json()["suspended_amount"] == amount, answer.text
    listed = await office.get("centre_auditor", "/v1/receipts", status="suspended", limit=500)
    return str(next(one["id"] for one in listed.json()["items"] if one["serial"] == serial))


async def with_credit(office: Office, db: Database, **facts: Any) -> tuple[Unit, int]:
    """A unit that paid a month which was restated to less, and what stands of its credits (fen)."""
    unit = await a_unit(office, collector="tax", **facts)
    first = await declared(office, unit, "6500.00")
    await bill(office, db, first)
    await pay(office, unit, first["total"], "2021-07", "2021-08-13")
    paper = await corrected(office, first, unit, "5500.00")
    await bill(office, db, paper, bill_date="2021-08-20")
    return unit, -parse_yuan(paper["total"])


async def match(office: Office, receipt: str, unit: Unit, period: str) -> httpx.Response:
    """Say that money in suspense is for a unit's period."""
    body = {"credit_code": unit.code, "period": period, "matched_on": "2021-12-15"}
    key = f"match-{next(_numbers)}"
    path = f"/v1/receipts/{receipt}/matches"
    return await office.post("fund_accountant", path, body, key=key)


async def suspended(office: Office, receipt: str) -> str:
    """Return the open suspense of a receipt."""
    return str((await office.get("centre_auditor", f"/v1/receipts/{receipt}")).json()["suspended"])
