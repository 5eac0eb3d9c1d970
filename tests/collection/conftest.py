"""Fixtures of collection: one running service per test module."""

from collections.abc import AsyncIterator

import pytest

from services.collection.app import build
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
