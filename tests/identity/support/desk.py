"""A desk of the identity service in tests: its app, its database, and ways to ask for a token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.changes.flows import change as change_flow
from services.identity.changes.flows import proposal as proposal_flow
from services.identity.principals import flows as principals_flow
from services.identity.principals.domain import Principal, PrincipalKind
from services.identity.tokens.flows import token as token_flow
from services.identity.tokens.flows import trust as trust_flow
from shared.db import Database
from shared.roles import Caller, Role
from shared.security.trust import Trust

T = TypeVar("T")
TOKEN = "/v1/oauth/token"
DISTRICTS = frozenset({"centre", "heping", "nankai", "binhai"})
OPERATOR = "operator:test"
GRANT = {"grant_type": "client_credentials"}


@dataclass
class Desk:
    """The running service and what a test does with it."""

    app: FastAPI
    http: httpx.AsyncClient

    @property
    def db(self) -> Database:
        db: Database = self.app.state.db
        return db

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run work in one transaction."""
        return await self.db.run(work)

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Read rows."""

        async def work(tx: AsyncConnection) -> list[dict[str, Any]]:
            return [dict(row._mapping) for row in await tx.execute(text(sql), values)]

        return await self.run(work)

    async def add(self, new: Principal) -> Principal:
        """Add a principal as the operator."""

        await self._alone(new)
        return new

    async def _alone(self, new: Principal) -> str:
        async def work(tx: AsyncConnection) -> str:
            is_city = new.role is Role.EMPLOYER_PORTAL and new.units is None
            proposal = await proposal_flow.to_add(tx, new, DISTRICTS, every_unit=is_city)
            secret = await change_flow.alone(tx, proposal, by=OPERATOR, districts=DISTRICTS)
            assert secret is not None
            return secret.value

        return await self.run(work)

    async def admin(self, name: str) -> dict[str, str]:
        """The Authorization header of an administrator, who is added if need be."""
        if not await self.rows("SELECT 1 FROM principal WHERE name = :name", name=name):
            new = Principal(name=name, kind=PrincipalKind.PERSON, role=Role.IDENTITY_ADMIN)
            await self.add(new)
        return await self.bearer(name)

    async def bearer(self, name: str) -> dict[str, str]:
        """The Authorization header of a principal."""
        return {"Authorization": f"Bearer {await self.token_of(name)}"}

    async def add_client(self, name: str, role: Role = Role.TAX_BUREAU, **more: Any) -> str:
        """Add a machine's client; its secret."""
        values = {"organisation": "天津市税务局"} | more
        new = Principal(name=name, kind=PrincipalKind.CLIENT, role=role, **values)
        return await self._alone(new)

    async def enable(self, name: str) -> None:
        """Enable a principal as the operator."""

        async def work(tx: AsyncConnection) -> None:
            proposal = await proposal_flow.to_enable(tx, name)
            await change_flow.alone(tx, proposal, by=OPERATOR, districts=DISTRICTS)

        await self.run(work)

    async def ask(self, client: str, secret: str) -> httpx.Response:
        """Ask for a token with HTTP Basic."""
        return await self.http.post(TOKEN, data=GRANT, auth=(client, secret))

    async def token(self, client: str, secret: str) -> str:
        """Get a token."""
        answer = await self.ask(client, secret)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def token_of(self, name: str) -> str:
        """Sign a token of a principal without asking for its secret."""

        async def work(tx: AsyncConnection) -> str:
            found = await principals_flow.find(tx, name)
            return await token_flow.issue(tx, found, self.app.state.keyring)

        return await self.run(work)

    def trust(self, audience: str) -> Trust:
        """The trust of another service, which asks this one every time."""

        async def fetch() -> dict[str, Any]:
            return await self.run(trust_flow.answer)

        return Trust(audience, fetch)

    async def admit(self, token: str, audience: str = "collection") -> Caller:
        """Admit a token as another service would that has just asked."""
        return await self.trust(audience).admit(token)
