"""Payout with the real ledger behind it, for tests."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

from shared.money import parse_yuan
from tests.payout.support.office import Office


class LossyTransport(httpx.AsyncBaseTransport):
    """Calls the ledger and can lose its answer afterwards."""

    def __init__(self, app: FastAPI) -> None:
        self._inner = httpx.ASGITransport(app)
        self.lost = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if self.lost and request.method == "POST":
            self.lost -= 1
            raise httpx.ReadError("lost", request=request)
        return answer


@dataclass
class City(Office):
    """An office with the real ledger behind it."""

    ledger: httpx.AsyncClient
    transport: LossyTransport
    database_url: str

    async def ledger_request(self, method: str, path: str, body: Any = None, *, role: str) -> Any:
        headers = self.bearer(role) | {"Idempotency-Key": uuid4().hex}
        answer = await self.ledger.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def give(self, fund: str, amount: str) -> None:
        """Put money on the expenditure account: a fiscal subsidy, then a transfer for spending."""
        for kind in ("fiscal_subsidy", "expenditure_funding"):
            amounts = [{"fund": fund, "amount": amount}]
            body = {"kind": kind, "day": "2021-08-01", "amounts": amounts}
            settlement = await self.ledger_request(
                "POST", "/v1/settlements", body, role="fund_accountant"
            )
            path = f"/v1/settlements/{settlement['id']}/approvals"
            await self.ledger_request("POST", path, role="centre_leader")

    async def balances(self, fund: str) -> dict[str, int]:
        """Read a fund's balances in fen by account, and the amount held."""
        answer = await self.ledger_request("GET", "/v1/funds/balances", role="dashboard")
        (row,) = [one for one in answer["funds"] if one["fund"] == fund]
        accounts = {name: parse_yuan(amount) for name, amount in row["accounts"].items()}
        return accounts | {"held": parse_yuan(row["held"])}

    async def hold(self, hold: str) -> dict[str, Any]:
        shown: dict[str, Any] = await self.ledger_request(
            "GET", f"/v1/holds/{hold}", role="payout_service"
        )
        return shown
