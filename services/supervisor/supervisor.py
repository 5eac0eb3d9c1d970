"""The whole house as one asynchronous object: `start`, `urls`, `pid_of`, `stop`."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import httpx

from services.database import field_keys
from services.database.administrator import given_admin_url, uses_embedded
from services.database.passwords import role_passwords
from services.embedded import EmbeddedPostgres
from services.migrate import migrate
from services.supervisor.child import Child, OnLog, settings_environment
from services.supervisor.ports import PortTaken, check_port, free_port
from shared.db import SERVICES
from shared.guard import forwarded, tls
from shared.process.database_address import without_login
from shared.process.regions import require_region
from shared.process.settings import Settings
from shared.security import identity, sandbox

READY_SECONDS = 60.0
WITHOUT_DATABASE = ("console", "sandbox")
_START_RESTARTS = 3
"""A child that died this often before it was ever ready will not come."""
_WATCH_SECONDS = 0.5


class SupervisorError(Exception):
    """The house does not start; the text says which part and why."""


def print_log(name: str, line: str) -> None:
    """Print to stderr, each line after its process's name: the default log."""
    print(f"{name:<10} | {line}", file=sys.stderr, flush=True)


class Supervisor:
    """Runs services as child processes on one database.

    Args:
        settings: of the whole house; each child gets them with its own database address.
        services: which to run; `console` and `sandbox` may be among them.
        ports: service → port, instead of the settings'; 0 picks a free one, once.
        on_log: takes (process name, line); default: stderr.

    As a context manager it starts on entry and stops at the end. Start it on the main thread: its
    children end with the thread that started them.
    """

    def __init__(
        self,
        settings: Settings,
        services: Sequence[str] = (*SERVICES, "sandbox"),
        *,
        ports: Mapping[str, int] | None = None,
        on_log: OnLog = print_log,
    ) -> None:
        self.services = tuple(services)
        wanted = {
            name: getattr(settings, f"{name}_port") for name in (*SERVICES, *WITHOUT_DATABASE)
        }
        wanted |= dict(ports or {})
        self.ports = {name: port or free_port(settings.host) for name, port in wanted.items()}
        self.settings = self._addressed(settings)
        self.on_log = on_log
        self.admin_url = given_admin_url(settings)
        self.secrets: dict[str, str] = {}
        """Client id → secret of the sandbox's identities, once started."""
        self._embedded = EmbeddedPostgres(settings.home) if uses_embedded(settings) else None
        self._lock: int | None = None
        self._children: dict[str, Child] = {}
        self._watch: asyncio.Task[None] | None = None

    @property
    def urls(self) -> dict[str, str]:
        """Service → base address."""
        return {name: self._url(name) for name in self.services}

    def pid_of(self, name: str) -> int | None:
        """Process id of a service, None while it is down."""
        return self._children[name].pid

    async def start(self) -> None:
        """Database, identities, migrations, services; returns when all of them are ready.

        Raises:
            RegionUnknown: the region is in no file; nothing was started.
            PortTaken: a port is in use; nothing was started.
            SupervisorError: another house runs in this home, or a service does not come up; its
                last words are in the text.
            EmbeddedError, MigrationError: see there.
        """
        require_region(self.settings.region, self.settings.regions_path)
        self._take_home()
        try:
            self._check_ports()
            await self._prepare()
            await self._start_children()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the services, then the database if it ran for us."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        await asyncio.gather(*(child.stop() for child in self._children.values()))
        self._children = {}
        if self._embedded is not None:
            await asyncio.to_thread(self._embedded.release)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def wait_ready(self, name: str, seconds: float = READY_SECONDS) -> None:
        """Wait until a service says that it is ready.

        Raises:
            SupervisorError: it does not within the time, or keeps dying.
        """
        child = self._children[name]
        born = child.restarts
        deadline = asyncio.get_running_loop().time() + seconds
        trusted = tls.trusted(self.settings)
        async with httpx.AsyncClient(trust_env=False, timeout=5, verify=trusted) as client:
            answer = "no answer"
            while asyncio.get_running_loop().time() < deadline:
                with suppress(httpx.TransportError):
                    response = await client.get(f"{self._url(name)}/readyz")
                    if response.status_code == 200:
                        return
                    answer = response.text[:500]
                if child.restarts - born >= _START_RESTARTS:
                    answer = "it keeps dying"
                    break
                await asyncio.sleep(0.05)
        last = "\n  ".join(child.last_lines)
        raise SupervisorError(f"{name} does not become ready: {answer}\n  {last}")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    # --- how ------------------------------------------------------------------------------

    def _url(self, name: str) -> str:
        return self.settings.own_url(self.ports[name])

    def _addressed(self, settings: Settings) -> Settings:
        self.settings = settings
        changes: dict[str, object] = {f"{name}_port": port for name, port in self.ports.items()}
        changes["sandbox_identities"] = changes["api_pages"] = True
        if "sandbox" in self.services:
            changes["sandbox_day_path"] = settings.home / "sandbox" / "day"
        for name in SERVICES:
            changes[f"{name}_url"] = self._url(name)
        return settings.model_copy(update=changes)

    def _take_home(self) -> None:
        """Become the only house of this home; the kernel gives the place up when we die."""
        home = self.settings.home
        # Root's home must let the database server's account through, as `embedded.place` says.
        home.mkdir(parents=True, exist_ok=True, mode=0o755 if os.geteuid() == 0 else 0o700)
        descriptor = os.open(home / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode().strip() or "?"
            os.close(descriptor)
            raise SupervisorError(
                f"wuxian already runs in {home} (process {holder}): stop it first, or set"
                " WUXIAN_HOME to another directory"
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._lock = descriptor

    def _check_ports(self) -> None:
        faults = []
        for name in self.services:
            try:
                check_port(self.settings.host, self.ports[name], name)
            except PortTaken as taken:
                faults.append(str(taken))
        if faults:
            raise PortTaken("\n".join(faults))

    async def _prepare(self) -> None:
        identity.create(self.settings.identity_path, sm3=self.settings.blind_index_hash == "sm3")
        forwarded.create(self.settings.console_key_path)
        self.secrets = sandbox.make_secrets(
            self.settings.identity_path, self.settings.sandbox_districts
        )
        if self._embedded is not None:
            self.admin_url = await asyncio.to_thread(self._embedded.start, tied=True)
        if self.admin_url is None:
            return  # the operator migrates by himself; each service says whether he has
        databases = [name for name in self.services if name in SERVICES]
        passwords = role_passwords(self.settings, databases)
        field_keys.keep(self.settings, databases)
        ours = self._embedded is not None
        for found in await migrate(self.admin_url, databases, passwords=passwords, renew=ours):
            if not found.is_at_head:
                was = found.current or "nothing"
                self.on_log("supervisor", f"{found.service} migrated from {was} to {found.head}")

    async def _start_children(self) -> None:
        run = self.settings.home / "run"
        run.mkdir(parents=True, exist_ok=True)
        for name in self.services:
            words = ["serve", name, "--host", self.settings.host, "--port", str(self.ports[name])]
            if name in SERVICES:
                words.append("--no-migrate")
            self._children[name] = Child(name, words, run, self.on_log)
            await self._children[name].start(self._environment(name))
        waits = [asyncio.create_task(self.wait_ready(name)) for name in self.services]
        try:
            await asyncio.gather(*waits)
        finally:
            for wait in waits:
                wait.cancel()
        if self._embedded is not None:
            self._watch = asyncio.create_task(self._watch_database(), name="watch-database")

    def _environment(self, name: str) -> dict[str, str]:
        """A child's settings: where the database is, never the administrator's or a peer's login."""
        of_others = [one for one in SERVICES if one != name or self.admin_url]
        changes: dict[str, object] = dict.fromkeys(f"{one}_database_url" for one in of_others)
        changes["admin_database_url"] = None
        where = self.settings.database_url or self.admin_url
        changes["database_url"] = without_login(where) if where and name in SERVICES else None
        return settings_environment(self.settings.model_copy(update=changes))

    async def _watch_database(self) -> None:
        """Start the embedded server again when it died, which recovers what was committed."""
        assert self._embedded is not None
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if self._embedded.status.running:
                continue
            self.on_log("supervisor", "database died; starting it again")
            try:
                url = await asyncio.to_thread(self._embedded.start, tied=True)
            except Exception as error:
                self.on_log("supervisor", f"database does not start: {error}")
                await asyncio.sleep(5)
                continue
            if url != self.admin_url:  # somebody took its port meanwhile
                self.admin_url = url
                for name, child in self._children.items():
                    await child.stop()
                    await child.start(self._environment(name))
