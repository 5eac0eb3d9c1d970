"""Fixtures of collection: one running service per test module."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from services import migrate as migration
from services.collection.app import build
from services.migrate import migrate
from shared.db import Database
from tests.collection.support.office import Office
from tests.conftest import Bearer, ClientOf, SettingsFor


@pytest.fixture(scope="module")
async def office(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Office]:
    """The people who take part, with a client of the service."""
    async with client_of(build(settings_for())) as client:
        yield Office(client, bearer, database_url)


@pytest.fixture(scope="module")
async def db(settings_for: SettingsFor) -> AsyncIterator[Database]:
    """Open the service's own connection to its database, for background work."""
    url = settings_for().database_url
    assert url is not None
    database = Database(url, "collection")
    yield database
    await database.close()


@pytest.fixture
def upgrade_to(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Awaitable[None]]:
    """Bring collection's schema in an empty database to a revision, or to `head`."""

    async def upgrade(revision: str) -> None:
        with monkeypatch.context() as patch:
            real = migration.command.upgrade
            patch.setattr(migration.command, "upgrade", lambda config, _: real(config, revision))
            await migrate(empty_database_url, ["collection"])

    return upgrade
