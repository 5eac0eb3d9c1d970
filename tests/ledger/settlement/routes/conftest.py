"""Fixtures of these doors' tests."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.ledger.conftest import Ledger
from tests.ledger.support.year import new_ledger


@pytest.fixture
async def books(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    """Run a ledger on a database of its own for every test."""
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as running:
        yield running
