"""The running services, their clients, and one half's figures: shared by both halves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

from benchmarks._desks import Tokens
from shared.money import parse_yuan
from shared.roles import Role
from shared.security.personal_data import AccountCipher

POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Half:
    """The figures of one half: lines a second end to end, and whether the books tie."""

    lines_per_s: float
    plain_per_s: float
    verified: bool


@dataclass(frozen=True, slots=True)
class Doors:
    """The running services: clients that sign in as anybody, and the administrator's database."""

    collection: httpx.AsyncClient
    ledger: httpx.AsyncClient
    tokens: Tokens
    admin_url: str
    cpu_seconds: Callable[[], dict[str, float]]
    accounts: AccountCipher

    async def ask(
        self, method: str, path: str, role: Role, *, ledger: bool = False, **how: Any
    ) -> Any:
        """Ask a service as a role; the answer's JSON."""
        client = self.ledger if ledger else self.collection
        token = await self.tokens.of(role.value)
        headers = {"Authorization": f"Bearer {token}"} | how.pop("headers", {})
        answer = await client.request(method, path, headers=headers, **how)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    async def operation_ends(self, operation: str) -> dict[str, Any]:
        """Wait for an operation; its answer."""
        while True:
            found: dict[str, Any] = await self.ask(
                "GET", f"/v1/operations/{operation}", Role.SUPERVISOR
            )
            if found["status"] == "failed":
                raise RuntimeError(str(found["error"])[:500])
            if found["status"] == "succeeded":
                return found
            await asyncio.sleep(POLL_SECONDS)

    async def booked(self) -> None:
        """Wait until the ledger has acknowledged every voucher."""
        while True:
            box = await self.ask("GET", "/v1/outbox", Role.SUPERVISOR)
            if box["refused"]:
                raise RuntimeError(f"the ledger refused {box['refused']} vouchers")
            if not box["waiting"]:
                return
            await asyncio.sleep(POLL_SECONDS)

    async def balances(self, book: str, day: str) -> Mapping[str, int]:
        """Net amount of each account of a book over all funds, debit less credit (fen)."""
        found = await self.ask(
            "GET",
            "/v1/trial-balance",
            Role.SUPERVISOR,
            ledger=True,
            params={"as_of": day, "book": book},
        )
        net: dict[str, int] = {}
        for fund in found["funds"]:
            for row in fund["accounts"]:
                fen = parse_yuan(row["debit"]) - parse_yuan(row["credit"])
                net[row["account"]] = net.get(row["account"], 0) + fen
        return net

    def report_cost(self, before: Mapping[str, float], lines: int, seconds: float) -> None:
        """Print the processor time that lines took, which other work on the machine stretches less
        than it does the seconds."""
        spent = {name: now - before.get(name, 0.0) for name, now in self.cpu_seconds().items()}
        total = sum(spent.values())
        shares = ", ".join(f"{name} {cpu:.1f}" for name, cpu in spent.items())
        print(
            f"processor seconds {total:.1f} ({shares}) in {seconds:.1f} s on {os.cpu_count()} cores: "
            f"{lines / total:,.0f} lines to a processor second; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )

    async def rows(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Rows of a question to collection's tables."""
        connection = await asyncpg.connect(
            self.admin_url, server_settings={"search_path": "collection"}
        )
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()


def all_hold(checks: Mapping[str, bool]) -> bool:
    """Print what holds and what does not; tell whether all of it holds."""
    for name, holds in checks.items():
        print(f"  {'yes' if holds else 'NO ':<4} {name}")
    return all(checks.values())
