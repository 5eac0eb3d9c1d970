"""The people of a made-up city at their desks: its services, tokens, and one request each."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks._city import City, register
from benchmarks._watch import Peaks
from services.supervisor.supervisor import Supervisor
from shared.process.settings import Settings
from shared.roles import CENTRE, Role
from shared.security.identity import Identity
from shared.security.personal_data import AccountCipher
from shared.security.tokens import TOKEN_SECONDS


class Tokens:
    """Tokens of the sandbox's people, asked for again before they expire."""

    def __init__(self, house: Supervisor) -> None:
        self._house = house
        self._known: dict[str, tuple[float, str]] = {}

    async def of(self, name: str) -> str:
        """A token of a person."""
        asked_at, token = self._known.get(name, (float("-inf"), ""))
        if asked_at + TOKEN_SECONDS / 2 < time.monotonic():
            async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
                answer = await client.post(
                    f"{self._house.urls['identity']}/v1/oauth/token",
                    data={"grant_type": "client_credentials"},
                    auth=(name, self._house.secrets[name]),
                )
            token = answer.raise_for_status().json()["access_token"]
            self._known[name] = (time.monotonic(), token)
        return token


def _name(role: Role, district: str) -> str:
    """Name the sandbox's person of a role in a district."""
    return role.value if district == CENTRE else f"{role.value}.{district}"


@dataclass(slots=True)
class Run:
    """One run under way: the city, its people at their desks, and the seconds of each stage."""

    city: City
    collection: httpx.AsyncClient
    ledger: httpx.AsyncClient
    tokens: Tokens
    peaks: Peaks
    period: str = "2021-07"
    bill_date: str = "2021-08-12"
    seconds: dict[str, float] = field(default_factory=dict)

    async def sign_in(self) -> None:
        """Sign everybody in, as people do before they begin: a sign-in is slow on purpose."""
        began = time.perf_counter()
        for role in (Role.DISTRICT_CLERK, Role.DISTRICT_REVIEWER):
            for district in self.city.districts:
                await self.tokens.of(_name(role, district.code))
        for role in (Role.CENTRE_AUDITOR, Role.SUPERVISOR):
            await self.tokens.of(_name(role, CENTRE))
        print(f"signed in in {time.perf_counter() - began:.1f} s (not timed)", flush=True)

    async def ask(
        self, method: str, path: str, role: Role, district: str = CENTRE, **how: Any
    ) -> Any:
        """Ask collection as a role; the answer's JSON."""
        token = await self.tokens.of(_name(role, district))
        headers = {"Authorization": f"Bearer {token}"} | how.pop("headers", {})
        answer = await self.collection.request(method, path, headers=headers, **how)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    async def stage(self, name: str, work: Any) -> Any:
        """Do a stage and keep its seconds."""
        began = time.perf_counter()
        found = await work
        self.seconds[name] = time.perf_counter() - began
        print(
            f"{name:<28} {self.seconds[name]:8.2f} s   "
            f"{self.city.people / self.seconds[name]:12,.0f} people/s",
            flush=True,
        )
        return found


@asynccontextmanager
async def in_house(settings: Settings, city: City, admin_url: str) -> AsyncIterator[Run]:
    """Start the services, register the city, sign its people in; stop everything at the end."""
    ports = {"identity": 0, "collection": 0, "ledger": 0}
    log: list[str] = []
    house = Supervisor(
        settings,
        ("identity", "collection", "ledger"),
        ports=ports,
        on_log=lambda name, line: log.append(f"{name}: {line}"),
    )
    async with house:
        fields = house.settings.field_keys_of("collection")
        identity = Identity.load(settings.identity_path, fields)
        began = time.perf_counter()
        await register(admin_url, city, identity.pepper, AccountCipher(identity.field_keys))
        print(f"registered by COPY in {time.perf_counter() - began:.1f} s (not timed)", flush=True)
        peaks = Peaks({name: house.pid_of(name) or 0 for name in ports}, admin_url)
        limits = httpx.Timeout(600)
        async with (
            peaks,
            httpx.AsyncClient(base_url=house.urls["collection"], timeout=limits) as collection,
            httpx.AsyncClient(base_url=house.urls["ledger"], timeout=limits) as ledger,
        ):
            run = Run(city, collection, ledger, Tokens(house), peaks)
            await run.sign_in()
            try:
                yield run
            except RuntimeError:
                print("\n".join(log[-20:]))
                raise
