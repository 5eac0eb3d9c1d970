"""Speaking to the services as the right person, remembering every request so it can be repeated."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from shared.web.client import Peer

T = TypeVar("T")

AT_ONCE = 16
"""Requests in flight at most: enough to keep two cores busy, few enough to queue nowhere."""
_PATIENCE = 60
"""Attempts per request: a service that was killed is back within seconds."""
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """One POST as it was sent, and the digest of its answer."""

    who: str
    service: str
    path: str
    body: bytes
    key: str
    answer: bytes


class Office:
    """All desks of the centre and its districts, and the machines.

    `who` is a client id of the registry: "centre_cashier", "district_clerk.heping", …
    """

    def __init__(self, urls: dict[str, str], secrets: dict[str, str]) -> None:
        self._urls = urls
        self._secrets = secrets
        self._peers: dict[tuple[str, str], Peer] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._count = 0
        self.letters: list[Letter] = []

    def resume(self, before: Office) -> None:
        """Go on from an office whose services were restored elsewhere: its letters, its numbers."""
        self._secrets = before._secrets
        self._count, self.letters = before._count, before.letters

    async def close(self) -> None:
        """Close every connection."""
        for peer in self._peers.values():
            await peer.close()

    async def get(self, who: str, service: str, path: str, **params: Any) -> Any:
        """GET as somebody; the answer's JSON."""
        async with self._turn:
            return await self._peer(who, service).get(path, **params)

    async def pages(self, who: str, service: str, path: str, **params: Any) -> list[dict[str, Any]]:
        """Return every item of a list, page after page."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = await self.get(who, service, path, limit=_PAGE, cursor=cursor, **params)
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return items

    async def post(self, who: str, service: str, path: str, body: Any = None) -> Any:
        """POST as somebody under a fresh idempotency key; the answer's JSON. It is remembered."""
        self._count += 1
        key = f"demo-{self._count:06d}"
        content = body if body is not None else {}
        async with self._turn:
            answer = await self._peer(who, service).post(path, content, key=key)
        self.letters.append(Letter(who, service, path, orjson.dumps(content), key, digest(answer)))
        return answer

    async def upload(self, who: str, service: str, path: str, content: bytes, **params: str) -> Any:
        """POST a CSV file as somebody; a repeat is known by its content, so it is not remembered."""
        async with self._turn:
            return await self._peer(who, service).upload(path, content, "text/csv", **params)

    async def again(self, who: str, service: str, path: str) -> Any:
        """POST an empty body that is not to be remembered."""
        self._count += 1
        async with self._turn:
            return await self._peer(who, service).post(path, key=f"demo-again-{self._count:06d}")

    async def repeat(self, letter: Letter) -> bool:
        """Send a letter again under its own key; whether the first answer came back."""
        async with self._turn:
            answer = await self._peer(letter.who, letter.service).post(
                letter.path, orjson.loads(letter.body), key=letter.key
            )
        return digest(answer) == letter.answer

    async def put(self, who: str, service: str, path: str, body: Any) -> Any:
        """PUT as somebody; the answer's JSON."""
        async with self._turn:
            return await self._peer(who, service).put(path, body)

    async def control(self, path: str, body: Any = None) -> Any:
        """Tell the sandbox's bank or tax bureau what to do next. These are not messages: not kept."""
        async with self._turn:
            return await self._peer("bank_gateway", "sandbox").post(path, body)

    async def ask_bank(self, path: str, **params: Any) -> Any:
        """Ask the sandbox's bank something."""
        return await self.get("bank_gateway", "sandbox", path, **params)

    def _peer(self, who: str, service: str) -> Peer:
        found = self._peers.get((who, service))
        if found is None:
            found = Peer(
                self._urls[service],
                who,
                self._secrets[who],
                identity_url=self._urls["identity"],
                attempts=_PATIENCE,
            )
            self._peers[who, service] = found
        return found


def digest(answer: Any) -> bytes:
    """Return a digest that equal answers share."""
    return hashlib.sha256(orjson.dumps(answer, option=orjson.OPT_SORT_KEYS)).digest()


async def each(
    items: Iterable[T], work: Callable[[T], Awaitable[Any]], done: Callable[[], None]
) -> list[Any]:
    """Work on all items, a limited number at once; return results in the order of the items.

    The first failure cancels the rest and is raised.
    """
    gate = asyncio.Semaphore(AT_ONCE * 2)

    async def one(item: T) -> Any:
        async with gate:
            result = await work(item)
        done()
        return result

    async with _all_or_none() as group:
        tasks = [group.create_task(one(item)) for item in items]
    return [task.result() for task in tasks]


@asynccontextmanager
async def _all_or_none() -> AsyncIterator[asyncio.TaskGroup]:
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
