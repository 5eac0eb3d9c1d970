"""A real Chromium for tests: people who sign in, screenshots, axe, and no request that leaves."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, expect

from services.console.app import COOKIE
from tests.console.support.stage import House

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SCREENSHOTS = Path(__file__).parents[1] / "screenshots"
WANTS_SCREENSHOTS = os.environ.get("WUXIAN_SCREENSHOTS") == "1"
WIDTHS = (1280, 1920)
SERIOUS = {"serious", "critical"}
PATIENCE_MS = 30_000
MACHINES = ("wuxian", "set-up", "collection_service", "payout_service")
"""Names of no person that stand where a person's would."""

expect.set_options(timeout=PATIENCE_MS)  # its own five seconds are few on a busy machine


def chromium() -> str | None:
    """Return the machine's own Chromium; None where it has none."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


class Person:
    """A person at a browser of their own."""

    def __init__(self, house: House, page: Page, name: str) -> None:
        self.house, self.page, self.name = house, page, name
        self.outside: list[str] = []
        """Addresses that a page has asked which are not the console's."""
        self.errors: list[str] = []
        """Errors that the browser has logged."""
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda request: self._note(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note(self, url: str) -> None:
        if not url.startswith((self.house.console, "data:", "blob:", "about:", self._sockets)):
            self.outside.append(url)

    @property
    def _sockets(self) -> str:
        return re.sub("^http", "ws", self.house.console)

    async def sign_in(self, onward: str = "/") -> None:
        """Sign in, as a person does, on the way to a page."""
        secret = self.house.secrets[self.name]
        await self.page.goto(self.house.console + onward)
        await self.page.fill("input[name=name]", self.name)
        await self.page.fill("input[name=password]", secret)
        await self.page.fill("input[name=code]", await self.house.code_of(self.name))
        await self.page.click("button[type=submit]")
        await expect(self.page.locator(".wx-person")).to_be_visible()

    async def menu(self) -> list[str]:
        """Return the addresses of the menu's links."""
        links: list[str] = await self.page.locator(".wx-nav-link").evaluate_all(
            "all => all.map(a => a.getAttribute('href'))"
        )
        return links

    async def go(self, path: str) -> None:
        """Follow a link of the menu, without a load, and wait until the page is drawn."""
        link = self.page.locator(f'.wx-nav-link[href="{path}"]')
        group = self.page.locator("details", has=link)
        if await group.get_attribute("open") is None:
            await group.locator("summary").click()
        await link.click()
        await expect(link).to_have_attribute("aria-current", "page")
        await self.drawn()

    async def open(self, path: str) -> None:
        """Load a page by its address, and wait until it is drawn."""
        await self.page.goto(self.house.console + path)
        await self.drawn()

    async def drawn(self) -> None:
        """Wait until the page has its title."""
        await expect(self.page.locator(".wx-page .wx-title").first).to_be_visible()
        await expect(self.page.locator(".q-loading, .q-spinner")).to_have_count(0)

    async def browser_id(self) -> str:
        """Return the id in the browser's signed cookie."""
        cookies = {one["name"]: one for one in await self.page.context.cookies()}
        cookie = cookies[COOKIE]
        found: dict[str, str] = json.loads(base64.b64decode(cookie["value"].split(".")[0] + "=="))
        return found["id"]

    async def act(self, title: str, **fields: str) -> str:
        """Press a step's button, fill its dialog by the fields' titles, confirm; the sentence agreed to."""
        await self.page.get_by_role("button", name=title, exact=True).click()
        dialog = self.page.locator(".wx-dialog")
        sentence = await dialog.locator(".wx-confirm").inner_text()
        for name, value in fields.items():
            await self.choose(name, value, dialog)
        await dialog.get_by_role("button", name="确认").click()
        await expect(dialog).to_have_count(0)
        return sentence

    async def act_on_all(self, title: str) -> str:
        """Tick every row of a list and press a step's button; the sentence agreed to."""
        await expect(self.page.locator(".wx-table tbody a").first).to_be_visible()
        await self.page.get_by_role("checkbox", name="全选").click()
        await expect(self.page.locator(".wx-foot")).to_contain_text("已选")
        return await self.act(title)

    async def choose(self, title: str, value: str, within: Locator | None = None) -> None:
        """Fill a line, or choose from a list, by its title; in a dialog or on the page."""
        box = (within or self.page).get_by_label(title, exact=True)
        if await box.get_attribute("role") == "combobox":
            await box.click()
            await self.page.get_by_role("option", name=value).click()
        else:
            await box.fill(value)

    async def faults_of_access(self) -> list[str]:
        """Return the serious faults that axe finds on the page."""
        found: Any = await Axe().run(self.page)
        return [
            f"{fault['id']}: {node['html'][:200]}"
            for fault in found.response["violations"]
            if fault["impact"] in SERIOUS
            for node in fault["nodes"]
        ]

    async def still(self) -> None:
        """Wait until nothing moves: a drawer glides, a menu opens."""
        await self.page.wait_for_timeout(100)
        await self.page.evaluate(
            """() => Promise.allSettled(document.getAnimations()
                .filter(one => one.effect.getComputedTiming().endTime !== Infinity)
                .map(one => one.finished))"""
        )

    async def cut_off(self) -> list[str]:
        """Return texts that do not fit their place: nothing may be cut."""
        cut: list[str] = await self.page.evaluate(
            """() => [...document.querySelectorAll('.wx-page *, .wx-header *')]
                .filter(one => one.children.length === 0 && one.textContent.trim()
                    && one.scrollWidth > one.clientWidth + 1
                    && ['hidden', 'clip'].includes(getComputedStyle(one).overflowX))
                .map(one => one.textContent.trim().slice(0, 80))"""
        )
        return cut

    async def codes_shown(self) -> list[str]:
        """Return cells that show a code where people read words; names of people are not such."""
        found: list[str] = await self.page.evaluate(
            """() => [...document.querySelectorAll('.wx-page td, .wx-page dd')]
                .filter(one => !one.closest('.wx-code'))
                .map(one => one.innerText.trim())
                .filter(text => /^[a-z]+([_.][a-z0-9]+)+$/.test(text))"""
        )
        people = {*self.house.secrets, *MACHINES}
        return [one for one in found if one not in people]

    def shot(self, name: str) -> Path:
        """Return the file of a screenshot."""
        SCREENSHOTS.mkdir(exist_ok=True)
        return SCREENSHOTS / f"{name}.png"

    async def check(self, name: str) -> None:
        """Look at the page as it stands in two widths: axe, nothing cut, nothing left.

        WUXIAN_SCREENSHOTS=1 keeps pictures of it, which take long to draw.
        """
        for width in WIDTHS:
            await self.page.set_viewport_size({"width": width, "height": 1000})
            await self.still()
            if WANTS_SCREENSHOTS:
                await self.page.wait_for_timeout(400)  # a chart grows
                await self.page.screenshot(path=self.shot(f"{name}-{width}"), full_page=True)
            cut = await self.cut_off()
            assert cut == [], f"{name} at {width}: {cut}"
        faults = await self.faults_of_access()
        assert faults == [], f"{name}: {faults}"
        assert self.outside == [], f"a page asked another machine: {self.outside}"
        assert self.errors == [], f"{name}: {self.errors}"


async def new_person(house: House, browser: Browser, name: str) -> Person:
    """Open a browser window of their own for a person, who is not signed in yet."""
    context = await browser.new_context(
        viewport={"width": WIDTHS[0], "height": 1000}, locale="zh-CN", reduced_motion="reduce"
    )
    return Person(house, await context.new_page(), name)
