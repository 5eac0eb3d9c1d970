"""A whole installation for stories: `wuxian up` in processes of its own, spoken to over HTTP."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from shared.roles import CENTRE
from shared.security.tokens import TOKEN_SECONDS

ROOT = Path(__file__).parents[3]
SERVICES = ("identity", "collection", "ledger", "payout")
READY_SECONDS = 120
PATIENCE_SECONDS = 90.0


class Installation:
    """The services on one private database. Everything is stopped by `stop`."""

    patience_seconds = PATIENCE_SECONDS
    """Time that a request is repeated for."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.ports = {name: free_port() for name in SERVICES}
        self.urls = {name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()}
        self._keys = itertools.count(1)
        self._tokens: dict[str, tuple[float, str]] = {}
        self._client = httpx.Client(timeout=60, trust_env=False)
        self._log = (home / "up.log").open("w")
        environment = os.environ | {"WUXIAN_HOME": str(home), "WUXIAN_LOG_LEVEL": "WARNING"}
        environment.pop("WUXIAN_DATABASE_URL", None)
        environment |= settings
        for name in SERVICES:
            environment[f"WUXIAN_{name.upper()}_PORT"] = str(self.ports[name])
            environment[f"WUXIAN_{name.upper()}_URL"] = self.urls[name]
        self.environment = environment
        self._process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", "up", "--no-sandbox", "--no-console"],
            env=environment,
            cwd=ROOT,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            self.wait_ready()
        except AssertionError:
            self.stop()
            raise
        self._secrets = json.loads((home / "identity/secrets.json").read_text())
        self._secrets |= json.loads((home / "identity/services.json").read_text())

    def url(self, service: str) -> str:
        """An address of a service."""
        return self.urls[service]

    def wait_ready(self) -> None:
        """Wait until every service says that it is ready."""
        deadline = time.monotonic() + READY_SECONDS
        waiting = list(SERVICES)
        while waiting:
            assert time.monotonic() < deadline, f"{waiting} do not become ready, see {self.home}"
            with contextlib.suppress(httpx.TransportError):
                if self._client.get(f"{self.urls[waiting[0]]}/readyz").status_code == 200:
                    waiting.pop(0)
                    continue
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop the services and their database, and forget everything."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._client.close()
        self._log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def kill(self, service: str) -> None:
        """Kill a service's process, which the supervisor starts again.

        One that was killed a moment ago is waited for: the supervisor pauses before it starts it.
        """
        pid_file = self.home / "run" / f"{service}.pid"
        give_up = time.monotonic() + READY_SECONDS
        while time.monotonic() < give_up:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
                os.kill(int(pid_file.read_text()), signal.SIGKILL)
                return
            time.sleep(0.1)
        raise AssertionError(f"{service} is not running")

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
        """Send a request of a role, again after a dead service has come back: its key makes it one."""
        key = key or f"story-{next(self._keys)}"

        def send() -> httpx.Response:
            headers = self._headers(role, district) | {"Idempotency-Key": key}
            headers |= request.get("headers", {})
            given = request | {"json": body, "headers": headers}
            return self._client.post(self.url(service) + path, **given)

        return self._answered(send)

    def get(self, role: str, service: str, path: str, **params: Any) -> Any:
        """Read a document as a role of the centre."""
        headers = self._headers(role, CENTRE)
        answer = self._answered(
            lambda: self._client.get(self.url(service) + path, params=params, headers=headers)
        )
        assert answer.status_code == 200, f"{path}: {answer.text}"
        return answer.json()

    def _answered(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send until a service answers that runs, and not that it is starting."""
        give_up = time.monotonic() + self.patience_seconds
        while time.monotonic() < give_up:
            with contextlib.suppress(httpx.TransportError):
                answer = send()
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return answer
            time.sleep(0.1)
        raise AssertionError("a service does not answer")

    def pages(self, role: str, service: str, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Read every item of a list, page by page."""
        cursor: dict[str, Any] = {}
        while True:
            page = self.get(role, service, path, limit=500, **params, **cursor)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    def _headers(self, role: str, district: str) -> dict[str, str]:
        name = role if district == CENTRE else f"{role}.{district}"
        asked_at, token = self._tokens.get(name, (float("-inf"), ""))
        if asked_at + TOKEN_SECONDS / 2 < time.monotonic():
            token = self._new_token(name)
            self._tokens[name] = (time.monotonic(), token)
        return {"Authorization": f"Bearer {token}"}

    def _new_token(self, name: str) -> str:
        answer = self._answered(
            lambda: self._client.post(
                f"{self.urls['identity']}/v1/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(name, self._secrets[name]),
            )
        )
        return str(answer.raise_for_status().json()["access_token"])


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
