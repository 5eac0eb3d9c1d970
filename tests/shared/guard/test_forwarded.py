"""The browser's address: believed from whoever shows the console's key."""

from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from shared.guard import forwarded
from shared.guard.forwarded import ADDRESS, KEY, Forwarded

CONSOLE, BROWSER = "10.0.0.9", "203.0.113.7"


async def address(scope: Scope, receive: Receive, send: Send) -> None:
    client = Request(scope).client
    await PlainTextResponse(client.host if client else "")(scope, receive, send)


async def seen(path: Path, headers: dict[str, str]) -> str:
    transport = httpx.ASGITransport(Forwarded(address, path), client=(CONSOLE, 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://identity") as client:
        return (await client.get("/", headers=headers)).text


async def test_the_console_tells_the_browsers_address(tmp_path: Path) -> None:
    key = tmp_path / "console" / "key"
    forwarded.create(key)
    first = key.read_text()
    forwarded.create(key)
    assert (key.read_text(), key.stat().st_mode & 0o077) == (first, 0)
    told = forwarded.fields(key, BROWSER)
    assert await seen(key, told) == BROWSER
    assert await seen(key, told | {ADDRESS: f"{BROWSER}, 10.0.0.1"}) == BROWSER
    assert await seen(key, told | {ADDRESS: "2001:db8::7"}) == "2001:db8::7"


@pytest.mark.parametrize(
    "changes", [{KEY: "another"}, {KEY: ""}, {ADDRESS: "nowhere"}, {ADDRESS: ""}], ids=str
)
async def test_nobody_else_is_believed(tmp_path: Path, changes: dict[str, str]) -> None:
    forwarded.create(tmp_path / "key")
    told = forwarded.fields(tmp_path / "key", BROWSER) | changes
    assert await seen(tmp_path / "key", told) == CONSOLE
    assert await seen(tmp_path / "missing", {ADDRESS: BROWSER, KEY: ""}) == CONSOLE
