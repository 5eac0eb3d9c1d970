"""The services as real processes, for tests that attack them from outside."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import pytest

from services.supervisor import Supervisor
from shared.process.settings import Settings
from shared.roles import Level, Role
from tests.house.passwords import keep_passwords


@dataclass(frozen=True)
class Stack:
    """Running services and a way to speak as anybody."""

    urls: dict[str, str]
    token: Callable[[Role], str]


@pytest.fixture(scope="module")
async def stack(
    database_url: str, identity_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stack]:
    home = tmp_path_factory.mktemp("home")
    keep_passwords(home / "secrets")
    settings = Settings(
        home=home,
        admin_database_url=database_url,
        identity_dir=identity_dir,
        token_seconds=3600,
    )
    services = ("identity", "ledger", "collection", "payout")
    supervisor = Supervisor(settings, services, ports=dict.fromkeys(services, 0))
    await supervisor.start()
    secrets = supervisor.secrets | json.loads((identity_dir / "services.json").read_text())

    @cache
    def token(role: Role) -> str:
        name = f"{role.value}.heping" if role.level is Level.DISTRICT else role.value
        answer = httpx.post(
            f"{supervisor.urls['identity']}/v1/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(name, secrets[name]),
            trust_env=False,
        )
        return str(answer.raise_for_status().json()["access_token"])

    try:
        yield Stack(dict(supervisor.urls), token)
    finally:
        await supervisor.stop()
