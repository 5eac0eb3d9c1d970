"""Each service posts its own kinds of vouchers over HTTP, and is refused the others'."""

from __future__ import annotations

from typing import Any

import pytest

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.correcting import correct
from tests.ledger.support.making import fresh, pair, receipt

DOORS = ("/v1/vouchers", "/v1/vouchers?dry_run=true")
"""The short way of a door, and its long one."""


def bill(amount: str = "8.00") -> dict[str, Any]:
    return receipt(
        kind="bill", entries=pair("pension", "memo_receivable", "memo_levied", amount, book="memo")
    )


def benefit(hold: str, amount: str = "8.00") -> dict[str, Any]:
    entries = pair("pension", "benefit.basic_pension", "expenditure_deposit", amount, "centre")
    return receipt(owner="centre", kind="payment", hold=hold, entries=entries)


def sweep() -> dict[str, Any]:
    entries = pair("pension", "fiscal_deposit", "income_deposit", "8.00", "centre")
    return receipt(owner="centre", kind="sweep", entries=entries)


def returned() -> dict[str, Any]:
    entries = pair("pension", "expenditure_deposit", "benefit.basic_pension", "1.00", "centre")
    return receipt(owner="centre", kind="payment_return", entries=entries)


async def require_refused(ledger: Ledger, body: dict[str, Any], role: Role, only: str) -> None:
    for door in DOORS:
        answer = await ledger.post(door, body, role)
        assert (answer.status_code, answer.json()["code"]) == (422, "SENDER_FORBIDDEN")
        [fault] = answer.json()["errors"]
        assert fault["pointer"] == "/kind"
        for word in (body["kind"], role.value, only):
            assert word in fault["message"]
    batch = await ledger.post("/v1/voucher-batches", {"vouchers": [body]}, role)
    [result] = batch.json()["results"]
    assert result["problem"]["code"] == "SENDER_FORBIDDEN"


async def test_collection_bills_and_receives_but_pays_no_benefit(ledger: Ledger) -> None:
    await ledger.fund_expenditure("8.00")
    hold = await ledger.hold("8.00")
    role = Role.COLLECTION_SERVICE
    for body in (bill(), receipt("8.00")):
        assert (await ledger.post("/v1/vouchers", body, role)).status_code == 201
    await require_refused(ledger, benefit(hold), role, "payout_service")
    await require_refused(ledger, returned(), role, "payout_service")
    await require_refused(ledger, sweep(), role, "ledger")
    held = (await ledger.get(f"/v1/holds/{hold}")).json()
    assert held["remaining"] == "8.00"


async def test_payout_pays_benefits_but_bills_and_receives_nothing(ledger: Ledger) -> None:
    await ledger.fund_expenditure("8.00")
    role = Role.PAYOUT_SERVICE
    for body in (benefit(await ledger.hold("8.00")), returned()):
        assert (await ledger.post("/v1/vouchers", body, role)).status_code == 201
    await require_refused(ledger, bill(), role, "collection_service")
    await require_refused(ledger, receipt("8.00"), role, "collection_service")
    await require_refused(ledger, sweep(), role, "ledger")


async def test_the_ledger_settles_by_itself(ledger: Ledger) -> None:
    await ledger.post("/v1/vouchers", receipt("6.00"))
    swept = await ledger.settle("sweep")
    assert swept["status"] == "posted"


@pytest.mark.parametrize("role", [Role.FUND_ACCOUNTANT, Role.CENTRE_LEADER, Role.BANK_GATEWAY])
async def test_people_and_outside_machines_post_nothing(ledger: Ledger, role: Role) -> None:
    answer = await ledger.post("/v1/vouchers", bill(), role)
    assert answer.status_code == 403


async def test_two_people_give_a_refused_message_its_sender(ledger: Ledger) -> None:
    """The very same message passes once a correction names its sender: nothing was pinned."""
    body = bill()
    await require_refused(ledger, body, Role.PAYOUT_SERVICE, "collection_service")
    row = {
        "kind": "bill",
        "book": "memo",
        "debit": "memo_receivable",
        "credit": "memo_levied",
        "by": "collection_service payout_service",
        "in_force_from": "1999-07-01",
        "source": "市局函〔2021〕3号",
    }
    done = await correct(ledger, flows=[row])
    [change] = done["changes"]
    assert (change["before"]["by"], change["after"]["by"]) == (
        "collection_service",
        "collection_service payout_service",
    )
    posted = await ledger.post("/v1/vouchers", body, Role.PAYOUT_SERVICE)
    assert posted.status_code == 201
    again = await ledger.post("/v1/vouchers", bill() | {"event_id": fresh()})
    assert again.status_code == 201
