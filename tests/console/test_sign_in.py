"""Signing in and out in a browser, and work that goes on over a session that has ended."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.console.conftest import People
from tests.console.support.browser import PATIENCE_MS, new_person
from tests.console.support.stage import House

pytestmark = pytest.mark.story


async def test_the_page_before_signing_in_is_opened_afterwards(
    house: House, browser: Browser
) -> None:
    clerk = await new_person(house, browser, "district_clerk.binhai")
    await clerk.sign_in("/declarations?status=submitted")
    assert clerk.page.url == f"{house.console}/declarations?status=submitted"
    await clerk.drawn()
    (cookie,) = await clerk.page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    stored = await clerk.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert clerk.house.secrets[clerk.name] not in stored
    await clerk.page.get_by_role("button", name="退出").click()
    await expect(clerk.page.locator("input[name=password]")).to_be_visible(timeout=PATIENCE_MS)
    await clerk.page.goto(f"{house.console}/declarations")
    assert "/sign-in" in clerk.page.url
    await clerk.page.context.close()


async def test_a_wrong_code_is_refused_in_the_services_words(
    house: House, browser: Browser
) -> None:
    stranger = await new_person(house, browser, "supervisor")
    await stranger.page.goto(f"{house.console}/")
    await stranger.page.fill("input[name=name]", "supervisor")
    await stranger.page.fill("input[name=password]", "not the password")
    await stranger.page.fill("input[name=code]", "000000")
    await stranger.page.click("button[type=submit]")
    await expect(stranger.page.locator(".wx-fault")).to_contain_text("SIGN_IN_REFUSED")
    await stranger.check("sign-in-refused")
    await stranger.page.context.close()


async def test_the_inbox_and_the_lists_are_fit_to_look_at(person: People) -> None:
    clerk = await person("district_clerk.binhai")
    for name, path in (("inbox", "/"), ("declarations", "/declarations")):
        await clerk.open(path)
        await clerk.check(name)


async def test_a_declaration_is_accepted_after_its_people_and_amount_were_named(
    person: People,
) -> None:
    clerk = await person("district_clerk.binhai")
    await clerk.open("/declarations?status=submitted")
    await clerk.page.locator(".wx-table a.wx-link").first.click()
    await expect(clerk.page.get_by_role("button", name="受理", exact=True)).to_be_visible()
    await clerk.check("declaration")
    total = await clerk.page.locator(".wx-field", has_text="应缴合计").locator("dd").inner_text()
    sentence = await clerk.act("受理")
    assert total in sentence
    await expect(clerk.page.locator(".wx-title-row .wx-chip")).to_have_text("已受理")


async def test_english_is_a_switch(person: People) -> None:
    clerk = await person("district_clerk.binhai")
    await clerk.open("/declarations")
    await clerk.page.get_by_role("button", name="English").click()
    await expect(clerk.page.locator(".wx-page .wx-title")).to_have_text("Declarations")
    await clerk.check("declarations-en")
    await clerk.page.get_by_role("button", name="中文").click()
    await expect(clerk.page.locator(".wx-page .wx-title")).to_have_text("申报")
