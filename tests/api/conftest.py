"""The three services as real processes, for tests that attack them from outside."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.supervisor import Supervisor
from shared.process.settings import Settings
from shared.roles import CENTRE, Caller, Level, Role
from shared.security.identity import Identity


@dataclass(frozen=True)
class Stack:
    """Running services and a way to speak as anybody."""

    urls: dict[str, str]
    token: Callable[[Role], str]


@pytest.fixture(scope="module")
async def stack(
    database_url: str, identity_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stack]:
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        database_url=database_url,
        identity_dir=identity_dir,
        collection_port=0,
        ledger_port=0,
        payout_port=0,
    )
    supervisor = Supervisor(settings, services=("ledger", "collection", "payout"))
    await supervisor.start()
    identity = Identity.load(identity_dir)

    def token(role: Role) -> str:
        district = "heping" if role.level is Level.DISTRICT else CENTRE
        return identity.mint(Caller(subject=f"{role.value}.test", role=role, district=district))

    try:
        yield Stack(dict(supervisor.urls), token)
    finally:
        await supervisor.stop()
