"""A supervised installation under fire: its processes, and a record of every acknowledged request."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from services.embedded import EmbeddedPostgres
from shared.process.database_address import without_login
from shared.roles import CENTRE
from tests.stories.support.installation import ROOT, SERVICES, Installation, free_port

DISTRICTS = ("heping", "nankai", "binhai", "hexi")
VICTIMS = {
    "backend": 9,
    "postmaster": 5,
    "worker": 4,
    "identity": 2,
    "collection": 2,
    "ledger": 2,
    "payout": 2,
}
"""Victim → weight. A service that dies often is started again after longer pauses."""
_MOMENTS = (
    (r"/v1/tax-pushes", "tax push"),
    (r"/v1/debit-(batches|results)", "debit"),
    (r"/v1/declaration-files", "declaration file"),
    (r"/v1/declarations(/[^/]+/corrections)?", "declaration"),
    (r"/v1/(declarations/[^/]+|declaration-steps).*", "approval of a district"),
    (r"/v1/summaries.*|/v1/receipts/.*", "approval of the centre"),
    (r"/v1/settlements.*", "settlement"),
    (r"/v1/closings.*", "closing"),
    (r"/v1/(pension-runs|entitlement-changes.*|claims.*)", "pension run"),
    (r"/v1/payment-batches", "payment batch"),
    (r"/v1/payment-results", "payment results"),
)
_BACKENDS = """
SELECT pid
  FROM pg_stat_activity
 WHERE application_name LIKE 'wuxian-%' AND datname = current_database()
 ORDER BY state = 'active' DESC, random()
 LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """An acknowledged request, and the digest of its answer."""

    role: str
    service: str
    path: str
    district: str
    key: str
    request: dict[str, Any]
    body: Any
    answer: bytes


class Range(Installation):
    """The installation, and a second collection of two worker processes on the same database.

    Without workers it starts in a third less time.
    """

    patience_seconds = 400.0

    def __init__(self, home: Path, seed: int, *, has_workers: bool = True) -> None:
        self.random = random.Random(seed)
        self.letters: list[Letter] = []
        self.answers = 0
        self.abandoned = 0
        self._numbers = itertools.count(1)
        self._moments: dict[int, str] = {}
        self._second: subprocess.Popen[bytes] | None = None
        self._second_url: str | None = None
        districts = str(list(DISTRICTS)).replace("'", '"')
        super().__init__(home, WUXIAN_SANDBOX_DISTRICTS=districts)
        self.database = EmbeddedPostgres(home)
        if has_workers:
            self._start_workers()

    def _start_workers(self) -> None:
        port = free_port()
        command = [sys.executable, "-m", "services.cli", "serve", "collection"]
        command += ["--port", str(port), "--workers", "2", "--no-migrate"]
        with (self.home / "workers.log").open("ab") as log:
            self._second = subprocess.Popen(
                command,
                env=self.environment | {"WUXIAN_DATABASE_URL": without_login(self.database.url)},
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._second_url = f"http://127.0.0.1:{port}"
        self._answered(lambda: httpx.get(f"{self._second_url}/readyz", trust_env=False))

    def url(self, service: str) -> str:
        """An address of a service: collection has two."""
        if service == "collection" and self._second_url and self.random.random() < 0.5:
            return self._second_url
        return super().url(service)

    def stop(self) -> None:
        """Stop everything."""
        if self._second is not None:
            self._second.terminate()
            self._second.wait(30)
        super().stop()

    # --- requests ---------------------------------------------------------------------------

    def post(
        self,
        role: str,
        service: str,
        path: str,
        body: Any = None,
        *,
        district: str = CENTRE,
        key: str | None = None,
        **request: Any,
    ) -> httpx.Response:
        """Send a request until it is answered, and keep what was acknowledged."""
        key = key or f"kill-{next(self._numbers)}"
        with self._under_way(path):
            answer = super().post(role, service, path, body, district=district, key=key, **request)
        self.answers += 1
        if answer.is_success:
            digest = _digest(answer)
            letter = Letter(role, service, path, district, key, request, body, digest)
            self.letters.append(letter)
        return answer

    def get(self, role: str, service: str, path: str, **params: Any) -> Any:
        """Read a document as a role of the centre."""
        found = super().get(role, service, path, **params)
        self.answers += 1
        return found

    def once(self, role: str, service: str, path: str, body: Any) -> httpx.Response | None:
        """Send a request a single time; None when nobody answered: its sender never asks again."""
        headers = self._headers(role, CENTRE) | {"Idempotency-Key": f"kill-{next(self._numbers)}"}
        with self._under_way(path), suppress(httpx.TransportError):
            answer = self._client.post(self.url(service) + path, json=body, headers=headers)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return answer
        self.abandoned += 1
        return None

    def is_repeated(self, letter: Letter) -> bool:
        """Send an acknowledged request again by its key; True when the first answer comes back."""
        again = super().post(
            letter.role,
            letter.service,
            letter.path,
            letter.body,
            district=letter.district,
            key=letter.key,
            **letter.request,
        )
        return _digest(again) == letter.answer

    @contextmanager
    def _under_way(self, path: str) -> Iterator[None]:
        found = (name for form, name in _MOMENTS if re.fullmatch(form, path))
        self._moments[threading.get_ident()] = next(found, "other")
        try:
            yield
        finally:
            del self._moments[threading.get_ident()]

    # --- kills ------------------------------------------------------------------------------

    def strike(self) -> tuple[str, Counter[str]] | None:
        """Kill one victim by chance; its kind and the requests under way; None: it was down."""
        victim = self.random.choices(list(VICTIMS), list(VICTIMS.values()))[0]
        pid = self._pid_of(victim)
        if pid is None:
            return None
        moments = Counter(set(self._moments.copy().values()) or {"between requests"})
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return None
        return victim, moments

    def _pid_of(self, victim: str) -> int | None:
        if victim == "postmaster":
            return self.database.status.pid
        if victim == "backend":
            with suppress(Exception):  # the server is down, or just coming up
                return asyncio.run(self._backend())
            return None
        if victim == "worker":
            if self._second is None:
                return None
            return self.random.choice(_workers(self._second.pid) or [None])
        assert victim in SERVICES
        with suppress(FileNotFoundError, ValueError):
            pid = int((self.home / "run" / f"{victim}.pid").read_text())
            if victim.encode() in (Path("/proc") / str(pid) / "cmdline").read_bytes().split(b"\0"):
                return pid
        return None

    async def _backend(self) -> int | None:
        connection = await asyncpg.connect(self.database.url, timeout=5)
        try:
            found: int | None = await connection.fetchval(_BACKENDS)
        finally:
            await connection.close()
        return found


def _workers(parent: int) -> list[int]:
    """Find the worker processes of a server: not the tracker of resources beside them."""
    children = (Path("/proc") / str(parent) / "task" / str(parent) / "children").read_text()
    return [
        int(pid)
        for pid in children.split()
        if b"spawn_main" in (Path("/proc") / pid / "cmdline").read_bytes()
    ]


def _digest(answer: httpx.Response) -> bytes:
    return hashlib.sha256(f"{answer.status_code}".encode() + answer.content).digest()
