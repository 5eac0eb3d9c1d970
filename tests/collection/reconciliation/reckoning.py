"""Statements, and the books' movements as the feed would tell them, for tests of reconciliation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from itertools import count
from typing import Any

import httpx

from services.collection.reconciliation.domain.movement import BookMovement, movements_of
from services.collection.reconciliation.domain.statement import account_key
from shared.money import format_yuan
from tests.collection.support.money import connect, line, push, vouchers
from tests.conftest import Bearer

TREASURY = "treasury_deposit"
_numbers = count(1)
Entry = tuple[str, int, str]
"""Day, fen, reference."""


def csv_of(entries: Iterable[Sequence[Any]]) -> bytes:
    """Write entries (day, fen, serial, counter account) as a statement file."""
    rows = ["booked_on,amount,serial,counter_account"]
    for day, fen, reference, *account in entries:
        rows.append(f"{day},{format_yuan(fen)},{reference},{account[0] if account else ''}")
    return "\n".join(rows).encode()


class Desk:
    """The people who reconcile, at collection's doors; its books are the outbox's vouchers."""

    def __init__(self, api: httpx.AsyncClient, bearer: Bearer, url: str) -> None:
        self.api, self.bearer, self.url = api, bearer, url
        self.balance_fen = 0
        self._booked = 0

    async def push(self, lines: Sequence[tuple[str, str, int]], **other: str) -> None:
        """Push lines (serial, credit code, fen) of the tax bureau, and book them."""
        body = push(f"P{next(_numbers):05d}", [line(*one) for one in lines], **other)
        headers = self.bearer("tax_bureau") | {"Idempotency-Key": body["push_no"]}
        answer = await self.api.post("/v1/tax-pushes", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert not answer.json()["rejected"]
        await self.book()

    async def book(self) -> None:
        """Let the books have the vouchers that are new in the outbox."""
        every = await vouchers(self.url)
        new = every[self._booked :]
        found = [
            one
            for number, voucher in enumerate(new, self._booked)
            if "entries" in voucher
            for one in movements_of(
                {"value_date": None, "references": {}, "reverses": None}
                | voucher
                | {"slot": 1, "seq": number, "id": f"vch_1_{number}"}
            )
        ]
        self._booked = len(every)
        await self.move(found)

    async def move(self, movements: Sequence[BookMovement]) -> None:
        """Put movements into the books, as the job does."""
        db = await connect(self.url)
        try:
            await db.copy_records_to_table(
                "book_movement",
                records=[(account_key(one.account), *astuple(one)) for one in movements],
            )
        finally:
            await db.close()

    async def upload(
        self, entries: Sequence[Sequence[Any]], day: str, until: str = "", **other: Any
    ) -> httpx.Response:
        """Upload a statement whose balances continue the last one."""
        closing_fen = self.balance_fen + sum(one[1] for one in entries)
        query = {
            "account": TREASURY,
            "first": day,
            "last": until or day,
            "opening": format_yuan(self.balance_fen),
            "closing": format_yuan(closing_fen),
        }
        answer = await self.api.post(
            "/v1/bank-statements",
            params=query | other,
            content=csv_of(entries),
            headers=self.bearer("centre_cashier") | {"Content-Type": "text/csv"},
        )
        if answer.status_code == 201 and not answer.json()["replayed"]:
            self.balance_fen = closing_fen
        return answer

    async def expect(self, **setting: Any) -> dict[str, Any]:
        """Have two people set that statements of the account are expected."""
        body = {"account": TREASURY, "note": "国库每日提供"} | setting
        filed = await self.api.post(
            "/v1/statement-accounts", json=body, headers=self.bearer("fund_accountant")
        )
        assert filed.status_code == 201, filed.text
        done = await self.api.post(
            f"/v1/statement-account-changes/{filed.json()['id']}/approvals",
            headers=self.bearer("department_head"),
        )
        assert done.status_code == 201, done.text
        return dict(done.json())

    async def run(self, first: str | None = None) -> dict[str, Any]:
        """Match the account."""
        body = {"account": TREASURY} | ({"first": first} if first else {})
        answer = await self.api.post(
            "/v1/reconciliations", json=body, headers=self.bearer("fund_accountant")
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def items(self, **filters: Any) -> list[dict[str, Any]]:
        """List items."""
        answer = await self.api.get(
            "/v1/reconciliation-items",
            params={"account": TREASURY, "limit": 500} | filters,
            headers=self.bearer("fund_accountant"),
        )
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def kinds(self) -> dict[str, str]:
        """Return subject → kind of what is unfinished."""
        return {one["subject"]: one["kind"] for one in await self.items(unfinished=True)}

    async def step(self, item: str, step: str, role: str, **body: Any) -> httpx.Response:
        """Take a step on an item."""
        return await self.api.post(
            f"/v1/reconciliation-items/{item}/{step}",
            json=body or None,
            headers=self.bearer(role, subject=body.pop("by", role)),
        )
