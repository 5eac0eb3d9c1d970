"""Random histories of receipts: on every day each fen is in exactly one part, and the parts tie."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from random import Random
from typing import Any

import pytest

from services.collection.app import build
from shared.money import format_yuan, parse_yuan
from tests.collection.reconciliation.reckoning import Desk
from tests.collection.support.money import TOTAL_FEN, Owed, fetch, line, new_code, owe, push
from tests.conftest import Bearer, ClientOf, SettingsFor

PARTS = ("allocated", "moved", "suspense", "refunded", "transferred", "reversed")
DAYS = ("2021-07-19", "2021-07-22", "2021-07-28", "2021-08-05", "2021-08-31")
_numbers = count(1)


@pytest.fixture(scope="module")
async def desk(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Desk]:
    async with client_of(build(settings_for())) as client:
        yield Desk(client, bearer, database_url)


class History:
    """Facts of receipts in an order that a seed chooses; those that the rules refuse change nothing."""

    def __init__(self, desk: Desk, seed: int, owed: list[Owed]) -> None:
        self.desk, self.random, self.owed = desk, Random(seed), owed

    async def post(self, role: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        headers = self.desk.bearer(role) | {"Idempotency-Key": f"h-{next(_numbers)}"}
        answer = await self.desk.api.post(path, json=body, headers=headers)
        assert answer.status_code < 500, answer.text
        return dict(answer.json()) if answer.is_success else None

    async def play(self, facts: int) -> None:
        """Play so many facts."""
        deeds = (self.pay, self.pay, self.match, self.give_back, self.move)
        for _ in range(facts):
            await self.random.choice(deeds)()

    def day(self, first: int = 20) -> str:
        return f"2021-07-{self.random.randint(first, 31):02d}"

    async def pay(self) -> None:
        """Pay a part, all or too much, for a unit or under an unknown code."""
        code = self.random.choice([*(one.credit_code for one in self.owed), new_code()])
        fen = self.random.choice([1, 777, TOTAL_FEN // 2, TOTAL_FEN, 2 * TOTAL_FEN])
        serial, day = f"H{next(_numbers):06d}", self.day()
        body = push(serial, [line(serial, code, fen, paid_on=day)], collected_on=day)
        assert await self.post("tax_bureau", "/v1/tax-pushes", body)

    async def receipt(self) -> dict[str, Any] | None:
        rows = await fetch(
            self.desk.url,
            "SELECT 'rcp_' || lpad(to_hex(receipt_key), 16, '0') || replace(id::text, '-', '') AS id,"
            " amount_fen FROM receipt ORDER BY id",
        )
        return self.random.choice(rows) if rows else None

    async def match(self) -> None:
        if found := await self.receipt():
            one = self.random.choice(self.owed)
            body = {
                "credit_code": one.credit_code,
                "period": one.period,
                "matched_on": f"2021-08-{self.random.randint(1, 9):02d}",
            }
            await self.post("fund_accountant", f"/v1/receipts/{found['id']}/matches", body)

    async def give_back(self) -> None:
        if found := await self.receipt():
            fen = self.random.choice([1, found["amount_fen"] // 2, found["amount_fen"]])
            body = {
                "amount": format_yuan(max(fen, 1)),
                "returned_on": "2021-08-01",
                "bank_serial": f"B{next(_numbers):06d}",
                "reason": "退票",
                "document": "银行通知",
            }
            await self._by_two(f"/v1/receipts/{found['id']}/returns", "receipt-returns", body)

    async def move(self) -> None:
        if found := await self.receipt():
            one = self.random.choice(self.owed)
            body = {
                "credit_code": one.credit_code,
                "period": one.period,
                "moved_on": "2021-08-02",
                "reason": "误记",
                "document": "更正函",
            }
            await self._by_two(f"/v1/receipts/{found['id']}/moves", "receipt-moves", body)

    async def _by_two(self, path: str, papers: str, body: dict[str, Any]) -> None:
        if filed := await self.post("fund_accountant", path, body):
            approval = {"decided_on": "2021-08-03"}
            paper = f"/v1/{papers}/{filed['id']}/approvals"
            await self.post("department_head", paper, approval)


async def proof(desk: Desk, as_of: str) -> dict[str, Any]:
    answer = await desk.api.get(
        "/v1/receipt-parts", params={"as_of": as_of}, headers=desk.bearer("supervisor")
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("seed", range(4))
async def test_parts_hold_on_every_day_of_any_history(
    desk: Desk, database_url: str, seed: int
) -> None:
    history = History(desk, seed, await owe(database_url, count=3))
    await history.play(18)
    for day in DAYS:
        found = await proof(desk, day)
        assert found["ties"], (seed, day, found)
        for channel in found["channels"]:
            parts_fen = sum(parse_yuan(channel[part]) for part in PARTS)
            assert parts_fen == parse_yuan(channel["amount"]), (seed, day)
    rows = await desk.api.get(
        "/v1/receipt-parts/receipts",
        params={"wrong": "true"},
        headers=desk.bearer("supervisor"),
    )
    assert rows.json()["items"] == []


async def test_every_part_was_met(desk: Desk) -> None:
    (tax,) = (await proof(desk, "2100-12-31"))["channels"]
    assert {part for part in PARTS if parse_yuan(tax[part])} == {*PARTS} - {
        "refunded",
        "transferred",
    }
