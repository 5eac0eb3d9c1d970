"""The whole house as one asynchronous object: `start`, `urls`, `pid_of`, `stop`."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import httpx
from sqlalchemy.engine import make_url

from services.embedded import EmbeddedPostgres
from services.migrate import migrate
from services.supervisor.child import Child, OnLog, settings_environment
from services.supervisor.ports import PortTaken, check_port, free_port
from shared.db import SERVICES, role_of
from shared.process.settings import Settings
from shared.security import identity, sandbox

READY_SECONDS = 60.0
_START_RESTARTS = 3
"""A child that died this often before it was ever ready will not come."""
_WATCH_SECONDS = 0.5


class SupervisorError(Exception):
    """The house does not start; the text says which part and why."""


def print_log(name: str, line: str) -> None:
    """The default log: to stderr, each line after its process's name."""
    print(f"{name:<10} | {line}", file=sys.stderr, flush=True)


class Supervisor:
    """Runs services as child processes on one database.

    Args:
        settings: of the whole house; each child gets them with its own database address.
        services: which to run; `sandbox` may be one of them.
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
        wanted = {name: getattr(settings, f"{name}_port") for name in (*SERVICES, "sandbox")}
        wanted |= dict(ports or {})
        self.ports = {name: port or free_port(settings.host) for name, port in wanted.items()}
        self.settings = self._addressed(settings)
        self.on_log = on_log
        self.admin_url = settings.database_url or ""
        self.secrets: dict[str, str] = {}
        """Client id → secret of the sandbox's identities, once started."""
        self._embedded = None if settings.database_url else EmbeddedPostgres(settings.home)
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
            PortTaken: a port is in use; nothing was started.
            SupervisorError: a service does not come up; its last words are in the text.
            EmbeddedError, MigrationError: see there.
        """
        self._check_ports()
        try:
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

    async def wait_ready(self, name: str, seconds: float = READY_SECONDS) -> None:
        """Wait until a service says that it is ready.

        Raises:
            SupervisorError: it does not within the time, or keeps dying.
        """
        child = self._children[name]
        born = child.restarts
        deadline = asyncio.get_running_loop().time() + seconds
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
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
        host = self.settings.host
        reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
        return f"http://{reached}:{self.ports[name]}"

    def _addressed(self, settings: Settings) -> Settings:
        self.settings = settings
        changes: dict[str, object] = {f"{name}_port": port for name, port in self.ports.items()}
        changes["sandbox_identities"] = True
        for name in SERVICES:
            changes[f"{name}_url"] = self._url(name)
        return settings.model_copy(update=changes)

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
        identity.create(self.settings.identity_path)
        self.secrets = sandbox.make_secrets(
            self.settings.identity_path, self.settings.sandbox_districts
        )
        passwords = None
        if self._embedded is not None:
            self.admin_url = await asyncio.to_thread(self._embedded.start, tied=True)
            passwords = role_passwords(self.settings)
        databases = [name for name in self.services if name in SERVICES]
        for found in await migrate(self.admin_url, databases, passwords=passwords):
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
        settings = self.settings.model_copy(update={"database_url": self._database_url(name)})
        return settings_environment(settings)

    def _database_url(self, name: str) -> str | None:
        """A child's own address: on our own server it logs in as its own role and nothing more."""
        if name not in SERVICES:
            return None
        if self._embedded is None:
            return self.admin_url
        own = make_url(self.admin_url).set(
            username=role_of(name), password=role_passwords(self.settings)[name]
        )
        return own.render_as_string(hide_password=False)

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


def role_passwords(settings: Settings) -> dict[str, str]:
    """Service → password of its database role on the embedded server, made once, kept in home."""
    path = settings.home / "database-roles.json"
    known: dict[str, str] = {}
    if path.exists():
        known = json.loads(path.read_text())
    if set(known) >= set(SERVICES):
        return known
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / "database-roles.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two processes, both read what the first wrote
        known = json.loads(path.read_text()) if path.exists() else {}
        made = {name: secrets.token_urlsafe(32) for name in SERVICES} | known
        part = path.with_name(f"{path.name}.part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(made, file)
        part.replace(path)
    return made
