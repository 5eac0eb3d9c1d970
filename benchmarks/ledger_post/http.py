"""Posting through the doors of a real ledger service, one voucher a request and a thousand."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks._bench import Figures, closed_loop
from benchmarks._http import Wire, post
from benchmarks._vouchers import SOURCE, batch_body, single_body
from benchmarks.ledger_post.engine import CLIENTS
from services.supervisor.ports import free_port
from shared.roles import Caller, Role
from shared.security import identity
from tests.issuer import Issuer

WORKERS = 2
SINGLE_WORKERS = (1, 2)
"""Processes that single postings are measured at: one is what `wuxian up` runs."""
BATCH = 1_000
BATCH_CLIENTS = 4


async def http_single(port: int, token: str, count: int, workers: int = WORKERS) -> Figures:
    """One voucher a request over HTTP."""
    requests = [post("/v1/vouchers", token, single_body(number)) for number in range(count)]
    wires = [await Wire.open("127.0.0.1", port) for _ in range(CLIENTS)]
    free = list(wires)

    async def ask(number: int) -> int:
        wire = free.pop()
        try:
            status, body = await wire.ask(requests[number])
        finally:
            free.append(wire)
        assert status == 201, body[:300]
        return 1

    figures = await closed_loop(f"HTTP single, {workers} workers", CLIENTS, count, ask)
    for wire in wires:
        wire.close()
    return figures


async def http_batched(port: int, token: str, first: int, count: int) -> Figures:
    """A thousand vouchers a request over HTTP."""
    size = min(BATCH, count)
    requests = [
        post("/v1/voucher-batches", token, batch_body(first + number * size, size))
        for number in range(max(1, count // size))
    ]
    wires = [await Wire.open("127.0.0.1", port) for _ in range(BATCH_CLIENTS)]
    free = list(wires)

    async def ask(number: int) -> int:
        wire = free.pop()
        try:
            status, body = await wire.ask(requests[number])
        finally:
            free.append(wire)
        assert status == 200, body[:300]
        answer: dict[str, Any] = json.loads(body)
        assert answer["refused"] == 0
        return int(answer["posted"])

    figures = await closed_loop(
        f"HTTP batches of {size:,}, {WORKERS} workers", BATCH_CLIENTS, len(requests), ask
    )
    for wire in wires:
        wire.close()
    return figures


@asynccontextmanager
async def service(
    url: str, slots: int, keys: Path | None = None, workers: int = WORKERS
) -> AsyncIterator[tuple[int, str]]:
    """A real ledger service in processes of its own; its port and a token. A database that is served
    again needs the same directory of keys."""
    with tempfile.TemporaryDirectory(prefix="wuxian-bench-identity-") as own:
        directory = keys or Path(own)
        identity.create(directory)
        issuer = Issuer(directory)
        caller = Caller(subject=SOURCE, role=Role.COLLECTION_SERVICE)
        token = issuer.mint(caller)
        port = free_port()
        environment = os.environ | {
            "WUXIAN_IDENTITY_DIR": str(directory),
            "WUXIAN_TRUSTED_KEYS_PATH": str(issuer.trusted_keys_path),
            "WUXIAN_LEDGER_SLOTS": str(slots),
            "WUXIAN_ALLOW_ADMIN_LOGIN": "true",
            "WUXIAN_ACCESS_LOG": "false",
            "WUXIAN_LOG_LEVEL": "ERROR",
        }
        command = [
            sys.executable,
            "-m",
            "services.cli",
            "serve",
            "ledger",
            "--database-url",
            url,
            "--port",
            str(port),
            "--workers",
            str(workers),
        ]
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=subprocess.DEVNULL
        )
        try:
            await _listening(port, process)
            yield port, token
        finally:
            process.terminate()
            await process.wait()


async def _listening(port: int, process: Process) -> None:
    for _ in range(1_200):
        if process.returncode is not None:
            raise RuntimeError(f"the service ended with {process.returncode}")
        try:
            wire = await Wire.open("127.0.0.1", port)
            status, _ = await wire.ask(b"GET /readyz HTTP/1.1\r\nHost: ledger\r\n\r\n")
            wire.close()
            if status == 200:
                await asyncio.sleep(1)  # the second process may be a moment behind
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise RuntimeError("the service did not become ready in two minutes")
