"""The ledger as an app over ASGI on a real database, and a person at each of its doors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.ledger.app import build
from services.ledger.chain.flows.verify import Verdict
from services.ledger.posting.flows import checkpoint as checkpoint_flow
from services.ledger.posting.flows.books import Books
from shared.roles import CENTRE, Role
from tests.ledger.support.checkpoints import verified
from tests.ledger.support.making import fresh


@pytest.fixture(scope="session", autouse=True)
def frequent_checkpoints() -> Iterator[None]:
    """Write a checkpoint every three vouchers, so that readers meet both sides of one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint_flow, "CHECKPOINT_VOUCHERS", 3)
        yield


@dataclass(frozen=True)
class Ledger:
    """A running ledger: its client, its books, and the headers of whoever asks."""

    client: httpx.AsyncClient
    app: FastAPI
    bearer: Callable[..., dict[str, str]]
    url: str

    @property
    def books(self) -> Books:
        books: Books = self.app.state.books
        return books

    async def get(
        self, path: str, role: Role = Role.SUPERVISOR, of: str = CENTRE, **params: Any
    ) -> httpx.Response:
        return await self.client.get(path, params=params, headers=self.bearer(role, of))

    async def post(
        self,
        path: str,
        body: Any,
        role: Role = Role.COLLECTION_SERVICE,
        district: str = CENTRE,
        subject: str | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        headers = self.bearer(role, district, subject) | {"Idempotency-Key": key or fresh("key")}
        return await self.client.post(path, json=body, headers=headers)

    async def balances(self, fund: str = "pension", **params: Any) -> dict[str, str]:
        answer = await self.get("/v1/funds/balances", **params)
        found = next(one for one in answer.json()["funds"] if one["fund"] == fund)
        return dict(found["accounts"]) | {"held": found["held"]}

    async def settle(self, kind: str, day: str = "2021-07-31", **more: Any) -> dict[str, Any]:
        """Propose and approve a settlement by two people."""
        body = {"kind": kind, "day": day} | more
        proposed = await self.post("/v1/settlements", body, Role.FUND_ACCOUNTANT)
        assert proposed.status_code == 201, proposed.text
        path = f"/v1/settlements/{proposed.json()['id']}/approvals"
        approved = await self.post(path, {}, Role.DEPARTMENT_HEAD)
        assert approved.status_code == 200, approved.text
        return dict(approved.json())

    async def fund_expenditure(
        self, amount: str, fund: str = "pension", day: str = "2021-07-01"
    ) -> None:
        """Put money on the expenditure account by the way it really comes, before any payment."""
        amounts = [{"fund": fund, "amount": amount}]
        await self.settle("fiscal_subsidy", day, amounts=amounts)
        await self.settle("expenditure_funding", day, amounts=amounts)

    async def hold(self, amount: str, fund: str = "pension") -> str:
        """Set money of the expenditure account aside for a payment."""
        body = {"event_id": fresh("hold"), "fund": fund, "amount": amount, "summary": "待遇"}
        answer = await self.post("/v1/holds", body, Role.PAYOUT_SERVICE)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def verify(self) -> Verdict:
        return await verified(self.books)


@pytest.fixture(scope="module")
async def ledger(
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
    database_url: str,
) -> AsyncIterator[Ledger]:
    app = build(settings_for())
    async with client_of(app) as client:
        running = Ledger(client, app, bearer, database_url)
        yield running
        assert (await running.verify()).faults == ()


@pytest.fixture
async def admin(database_url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A superuser's connection in the ledger's schema."""
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "ledger"})
    yield connection
    await connection.close()
