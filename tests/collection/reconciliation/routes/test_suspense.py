"""Money in suspense has an age and an owner; proposals are made, and learned from what people confirm."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.collection.app import build
from shared.ids import Ref
from shared.references import Reference
from tests.collection.reconciliation.reckoning import Desk
from tests.collection.support.money import TOTAL_FEN, new_code, owe
from tests.conftest import Bearer, ClientOf, SettingsFor

DAY = "2021-07-20"
NUMBER = "6222020302008888888"


@pytest.fixture(scope="module")
async def desk(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Desk]:
    async with client_of(build(settings_for())) as client:
        yield Desk(client, bearer, database_url)


async def get(desk: Desk, path: str, **query: Any) -> dict[str, Any]:
    answer = await desk.api.get(path, params=query, headers=desk.bearer("fund_accountant"))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def receipts(desk: Desk) -> dict[str, str]:
    """Serial → the receipt in suspense."""
    found = await get(desk, "/v1/suspense-ageing/receipts", limit=500)
    return {one["serial"]: one["receipt"] for one in found["items"]}


async def grounds(desk: Desk, receipt: str) -> dict[str, str]:
    found = await get(desk, f"/v1/receipts/{receipt}/match-proposals")
    return {one["credit_code"]: one["ground"] for one in found["items"]}


async def test_age_and_owner_are_reported(desk: Desk) -> None:
    await desk.push([("old", new_code(), 100), ("older", new_code(), 200)])
    found = await get(desk, "/v1/suspense-ageing", as_of="2021-09-01")
    (bucket,) = found["items"]
    assert (bucket["bucket"], bucket["amount"], bucket["without_owner"]) == ("31-90", "3.00", 2)
    receipt = (await receipts(desk))["old"]
    assigned = await desk.api.post(
        f"/v1/receipts/{receipt}/owners",
        json={"owner": "li"},
        headers=desk.bearer("fund_accountant"),
    )
    assert assigned.json() == {"receipt": receipt, "amount": "1.00", "owner": "li"}
    mine = await get(desk, "/v1/suspense-ageing/receipts", as_of="2021-09-01", owner="li", bucket=1)
    assert [(one["serial"], one["age_days"]) for one in mine["items"]] == [("old", 43)]
    assert not (await get(desk, "/v1/suspense-ageing/receipts", bucket=0))["items"]


async def test_proposals_name_their_ground_and_learn_accounts(
    desk: Desk, database_url: str
) -> None:
    first, second, third = await owe(database_url, bank=False, count=3)
    bill = Ref(second.unit_id, second.bill_id).text(Reference.BILL)
    names = ("by-account", "by-bill", "by-code", "by-amount")
    lines = [(name, new_code(), 500) for name in names]
    await desk.push([*lines[:-1], ("by-amount", new_code(), TOTAL_FEN)])
    content = (
        "booked_on,amount,serial,reference,counter_account,text\n"
        f"{DAY},5.00,by-account,,{NUMBER},\n{DAY},5.00,by-bill,,,{bill}\n"
        f"{DAY},5.00,by-code,,,缴{third.credit_code}社保\n"
    )
    answer = await desk.api.post(
        "/v1/bank-statements",
        params={
            "account": "treasury_deposit",
            "first": DAY,
            "last": DAY,
            "opening": "0.00",
            "closing": "15.00",
        },
        content=content.encode(),
        headers=desk.bearer("centre_cashier") | {"Content-Type": "text/csv"},
    )
    assert answer.status_code == 201, answer.text
    waiting = await receipts(desk)
    assert await grounds(desk, waiting["by-bill"]) == {second.credit_code: "bill"}
    assert await grounds(desk, waiting["by-code"]) == {third.credit_code: "credit_code"}
    assert first.credit_code in await grounds(desk, waiting["by-amount"])
    assert await grounds(desk, waiting["by-account"]) == {}
    confirmed = await desk.api.post(
        f"/v1/receipts/{waiting['by-account']}/matches",
        json={"credit_code": first.credit_code, "period": "2021-07", "matched_on": "2021-08-02"},
        headers=desk.bearer("fund_accountant") | {"Idempotency-Key": "confirm"},
    )
    assert confirmed.status_code == 201, confirmed.text
    await desk.run(DAY)
    await desk.push([("again", new_code(), 700)])
    desk.balance_fen = 1_500
    await desk.upload([("2021-07-21", 700, "again", NUMBER)], "2021-07-21")
    again = (await receipts(desk))["again"]
    assert await grounds(desk, again) == {first.credit_code: "payer_account"}
