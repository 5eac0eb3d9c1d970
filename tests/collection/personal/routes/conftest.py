"""Fixture of the tests of personal credits."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.collection.support.city import City, city_of
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.issuer import Issuer


@pytest.fixture
async def city(
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    issuer: Issuer,
    database_url: str,
) -> AsyncIterator[City]:
    async with city_of(settings_for, client_of, bearer, issuer, database_url) as made:
        yield made
        await made.deliver()
        await made.control()
