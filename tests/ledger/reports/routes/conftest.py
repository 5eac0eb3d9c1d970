"""Fixtures of these doors' tests: a small year, open and closed."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.ledger.conftest import Ledger
from tests.ledger.support.year import close, new_ledger, play


@pytest.fixture(scope="module")
async def year(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    """Play the small year; nothing is closed."""
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as running:
        await play(running)
        yield running


@pytest.fixture(scope="module")
async def closed_year(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    """Play the small year and close both years."""
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as running:
        await play(running)
        await close(running, "month", "2020-12")
        await close(running, "year", "2020")
        for month in range(1, 13):
            await close(running, "month", f"2021-{month:02d}")
        await close(running, "year", "2021")
        yield running


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
