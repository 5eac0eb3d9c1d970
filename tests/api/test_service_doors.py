"""The doors that every service has: alive, ready, version, metrics, and the caller."""

from collections.abc import AsyncIterator
from importlib import import_module

import httpx
import pytest

from shared.roles import Role
from tests.conftest import Bearer, ClientOf, SettingsFor

SERVICES = ("collection", "ledger", "payout")


@pytest.fixture(scope="module", params=SERVICES)
async def client(
    request: pytest.FixtureRequest, settings_for: SettingsFor, client_of: ClientOf
) -> AsyncIterator[httpx.AsyncClient]:
    app = import_module(f"services.{request.param}.app").build(settings_for())
    async with client_of(app) as client:
        client.headers["X-Service"] = request.param
        yield client


async def test_a_service_is_alive_and_ready_and_names_its_version(
    client: httpx.AsyncClient,
) -> None:
    service = client.headers["X-Service"]
    assert (await client.get("/healthz")).json() == {"service": service, "status": "ok"}
    ready = (await client.get("/readyz")).json()
    assert (ready["ready"], ready["checks"]["schema"]) == (True, "ok")
    assert set((await client.get("/v1/version")).json()) == {"service", "version"}
    assert "# HELP" in (await client.get("/metrics")).text


async def test_without_a_token_nobody_is_named(client: httpx.AsyncClient, bearer: Bearer) -> None:
    assert (await client.get("/v1/me")).status_code == 401
    clerk = await client.get("/v1/me", headers=bearer(Role.DISTRICT_CLERK, "heping"))
    assert clerk.json()["district"] == "heping"
