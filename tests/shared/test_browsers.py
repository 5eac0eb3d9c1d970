"""Browsers: the API page needs nothing from outside, and only configured origins may call."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from shared.process.settings import Settings

SERVICES = ("collection", "identity", "ledger", "payout", "sandbox")
BOARD = "https://board.example.cn"


@asynccontextmanager
async def client_of(service: str, **chosen: Any) -> AsyncIterator[httpx.AsyncClient]:
    app = import_module(f"services.{service}.app").build(Settings(**chosen))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        yield client


@pytest.mark.parametrize("service", SERVICES)
async def test_the_page_loads_only_files_of_its_service(service: str) -> None:
    async with client_of(service, api_pages=True) as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        assert "://" not in page.text
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(loaded) == 4
        assert "<script>" not in page.text  # the policy would refuse it
        for path in loaded:
            answer = await client.get(f"/{path}")
            assert (answer.status_code, path.startswith("docs/")) == (200, True)
        start = (await client.get("/docs/start.js")).text
        assert "://" not in start
        assert '"validatorUrl": null' in start


async def test_the_policy_lets_the_page_ask_its_service_and_identity_only() -> None:
    async with client_of("ledger", api_pages=True, identity_port=9005) as client:
        policy = (await client.get("/docs")).headers["content-security-policy"]
        allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert allowed["default-src"] == "'none'"
        assert allowed["script-src"] == "'self'"
        assert allowed["connect-src"] == "'self' http://127.0.0.1:9005"
        assert allowed["frame-ancestors"] == "'none'"


async def test_the_document_names_the_ways_to_sign_in() -> None:
    async with client_of("payout", public_urls={"identity": "https://id.example.cn"}) as client:
        schemes = (await client.get("/openapi.json")).json()["components"]["securitySchemes"]
        token_url = schemes["oauth2"]["flows"]["clientCredentials"]["tokenUrl"]
        assert token_url == "https://id.example.cn/v1/oauth/token"
        assert (schemes["bearer"]["type"], schemes["bearer"]["scheme"]) == ("http", "bearer")


async def test_there_is_no_page_unless_it_is_turned_on() -> None:
    async with client_of("ledger") as client:
        assert (await client.get("/docs")).status_code in (401, 404)
        assert (await client.get("/docs/swagger-ui.css")).status_code in (401, 404)


def asks(origin: str, method: str = "GET") -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, idempotency-key",
    }


async def test_a_configured_dashboard_may_call_and_read() -> None:
    async with client_of("ledger", cors_origins=(BOARD,)) as client:
        before = await client.options("/v1/funds/balances", headers=asks(BOARD))
        assert before.status_code == 200
        assert before.headers["access-control-allow-origin"] == BOARD
        assert "authorization" in before.headers["access-control-allow-headers"].lower()
        refused = await client.get("/v1/funds/balances", headers={"Origin": BOARD})
        assert refused.status_code == 401  # it is read, but a token is needed all the same
        assert refused.headers["access-control-allow-origin"] == BOARD
        assert "x-request-id" in refused.headers["access-control-expose-headers"].lower()
        assert "access-control-allow-credentials" not in {*before.headers, *refused.headers}


@pytest.mark.parametrize(
    "origin", ["https://evil.example.cn", f"{BOARD}.evil.cn", "null", "http://board.example.cn"]
)
async def test_no_other_origin_may(origin: str) -> None:
    async with client_of("ledger", cors_origins=(BOARD,)) as client:
        before = await client.options("/v1/funds/balances", headers=asks(origin))
        assert before.status_code == 400
        answer = await client.get("/healthz", headers={"Origin": origin})
        assert "access-control-allow-origin" not in {*before.headers, *answer.headers}


async def test_nobody_may_by_default() -> None:
    async with client_of("identity") as client:
        before = await client.options("/v1/oauth/token", headers=asks(BOARD, "POST"))
        assert "access-control-allow-origin" not in before.headers


async def test_identity_gives_tokens_to_the_api_pages_of_the_other_services() -> None:
    async with client_of("identity", api_pages=True) as client:
        for origin in ("http://127.0.0.1:8001", "http://localhost:8003"):
            before = await client.options("/v1/oauth/token", headers=asks(origin, "POST"))
            assert before.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize(
    "origin", ["*", "null", "https://*.example.cn", "https://board.cn/", "//x"]
)
def test_an_origin_is_exact(origin: str) -> None:
    with pytest.raises(ValidationError):
        Settings(cors_origins=(origin,))
