"""An approved refund is withdrawn by two people: exactly once, against a settlement at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import httpx
import pytest

from services.collection.reallocation.jobs import run_due
from shared.money import format_yuan, parse_yuan
from tests.collection.support.city import City, city_of
from tests.collection.support.refunds import approved, paid_twice, requested, suspended, with_credit
from tests.collection.support.restating import assert_ties, credits_of
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.issuer import Issuer

_numbers = count(1)
PAID, LATER = "2021-11-26", "2021-12-20"


@pytest.fixture(scope="module")
async def city(
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    issuer: Issuer,
    database_url: str,
) -> AsyncIterator[City]:
    async with city_of(settings_for, client_of, bearer, issuer, database_url) as made:
        yield made
        await made.deliver()
        await made.control()


async def step(city: City, refund: str, path: str, role: str, **body: Any) -> httpx.Response:
    """Take a step of a withdrawal."""
    key = f"withdrawal-{next(_numbers)}"
    return await city.office.post(
        role, f"/v1/refunds/{refund}/withdrawals{path}", body or None, subject=role, key=key
    )


async def status_of(city: City, refund: str) -> str:
    answer = await city.office.get("supervisor", f"/v1/refunds/{refund}")
    return str(answer.json()["status"])


async def withdraw(city: City, refund: str) -> None:
    """Two people withdraw a refund."""
    asked = await step(city, refund, "", "fund_accountant", why="改为留抵")
    assert asked.status_code == 201, asked.text
    done = await step(city, refund, "/approvals", "department_head")
    assert (done.status_code, done.json()["status"]) == (201, "withdrawal_approved"), done.text


async def propose(city: City, refund: str) -> httpx.Response:
    body = {"kind": "refund", "day": PAID, "refund": refund}
    return await city.post("fund_accountant", "/v1/settlements", body, f"p-{next(_numbers)}")


async def settle(city: City, proposed: httpx.Response) -> httpx.Response:
    assert proposed.status_code == 201, proposed.text
    path = f"/v1/settlements/{proposed.json()['id']}/approvals"
    return await city.post("department_head", path, {}, f"a-{next(_numbers)}")


async def of_receipt(city: City) -> tuple[str, str, int]:
    """An approved refund of money in suspense: the refund, its receipt, the amount."""
    _, receipt, fen = await paid_twice(city.office, city.db)
    refund = await requested(city.office, {"receipt": receipt})
    await approved(city.office, refund["id"])
    return refund["id"], receipt, fen


async def test_the_money_of_a_withdrawn_refund_can_be_used_again(city: City) -> None:
    refund, receipt, fen = await of_receipt(city)
    await city.deliver()
    proposed = await propose(city, refund)
    await withdraw(city, refund)
    assert await suspended(city.office, receipt) == "0.00", "the ledger has not answered yet"
    await city.refunds.step()
    assert await status_of(city, refund) == "withdrawn"
    assert await suspended(city.office, receipt) == format_yuan(fen)
    late = await settle(city, proposed)
    assert (late.status_code, late.json()["code"]) == (409, "REFUND_WITHDRAWN")
    again = await propose(city, refund)
    assert (again.status_code, again.json()["code"]) == (409, "REFUND_WITHDRAWN")
    for _ in range(2):
        await city.refunds.step()
    assert await suspended(city.office, receipt) == format_yuan(fen), "once"
    told = await city.control(LATER)
    assert parse_yuan(told["funds"]["pension"]["items"]["suspense"]["business"]) >= fen
    other = await requested(city.office, {"receipt": receipt})
    assert parse_yuan(other["amount"]) == fen, "a new refund may be requested"


async def test_credits_are_free_again(city: City) -> None:
    unit, fen = await with_credit(city.office, city.db)
    refund = await requested(city.office, {"credits_of": unit.code})
    await approved(city.office, refund["id"])
    await city.deliver()
    await withdraw(city, refund["id"])
    await city.refunds.step()
    await run_due(city.db, "tianjin")
    await assert_ties(city.office, unit)
    left = sum(parse_yuan(one["left"]) for one in await credits_of(city.office, unit))
    assert left == fen
    await city.deliver()
    await city.control(LATER)


async def test_a_settlement_that_comes_first_stands(city: City) -> None:
    refund, receipt, _ = await of_receipt(city)
    await city.deliver()
    assert (await settle(city, await propose(city, refund))).status_code == 200
    await withdraw(city, refund)
    await city.refunds.step()
    assert await status_of(city, refund) == "paid"
    await city.refunds.step()
    assert await status_of(city, refund) == "paid"
    assert await suspended(city.office, receipt) == "0.00"
    late = await step(city, refund, "", "fund_accountant", why="改为留抵")
    assert (late.status_code, late.json()["code"]) == (409, "STATE_CONFLICT")


async def test_a_withdrawal_and_a_settlement_at_once_end_in_one_of_them(city: City) -> None:
    refunds = [await of_receipt(city) for _ in range(4)]
    await city.deliver()
    for refund, receipt, fen in refunds:
        proposed = await propose(city, refund)
        await withdraw(city, refund)
        settled, _ = await asyncio.gather(settle(city, proposed), city.refunds.step())
        while await city.refunds.step():
            pass
        if settled.status_code == 200:
            assert (await status_of(city, refund), await suspended(city.office, receipt)) == (
                "paid",
                "0.00",
            )
        else:
            assert settled.json()["code"] == "REFUND_WITHDRAWN"
            assert await status_of(city, refund) == "withdrawn"
            assert await suspended(city.office, receipt) == format_yuan(fen)
    await city.deliver()
    await city.control(LATER)


async def test_an_order_that_has_not_arrived_is_withdrawn_before_it_does(city: City) -> None:
    refund, receipt, fen = await of_receipt(city)
    await withdraw(city, refund)
    await city.refunds.step()
    assert await status_of(city, refund) == "withdrawn"
    await city.deliver()
    order = await city.ask(f"/v1/refund-orders/{refund}", role="fund_accountant")
    assert order["status"] == "withdrawn"
    assert await suspended(city.office, receipt) == format_yuan(fen)


async def test_a_lost_answer_is_asked_for_again(city: City) -> None:
    refund, receipt, fen = await of_receipt(city)
    await city.deliver()
    await withdraw(city, refund)
    city.way.lost = 1
    with pytest.raises(httpx.TransportError):
        await city.refunds.step()
    assert await status_of(city, refund) == "withdrawal_approved"
    await city.refunds.step()
    assert await status_of(city, refund) == "withdrawn"
    assert await suspended(city.office, receipt) == format_yuan(fen)


async def test_two_people_withdraw_and_a_refusal_leaves_the_refund_approved(city: City) -> None:
    refund, _, _ = await of_receipt(city)
    early = await step(city, refund, "/approvals", "department_head")
    assert (early.status_code, early.json()["code"]) == (409, "STATE_CONFLICT")
    asked = await step(city, refund, "", "fund_accountant", why="改为留抵")
    assert asked.json()["status"] == "withdrawal_requested"
    own = await city.office.post(
        "department_head",
        f"/v1/refunds/{refund}/withdrawals/approvals",
        subject="fund_accountant",
        key=f"own-{refund}",
    )
    assert (own.status_code, own.json()["code"]) == (409, "SAME_PERSON_TWICE")
    kept = await step(city, refund, "/refusals", "department_head", why="须退")
    assert (kept.status_code, kept.json()["status"]) == (201, "approved")
    await city.deliver()
    assert (await settle(city, await propose(city, refund))).status_code == 200
    await city.refunds.step()
    assert await status_of(city, refund) == "paid"
    trail = await city.office.get("supervisor", f"/v1/refunds/{refund}/trail")
    assert [one["step"] for one in trail.json()["items"]] == [
        "request",
        "approve",
        "request_withdrawal",
        "refuse_withdrawal",
        "paid",
    ]
