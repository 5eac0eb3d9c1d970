"""Money of a receipt is given back once, under an order, and never used again: both services agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.stories.support.centre import Centre
from tests.stories.support.city import City, StoryUnit
from tests.stories.support.installation import Installation

pytestmark = pytest.mark.story

AMOUNT = "3770.00"


@pytest.fixture(scope="module")
def centre(run_home: Path) -> Iterator[Centre]:
    home = run_home / "refund"
    home.mkdir(mode=0o755)  # the database server's own account has to enter
    installation = Installation(home)
    yield Centre(City(installation), "2021-11")
    installation.stop()


def settled_by_voucher(centre: Centre, receipt: str) -> httpx.Response:
    """Propose to refund the voucher that put a receipt in suspense, with no order of collection."""
    found = centre.city.at.get(
        "fund_accountant",
        "ledger",
        "/v1/vouchers",
        source="collection_service",
        event_id=f"suspense:{receipt[-32:]}",
    )
    body = {
        "kind": "refund",
        "day": "2021-11-25",
        "voucher": found["items"][0]["id"],
        "deposit": "treasury_deposit",
        "amounts": [
            {
                "fund": "pension",
                "amount": AMOUNT,
                "account": "suspense_receipts",
                "district": "nankai",
            }
        ],
    }
    return centre.city.at.post("fund_accountant", "ledger", "/v1/settlements", body)


def matched(centre: Centre, receipt: str, unit: StoryUnit) -> httpx.Response:
    """Say that the money is for November."""
    body = {"credit_code": unit.code, "period": "2021-11", "matched_on": "2021-12-15"}
    path = f"/v1/receipts/{receipt}/matches"
    return centre.city.at.post("fund_accountant", "collection", path, body)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["code"])


def test_a_refund_needs_an_order_and_refunded_money_settles_no_bill(centre: Centre) -> None:
    city = centre.city
    unit = city.unit("2021-01-01")
    city.bill([city.declare(unit, "2021-10", "10000.00")], "2021-10", "2021-11-12")
    for day, name in (("2021-11-20", "first"), ("2021-11-22", "again")):
        city.pay(unit, "2021-10", AMOUNT, day, f"{name}-{unit.code}")
    receipt = city.receipt(f"again-{unit.code}")
    city.quiet()
    assert code(settled_by_voucher(centre, receipt)) == (409, "REFUND_WITHOUT_REASON")

    centre.refund({"receipt": receipt}, None, "paid", "")
    city.bill([city.declare(unit, "2021-11", "10000.00")], "2021-11", "2021-12-12")
    assert code(matched(centre, receipt, unit)) == (409, "NOTHING_SUSPENDED")
    assert code(settled_by_voucher(centre, receipt)) == (409, "REFUND_WITHOUT_REASON")
    again = {"source": {"receipt": receipt}, "requested_on": "2021-12-15", "reason": "重复"}
    refused = city.at.post("fund_accountant", "collection", "/v1/refunds", again)
    assert code(refused) == (409, "NOTHING_TO_REFUND")

    city.quiet()
    bills: Any = city.at.get(
        "supervisor", "collection", "/v1/bills", credit_code=unit.code, period="2021-11"
    )
    assert [(one["status"], one["open"]) for one in bills["items"]] == [("open", AMOUNT)]
    found = city.at.get("supervisor", "collection", f"/v1/receipts/{receipt}")
    assert found["suspended"] == "0.00"
    suspense = city.at.get("supervisor", "ledger", "/v1/suspense", as_of="2021-12-31")
    assert suspense["items"] == []
