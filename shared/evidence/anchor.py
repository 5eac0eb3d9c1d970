"""Anchors: the head of a service's chain, kept outside the database.

A chain proves that nothing inside it was changed. Whoever controls the whole database could still
forge a new one from the changed row to the end; it would not pass through an anchor kept elsewhere.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import orjson

from shared import clock
from shared.db import Database
from shared.evidence import store as evidence_store
from shared.guard import tls
from shared.process.log import logger

PAUSE_SECONDS: Final = 300.0
"""Time between two anchors of a chain that has grown."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The newest block of a service at an instant."""

    service: str
    number: int
    hash: str
    at: str

    def line(self) -> bytes:
        """The anchor as one line of JSON."""
        fields = {
            "service": self.service,
            "number": self.number,
            "hash": self.hash,
            "at": self.at,
        }
        return orjson.dumps(fields) + b"\n"


def read_lines(lines: Iterable[bytes], service: str) -> dict[int, str]:
    """Read a service's anchors, block number → hash in hex, from a file of them.

    Raises:
        ValueError: a line is no anchor.
    """
    found = {}
    for number, line in enumerate(lines, 1):
        try:
            fields = orjson.loads(line)
            if fields["service"] == service:
                found[int(fields["number"])] = str(fields["hash"])
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"line {number} is no anchor") from None
    return found


class AnchorKeeper:
    """Sends the head of a service's chain to a file, an address, or both, whenever it has grown."""

    def __init__(self, db: Database, file: Path | None, url: str | None) -> None:
        self.db = db
        self.file = file
        self.url = url
        self._kept = 0

    async def run(self) -> None:
        """Keep anchors for ever; cancel to stop."""
        while self.file or self.url:
            try:
                await self.step()
            except (OSError, httpx.HTTPError) as error:
                logger().error("anchor not kept outside", error=str(error)[:300])
            except Exception as error:
                logger().warning("anchor not read, will retry", error=repr(error)[:300])
            await asyncio.sleep(PAUSE_SECONDS)

    async def step(self) -> Anchor | None:
        """Keep one anchor, unless the chain has not grown; return it."""
        async with self.db.transaction() as tx:
            head = await evidence_store.head(tx)
        if head is None or head.number == self._kept:
            return None
        anchor = Anchor(self.db.service, head.number, head.hash.hex(), clock.now().isoformat())
        if self.file:
            await asyncio.to_thread(_append, self.file, anchor.line())
        if self.url:
            context = tls.trusted_outside()
            async with httpx.AsyncClient(timeout=10, trust_env=False, verify=context) as client:
                headers = {"content-type": "application/json"}
                answer = await client.post(self.url, content=anchor.line(), headers=headers)
                answer.raise_for_status()
        self._kept = head.number
        return anchor


def _append(path: Path, line: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
