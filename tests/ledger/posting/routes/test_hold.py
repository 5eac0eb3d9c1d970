"""Holds: money set aside, drawn by vouchers, released, expired; the floor counts them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from services.ledger.app import build
from services.ledger.posting.flows.hold import expire
from shared import clock
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import fresh, pair, receipt


async def hold(ledger: Ledger, amount: str, fund: str = "pension", **more: Any) -> Any:
    body = {"event_id": fresh("hold"), "fund": fund, "amount": amount, "summary": "养老金"}
    return await ledger.post("/v1/holds", body | more, Role.PAYOUT_SERVICE)


def payment(
    amount: str,
    hold: str | None,
    fund: str = "pension",
    account: str = "benefit.basic_pension",
    **more: Any,
) -> dict[str, Any]:
    entries = pair(fund, account, "expenditure_deposit", amount, "centre")
    return receipt(owner="centre", kind="payment", hold=hold, entries=entries, **more)


async def pay(ledger: Ledger, body: dict[str, Any]) -> Any:
    return await ledger.post("/v1/vouchers", body, Role.PAYOUT_SERVICE)


async def test_a_hold_counts_against_the_floor_until_drawn(ledger: Ledger) -> None:
    await ledger.fund_expenditure("100.00")
    held = (await hold(ledger, "80.00")).json()
    assert (held["remaining"], held["status"]) == ("80.00", "pending")
    assert (await ledger.balances())["held"] == "80.00"
    assert (await hold(ledger, "20.01")).json()["code"] == "INSUFFICIENT_FUNDS"
    rest = (await hold(ledger, "20.00")).json()
    assert (await pay(ledger, payment("20.00", rest["id"]))).status_code == 201
    assert (await pay(ledger, payment("30.00", held["id"]))).status_code == 201
    assert (await pay(ledger, payment("50.01", held["id"]))).json()["code"] == "HOLD_EXCEEDED"
    assert (await pay(ledger, payment("50.00", held["id"]))).status_code == 201
    now = (await ledger.get(f"/v1/holds/{held['id']}")).json()
    assert (now["remaining"], now["status"]) == ("0.00", "closed")
    assert (await pay(ledger, payment("0.01", held["id"]))).json()["code"] == "HOLD_UNKNOWN"
    balances = await ledger.balances()
    assert (balances["expenditure_deposit"], balances["held"]) == ("0.00", "0.00")


async def test_a_hold_is_made_once_per_event(ledger: Ledger) -> None:
    await ledger.fund_expenditure("10.00", "medical")
    event = fresh("hold")
    first = await hold(ledger, "6.00", "medical", event_id=event)
    again = await hold(ledger, "6.00", "medical", event_id=event)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    other = await hold(ledger, "6.01", "medical", event_id=event)
    assert (other.status_code, other.json()["code"]) == (409, "EVENT_ID_REUSED")
    assert [fault["pointer"] for fault in other.json()["errors"]] == ["/amount"]


async def test_a_refused_hold_may_be_requested_again_when_money_has_come(ledger: Ledger) -> None:
    event = fresh("hold")
    refused = await hold(ledger, "15.00", "work_injury", event_id=event)
    assert (refused.status_code, refused.json()["code"]) == (409, "INSUFFICIENT_FUNDS")
    assert "expenditure_funding" in refused.json()["detail"]
    await ledger.fund_expenditure("15.00", "work_injury")
    assert (await hold(ledger, "15.00", "work_injury", event_id=event)).status_code == 201


async def test_releases_give_back_in_part_and_in_whole_once_per_event(ledger: Ledger) -> None:
    await ledger.fund_expenditure("60.00", "unemployment")
    held = (await hold(ledger, "60.00", "unemployment")).json()
    path = f"/v1/holds/{held['id']}/releases"
    part = {"event_id": fresh("release"), "amount": "15.00"}
    for _ in range(2):
        answer = await ledger.post(path, part, Role.PAYOUT_SERVICE)
        assert answer.json()["remaining"] == "45.00"
    changed = await ledger.post(path, part | {"amount": "16.00"}, Role.PAYOUT_SERVICE)
    assert changed.json()["code"] == "EVENT_ID_REUSED"
    beyond = {"event_id": fresh("release"), "amount": "45.01"}
    assert (await ledger.post(path, beyond, Role.PAYOUT_SERVICE)).json()["code"] == "HOLD_EXCEEDED"
    rest = {"event_id": fresh("release")}
    for _ in range(2):
        answer = await ledger.post(path, rest, Role.PAYOUT_SERVICE)
        assert (answer.status_code, answer.json()["remaining"]) == (200, "0.00")
    nothing_left = await ledger.post(path, {"event_id": fresh()}, Role.PAYOUT_SERVICE)
    assert nothing_left.status_code == 200
    assert (await hold(ledger, "60.00", "unemployment")).status_code == 201


async def test_a_hold_of_another_fund_or_account_cannot_be_drawn(ledger: Ledger) -> None:
    await ledger.fund_expenditure("30.00", "maternity")
    await ledger.fund_expenditure("5.00", "medical")
    held = (await hold(ledger, "30.00", "maternity")).json()
    wrong = payment("1.00", held["id"], "medical", "benefit.hospital")
    assert (await pay(ledger, wrong)).json()["code"] == "HOLD_NOT_DRAWN"
    for id in ("hld_" + "0" * 48, "hld_zz", "anything"):
        assert (await pay(ledger, payment("1.00", id))).json()["code"] == "HOLD_UNKNOWN"


async def test_a_payment_needs_its_hold_and_takes_nothing_beside_it(ledger: Ledger) -> None:
    await ledger.fund_expenditure("9.00", "maternity")
    held = (await hold(ledger, "5.00", "maternity")).json()
    bare = payment("5.00", None, "maternity", "benefit.maternity_medical")
    for _ in range(2):  # not pinned, and never booked
        refused = await pay(ledger, bare)
        assert (refused.status_code, refused.json()["code"]) == (422, "HOLD_EXPECTED")
        assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/hold"]
    await ledger.fund_expenditure("3.00", "work_injury")
    beside = payment("5.00", held["id"], "maternity", "benefit.maternity_medical")
    beside["entries"] += pair(
        "work_injury", "benefit.work_injury", "expenditure_deposit", "3.00", "centre"
    )
    assert (await pay(ledger, beside)).json()["code"] == "HOLD_NOT_DRAWN"
    paid = payment("5.00", held["id"], "maternity", "benefit.maternity_medical")
    assert (await pay(ledger, paid)).status_code == 201


async def test_only_accounts_with_a_floor_are_held(ledger: Ledger) -> None:
    answer = await hold(ledger, "1.00", account="income_deposit")
    assert (answer.status_code, answer.json()["code"]) == (422, "ACCOUNT_NOT_HOLDABLE")
    late = await hold(ledger, "1.00", expires_on="2021-01-01")
    assert (late.status_code, late.json()["code"]) == (422, "VALIDATION_FAILED")


async def test_an_expired_hold_gives_its_money_back(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ledger.fund_expenditure("25.00", "large_medical")
    tomorrow = clock.today() + timedelta(days=1)
    held = (await hold(ledger, "25.00", "large_medical", expires_on=tomorrow.isoformat())).json()
    assert (await hold(ledger, "25.00", "large_medical")).status_code == 409
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr("services.ledger.posting.flows.writer.now", lambda: later)
    late = payment("25.00", held["id"], "large_medical", "benefit.hospital")
    assert (await pay(ledger, late)).json()["code"] == "HOLD_UNKNOWN"
    fresh_hold = (await hold(ledger, "25.00", "large_medical")).json()
    body = payment("25.00", fresh_hold["id"], "large_medical", "benefit.hospital")
    assert (await pay(ledger, body)).status_code == 201
    assert (await ledger.get(f"/v1/holds/{held['id']}")).json()["remaining"] == "0.00"


async def test_expired_holds_end_once_without_a_posting_in_any_process(
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    admin: asyncpg.Connection[Any],
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
) -> None:
    await ledger.fund_expenditure("9.00", "large_outpatient")
    tomorrow = clock.today() + timedelta(days=1)
    held = [
        (await hold(ledger, amount, "large_outpatient", expires_on=tomorrow.isoformat())).json()
        for amount in ("4.00", "5.00")
    ]
    assert await expire(ledger.books) == 0, "its last day is not over"
    later = clock.now() + timedelta(days=2)
    for name in ("services.ledger.posting.flows.writer.now", "shared.clock.now"):
        monkeypatch.setattr(name, lambda: later)
    monkeypatch.setattr("shared.clock.today", lambda: later.astimezone(clock.SHANGHAI).date())
    other = build(settings_for())
    async with client_of(other):
        await asyncio.gather(*[expire(books) for books in (ledger.books, other.state.books) * 2])
    assert await expire(ledger.books) == 0
    for one in held:
        now = (await ledger.get(f"/v1/holds/{one['id']}")).json()
        assert (now["remaining"], now["status"]) == ("0.00", "closed")
        rows = await admin.fetch(
            "SELECT kind, amount_fen FROM hold_movement WHERE hold_id = $1", one["id"][-32:]
        )
        assert [(row["kind"], row["amount_fen"]) for row in rows] == [
            ("expire", int(one["amount"].replace(".", "")))
        ]


async def test_who_may_hold(ledger: Ledger) -> None:
    body = {"event_id": fresh(), "fund": "pension", "amount": "1.00", "summary": "s"}
    for role in (Role.COLLECTION_SERVICE, Role.CENTRE_CASHIER, Role.DASHBOARD):
        assert (await ledger.post("/v1/holds", body, role)).status_code == 403
    some = "hld_" + "0" * 48
    assert (await ledger.get(f"/v1/holds/{some}", Role.DISTRICT_CLERK, "heping")).status_code == 403
    assert (await ledger.get(f"/v1/holds/{some}")).status_code == 404
    answer = await ledger.post(f"/v1/holds/{some}/releases", {"event_id": "x"}, Role.PAYOUT_SERVICE)
    assert answer.status_code == 404


async def test_one_event_gives_many_holds_back_together_and_once(ledger: Ledger) -> None:
    await ledger.fund_expenditure("30.00", "medical")
    holds = [(await hold(ledger, amount, "medical")).json()["id"] for amount in ("5.00", "7.00")]
    before = (await ledger.balances("medical"))["held"]
    body = {"event_id": fresh("void"), "holds": holds}

    async def void(**changes: Any) -> Any:
        return await ledger.post("/v1/hold-releases", body | changes, Role.PAYOUT_SERVICE)

    unknown = f"hld_{0:016x}{7:032x}"
    refused = await void(holds=[*holds, unknown])
    assert (refused.status_code, refused.json()["code"]) == (409, "HOLD_UNKNOWN")
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/holds/2"]
    assert (await void(holds=[holds[0], "nonsense"])).json()["code"] == "HOLD_UNKNOWN"
    assert (await ledger.balances("medical"))["held"] == before
    done = await void()
    assert [(one["remaining"], one["status"]) for one in done.json()["items"]] == [
        ("0.00", "closed")
    ] * 2
    again = await void()
    assert (again.json(), again.headers["idempotent-replayed"]) == (done.json(), "true")
    assert (await void(holds=holds[:1])).json()["code"] == "EVENT_ID_REUSED"
    assert fen(before) - fen((await ledger.balances("medical"))["held"]) == 1_200


def fen(yuan: str) -> int:
    return int(yuan.replace(".", ""))
