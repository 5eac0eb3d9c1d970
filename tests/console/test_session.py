"""Sessions end for every open page, and one page's parts ask for one token."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi import Request

from services.console.api import Api, ApiError, Services, SignedOut
from services.console.session import Session, Sessions
from services.console.sign_in import SignIn
from shared import clock
from shared.guard import forwarded
from shared.process.settings import Settings
from shared.roles import Role


def session(secret: str = "secret") -> Session:
    ends_at = clock.now() + timedelta(hours=1)
    return Session(secret, "li", "李", Role.SUPERVISOR, "centre", ends_at)


class Door:
    """A service that gives tokens and answers everything else, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        await asyncio.sleep(0)
        if request.url.path == "/v1/session-tokens":
            return httpx.Response(200, json={"access_token": "token", "expires_in": 900})
        return httpx.Response(200, json={})


async def ask(of: Session, times: int) -> tuple[list[str], list[Any]]:
    door = Door()
    services = Services(Settings(), httpx.MockTransport(door))
    api = Api(services, of)
    try:
        found = await asyncio.gather(
            *(api.get("ledger:/v1/warnings") for _ in range(times)), return_exceptions=True
        )
    finally:
        await services.close()
    return door.asked, found


async def test_the_parts_of_a_page_ask_for_one_token() -> None:
    asked, found = await ask(session(), 8)
    assert asked.count("/v1/session-tokens") == 1
    assert found == [{}] * 8


async def test_identity_is_told_the_browsers_address(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    forwarded.create(settings.console_key_path)
    sent: list[httpx.Headers] = []

    def keep(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers)
        return httpx.Response(200, json={})

    services = Services(settings, httpx.MockTransport(keep))
    await services.identity("/v1/sessions", {}, address="203.0.113.7")
    await services.provider(address="203.0.113.7")
    await services.close()
    assert [one[forwarded.ADDRESS] for one in sent] == ["203.0.113.7"] * 2
    assert {one[forwarded.KEY] for one in sent} == {settings.console_key_path.read_text()}


@pytest.mark.parametrize("secret", ["", "secret"])
async def test_nothing_is_asked_without_a_session_or_after_its_end(secret: str) -> None:
    of, sessions = session(secret), Sessions()
    sessions.open("cookie", of)
    if secret:
        assert sessions.end("cookie") is of
    asked, found = await ask(of, 3)
    assert asked == []
    assert all(isinstance(one, SignedOut) for one in found)


def test_a_person_who_signs_in_again_over_a_page_gets_a_new_id() -> None:
    sessions, old = Sessions(), session()
    sessions.open("a", old)
    old.ends_at = clock.now() - timedelta(seconds=1)
    sessions.open("b", session())
    assert sessions.find("a") is None
    ends_at = (clock.now() + timedelta(hours=1)).isoformat()
    claim = old.renew(
        {"session": "new", "role": "supervisor", "district": "centre", "expires_at": ends_at}
    )
    assert sessions.find("a") is None, "a copy of the old cookie is worth nothing"
    services = Services(Settings(), httpx.MockTransport(Door()))
    desk = SignIn(services, sessions, is_sandbox=False)
    request = Request({"type": "http", "session": {"id": "a"}, "headers": []})
    desk.take_new_id(request, "guessed")
    assert request.session["id"] == "a"
    desk.take_new_id(request, claim)
    new_id = request.session["id"]
    assert new_id != "a"
    assert sessions.find(new_id) is old
    assert not sessions.claim(claim, new_id, "c"), "a claim counts once"
    assert sessions.end(new_id) is old


def test_a_claim_of_a_session_that_has_ended_opens_nothing() -> None:
    sessions, old = Sessions(), session()
    sessions.open("a", old)
    claim = old.leave_id()
    assert sessions.end("a") is old, "its page is open still"
    assert not sessions.claim(claim, "a", "b")
    sessions.open("c", old)
    old.is_ended = False
    assert not sessions.claim(old.leave_id(), "another browser's", "d")


def test_pages_of_a_person_who_signs_in_at_the_provider_again_go_on() -> None:
    sessions, old = Sessions(), session("old")
    sessions.open("a", old)
    old.ends_at = clock.now() - timedelta(seconds=1)
    sessions.open("b", session())
    ends_at = (clock.now() + timedelta(hours=1)).isoformat()
    answer = {"session": "new", "name": "li", "role": "supervisor", "district": "centre"}
    answer["expires_at"] = ends_at
    wang = answer | {"name": "wang"}
    assert sessions.renew("a", wang, "c") is None, "another person's pages end"
    assert sessions.renew("a", answer, "c") == "old"
    assert sessions.find("c") is old
    assert sessions.find("a") is None, "a copy of the old cookie is worth nothing"
    assert (old.secret, old.is_by_provider) == ("new", True)
    assert sessions.renew("a", answer, "d") is None, "nor at the next sign-in"
    assert sessions.end("c") is old
    assert sessions.renew("c", answer, "d") is None, "who has signed out begins anew"


async def test_the_browser_of_open_pages_gets_a_new_id_at_the_provider() -> None:
    sessions, old = Sessions(), session("old")
    sessions.open("a", old)
    services = Services(Settings(), httpx.MockTransport(Door()))
    desk = SignIn(services, sessions, is_sandbox=False)
    request = Request({"type": "http", "session": {"id": "a"}, "headers": []})
    ends_at = (clock.now() + timedelta(hours=1)).isoformat()
    answer = {"session": "new", "name": "li", "role": "supervisor", "district": "centre"}
    answer["expires_at"] = ends_at
    await desk.welcome(request, answer, "/signed-in", is_by_provider=True)
    await services.close()
    assert request.session["id"] != "a"
    assert sessions.find(request.session["id"]) is old
    assert sessions.find("a") is None


def token_of(role: Role, district: str) -> str:
    claims = orjson.dumps({"sub": "li", "role": role, "district": district})
    return f"head.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.signature"


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_refused_request_is_sent_again_under_the_role_that_the_person_has_now(
    allowed: bool,
) -> None:
    of, now = session(), token_of(Role.DISTRICT_CLERK, "heping")
    of.keep_token({"access_token": token_of(Role.SUPERVISOR, "centre"), "expires_in": 900})

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/session-tokens":
            token = now if allowed else of.token or token_of(Role.SUPERVISOR, "centre")
            return httpx.Response(200, json={"access_token": token, "expires_in": 900})
        may = request.headers["authorization"] == f"Bearer {now}"
        return httpx.Response(200 if may else 403, json={})

    services = Services(Settings(), httpx.MockTransport(answer))
    api = Api(services, of)
    try:
        found = await asyncio.gather(
            *(api.get("collection:/v1/bills") for _ in range(3)), return_exceptions=True
        )
    finally:
        await services.close()
    if allowed:
        assert (found, of.role, of.district, of.changes) == (
            [{}] * 3,
            Role.DISTRICT_CLERK,
            "heping",
            1,
        )
    else:
        assert [type(one) for one in found] == [ApiError] * 3
        assert (of.role, of.changes) == (Role.SUPERVISOR, 0)
