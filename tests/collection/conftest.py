"""One running collection a test module."""

from collections.abc import AsyncIterator

import pytest

from services.collection.app import build
from tests.collection.support.office import Office
from tests.conftest import Bearer, ClientOf, SettingsFor


@pytest.fixture(scope="module")
async def office(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Office]:
    """Everybody who takes part."""
    async with client_of(build(settings_for())) as client:
        yield Office(client, bearer, database_url)
