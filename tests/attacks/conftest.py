"""A service in a process of its own, with short times, and the tokens of a sandbox."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from services.embedded.guard import python_environment
from shared.roles import CENTRE, Caller, Role
from tests.house.support import serving
from tests.issuer import Issuer

Token = Callable[..., str]
HEAD_SECONDS, BODY_SECONDS, WRITE_SECONDS, CONNECTIONS_MAX = 1, 2, 2, 700


@pytest.fixture(scope="session")
def token(issuer: Issuer) -> Token:
    """token(role, district="centre") → the token of such a person."""

    def make(role: Role, district: str = CENTRE) -> str:
        return issuer.mint(Caller(subject=f"{role}.attacks", role=role, district=district))

    return make


@pytest.fixture(scope="module")
def environment(
    database_url: str,
    identity_dir: Path,
    issuer: Issuer,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """The settings of a service under attack."""
    return python_environment() | {
        "WUXIAN_HOME": str(tmp_path_factory.mktemp("home")),
        "WUXIAN_DATABASE_URL": database_url,
        "WUXIAN_IDENTITY_DIR": str(identity_dir),
        "WUXIAN_TRUSTED_KEYS_PATH": str(issuer.trusted_keys_path),
        "WUXIAN_ACCESS_LOG": "false",  # nobody reads it
        "WUXIAN_HEAD_SECONDS": str(HEAD_SECONDS),
        "WUXIAN_BODY_SECONDS": str(BODY_SECONDS),
        "WUXIAN_WRITE_SECONDS": str(WRITE_SECONDS),
        "WUXIAN_CONNECTIONS_MAX": str(CONNECTIONS_MAX),
    }


@pytest.fixture(scope="module")
async def ledger_url(environment: dict[str, str]) -> AsyncIterator[str]:
    """The address of a ledger that is attacked."""
    service = serving(["ledger"], environment)
    url = await asyncio.to_thread(service.__enter__)
    try:
        yield url
    finally:
        await asyncio.to_thread(service.__exit__, None, None, None)
