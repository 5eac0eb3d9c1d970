"""The identity app on a module's database."""

from collections.abc import AsyncIterator

import pytest

from services.identity.app import build
from tests.conftest import ClientOf, SettingsFor
from tests.identity.support.desk import Desk


@pytest.fixture(scope="module")
async def desk(settings_for: SettingsFor, client_of: ClientOf) -> AsyncIterator[Desk]:
    app = build(settings_for(sandbox_identities=True))
    async with client_of(app) as client:
        yield Desk(app, client)
