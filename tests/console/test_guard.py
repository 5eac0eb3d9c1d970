"""The layer around the console: which requests it turns away, and the fields of its answers."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from services.console.guard import FORM_BYTES, Guard

BOARD = "https://board.example"


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("a page")(scope, receive, send)


@pytest.fixture
def client() -> httpx.AsyncClient:
    guarded = Guard(page, {"/embed/wall": [BOARD]}, public="https://console.example")
    transport = httpx.ASGITransport(guarded)
    return httpx.AsyncClient(transport=transport, base_url="http://inside:8004")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://inside:8004", 200),
        ("https://console.example", 200),
        (None, 200),
        ("https://evil.example", 403),
        ("null", 403),
    ],
)
async def test_only_our_own_pages_post(
    client: httpx.AsyncClient, origin: str | None, status: int
) -> None:
    headers = {"Origin": origin} if origin else {}
    assert (await client.post("/sign-out", headers=headers)).status_code == status


async def test_every_answer_says_what_a_browser_may_do(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"


async def test_one_page_may_stand_in_the_frame_of_a_named_site(client: httpx.AsyncClient) -> None:
    answer = await client.get("/embed/wall")
    assert f"frame-ancestors {BOARD}" in answer.headers["content-security-policy"]
    assert "x-frame-options" not in answer.headers


async def test_a_body_is_as_long_as_a_form_or_a_file_and_no_longer(
    client: httpx.AsyncClient,
) -> None:
    form, file = b"x" * (FORM_BYTES + 1), b"x" * (FORM_BYTES + 2)
    assert (await client.post("/sign-in", content=form)).status_code == 413
    assert (await client.post("/_nicegui/client/1/upload/2", content=file)).status_code == 200
    unsaid = client.build_request("POST", "/sign-in", content=b"x")
    del unsaid.headers["content-length"]
    assert (await client.send(unsaid)).status_code == 413
