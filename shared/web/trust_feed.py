"""The trust of a running service: identity's answer over HTTP, or the keys of a file in tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from shared.guard import tls
from shared.process.settings import Settings
from shared.security.trust import Answer, Trust, stop

_TIMEOUT = httpx.Timeout(2.0, connect=1.0)


def trust_of(settings: Settings, audience: str) -> Trust:
    """Build a service's trust; nothing is asked before it is used."""
    path = settings.trusted_keys_path
    if path is not None:
        return Trust(audience, lambda: _keys_in(path))
    return Trust(audience, _Feed(settings))


class _Feed:
    """One kept connection to identity."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http: httpx.AsyncClient | None = None

    async def __call__(self) -> Answer:
        if self._http is None:
            self._http = httpx.AsyncClient(
                base_url=self._settings.identity_url,
                timeout=_TIMEOUT,
                trust_env=False,
                verify=tls.trusted(self._settings),
            )
        answer = await self._http.get("/v1/trust")
        answer.raise_for_status()
        found: dict[str, Any] = orjson.loads(answer.content)
        return found

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()


async def _keys_in(path: Path) -> Answer:
    found: dict[str, Any] = orjson.loads(await asyncio.to_thread(path.read_bytes))
    return found


@asynccontextmanager
async def followed(trust: Trust) -> AsyncIterator[None]:
    """Keep a service's trust fresh while it runs."""
    await trust.refresh()
    task = asyncio.create_task(trust.follow(), name="follow-identity")
    try:
        yield
    finally:
        await stop(task)
        await trust.close()
