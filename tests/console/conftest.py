"""Fixtures of browser tests: a house with a filled city for each module, and people at browsers.

`person("district_clerk.heping")` signs in once a module.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, async_playwright

from tests.console.support.browser import Person, chromium, new_person
from tests.console.support.stage import House, stage

FLAGS = (
    "--no-sandbox",
    # The site around the wall screen is made up by the test: no browser knows its network.
    "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
)
People = Callable[[str], Awaitable[Person]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The machine's Chromium."""
    found = chromium()
    if found is None:
        pytest.skip(
            "没有 Chromium,跳过浏览器测试 (this machine has no Chromium: no browser test runs)"
        )
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield running
        await running.close()


@pytest.fixture(scope="module")
async def house(
    browser: Browser, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """All services and the console, with a filled city."""
    async with stage(tmp_path_factory.mktemp("console"), database_url) as running:
        yield running


@pytest.fixture(scope="module")
async def person(house: House, browser: Browser) -> AsyncIterator[People]:
    """People by their sandbox names, signed in."""
    known: dict[str, Person] = {}

    async def find(name: str) -> Person:
        if name not in known:
            known[name] = await new_person(house, browser, name)
            await known[name].sign_in()
        return known[name]

    yield find
    for one in known.values():
        await one.page.context.close()
