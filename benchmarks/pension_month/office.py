"""Pensioners of a made-up city, and the people at their desks who pay them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import numpy as np

from benchmarks._city import SEED, identity_numbers
from benchmarks._desks import Tokens
from benchmarks._watch import Peaks
from services.collection.common.store.shipped import districts_of
from services.payout.common.flows import PersonKeys
from services.supervisor.supervisor import Supervisor
from shared.ids import uuid7
from shared.process.settings import Settings
from shared.roles import CENTRE, Role
from shared.security.identity import Identity

SERVICES = ("identity", "ledger", "payout")
BANKS = ("工商银行", "农业银行", "中国银行", "建设银行", "邮储银行")
_FIELDS = [
    "person_id",
    "id",
    "identity_blind",
    "kind",
    "district",
    "sealed_number",
    "name",
    "monthly_fen",
    "bank",
    "bank_number",
    "bank_holder",
    "in_force_from",
    "registered_by",
    "registered_at",
]
_COPY_ROWS = 50_000
_REGISTERED_AT = datetime(2021, 6, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pensioners:
    """The pensioners of every district by number, and the sum of their monthly pensions."""

    people: dict[str, int]
    monthly_fen: dict[str, int]

    @property
    def total_fen(self) -> int:
        """One month of everybody."""
        return sum(self.monthly_fen.values())


def districts() -> list[str]:
    """The districts of the city."""
    return sorted(districts_of("tianjin"))


async def register(url: str, people: int, keys: PersonKeys) -> Pensioners:
    """Register pensioners by COPY, as an installation has them after years."""
    random = np.random.default_rng(SEED)
    codes = districts()
    amounts = (1_800_00 + random.gamma(4.0, 400_00, people)).astype(np.int64).tolist()
    numbers = [number.decode() for number in identity_numbers(people)]
    name = keys.name.seal("张建国")
    found = Pensioners(dict.fromkeys(codes, 0), dict.fromkeys(codes, 0))
    connection = await asyncpg.connect(url)
    try:
        for begin in range(0, people, _COPY_ROWS):
            rows = []
            for n in range(begin, min(begin + _COPY_ROWS, people)):
                code = codes[n * len(codes) // people]
                found.people[code] += 1
                found.monthly_fen[code] += amounts[n]
                rows.append(
                    (
                        keys.key(numbers[n]),
                        uuid7(),
                        keys.blind(numbers[n]),
                        "basic_pension",
                        code,
                        keys.seal(numbers[n]),
                        name,
                        amounts[n],
                        BANKS[n % len(BANKS)],
                        keys.bank_number.seal(f"622202030206{n:07d}"),
                        keys.bank_holder.seal("张建国"),
                        "2021-01",
                        "loader",
                        _REGISTERED_AT,
                    )
                )
            await connection.copy_records_to_table(
                "entitlement", records=rows, columns=_FIELDS, schema_name="payout"
            )
        await connection.execute("ANALYZE payout.entitlement")
    finally:
        await connection.close()
    return found


@dataclass(slots=True)
class Office:
    """One run under way: the services, the people at their desks, the seconds of each stage."""

    pensioners: Pensioners
    clients: dict[str, httpx.AsyncClient]
    tokens: Tokens
    peaks: Peaks
    period: str = "2021-07"
    pay_date: str = "2021-08-05"
    seconds: dict[str, float] = field(default_factory=dict)

    async def sign_in(self) -> None:
        """Sign everybody in, as people do before they begin: a sign-in is slow on purpose."""
        for role in (Role.DISTRICT_CLERK, Role.DISTRICT_REVIEWER):
            for district in self.pensioners.people:
                await self.tokens.of(f"{role.value}.{district}")
        for role in (
            Role.CENTRE_AUDITOR,
            Role.DEPARTMENT_HEAD,
            Role.CENTRE_LEADER,
            Role.CENTRE_CASHIER,
            Role.FUND_ACCOUNTANT,
            Role.BANK_GATEWAY,
            Role.SUPERVISOR,
        ):
            await self.tokens.of(role.value)

    async def send(
        self, service: str, method: str, path: str, role: Role, district: str = CENTRE, **how: Any
    ) -> httpx.Response:
        """Ask a service as a role; the whole answer."""
        name = role.value if district == CENTRE else f"{role.value}.{district}"
        headers = {"Authorization": f"Bearer {await self.tokens.of(name)}"}
        headers |= how.pop("headers", {})
        answer = await self.clients[service].request(method, path, headers=headers, **how)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    async def ask(
        self, service: str, method: str, path: str, role: Role, district: str = CENTRE, **how: Any
    ) -> Any:
        """Ask a service as a role; the answer's JSON."""
        return (await self.send(service, method, path, role, district, **how)).json()

    async def stage(self, name: str, work: Any) -> Any:
        """Do a stage and keep its seconds."""
        began = time.perf_counter()
        found = await work
        self.seconds[name] = time.perf_counter() - began
        print(f"{name:<28} {self.seconds[name]:8.2f} s", flush=True)
        return found


@asynccontextmanager
async def office(settings: Settings, people: int, admin_url: str) -> AsyncIterator[Office]:
    """Start the services, register the pensioners, sign people in; stop everything at the end."""
    log: list[str] = []
    house = Supervisor(
        settings,
        SERVICES,
        ports=dict.fromkeys((*SERVICES, "collection"), 0),
        on_log=lambda name, line: log.append(f"{name}: {line}"),
    )
    async with house:
        identity = Identity.load(settings.identity_path, house.settings.field_keys_of("payout"))
        began = time.perf_counter()
        pensioners = await register(admin_url, people, PersonKeys.of(identity))
        print(f"registered by COPY in {time.perf_counter() - began:.1f} s (not timed)", flush=True)
        peaks = Peaks({name: house.pid_of(name) or 0 for name in SERVICES}, admin_url)
        limits = httpx.Timeout(600)
        async with (
            peaks,
            httpx.AsyncClient(base_url=house.urls["payout"], timeout=limits) as payout,
            httpx.AsyncClient(base_url=house.urls["ledger"], timeout=limits) as ledger,
        ):
            clients = {"payout": payout, "ledger": ledger}
            run = Office(pensioners, clients, Tokens(house), peaks)
            await run.sign_in()
            try:
                yield run
            except RuntimeError:
                print("\n".join(log[-20:]))
                raise
