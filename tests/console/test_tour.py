"""Every page of the menu opens on a filled city without a refusal, and so does a paper behind it."""

from __future__ import annotations

import pytest

from services.console.page import all_pages
from services.console.widgets.listing import ListPage
from shared.roles import RIGHTS, Role
from tests.console.conftest import People
from tests.console.support.browser import Person

pytestmark = pytest.mark.story

LOOKED_AT = {
    "/": "inbox",
    "/balances": "balances",
    "/balance-sheet": "balance-sheet",
    "/chain": "chain",
    "/claims": "claims",
    "/closing-check": "closing-check",
    "/debit-batches": "debit-batches",
    "/receipts": "receipts",
    "/reconciliation-items": "reconciliation-items",
    "/trial-balance": "trial-balance",
}
"""Pages whose screenshots are kept: axe looks at them too."""
ON_DAY = "2021-08-31"
FAILURES = ".wx-fault, .wx-about[role=alert]"
"""A refusal of a service, and a page that could not be built."""
MACHINES = ("wuxian", "set-up", "collection_service", "payout_service")
"""Names of no person that stand where a person's would."""


async def refusals(person: Person) -> list[str]:
    found: list[str] = await person.page.locator(FAILURES).all_inner_texts()
    return found


async def codes_shown(person: Person) -> list[str]:
    """Return cells that show a code where people read words; names of people are not such."""
    found: list[str] = await person.page.evaluate(
        """() => [...document.querySelectorAll('.wx-page td, .wx-page dd')]
            .filter(one => !one.closest('.wx-code'))
            .map(one => one.innerText.trim())
            .filter(text => /^[a-z]+([_.][a-z0-9]+)+$/.test(text))"""
    )
    people = {*person.house.secrets, *MACHINES}
    return [one for one in found if one not in people]


async def test_a_supervisor_opens_every_page_of_the_menu(person: People) -> None:
    supervisor = await person("supervisor")
    rights = RIGHTS[Role.SUPERVISOR]
    faults: dict[str, list[str]] = {}
    for page in all_pages():
        if "{" in page.path or not (not page.rights or rights & set(page.rights)):
            continue
        await supervisor.open(page.path)
        if found := await refusals(supervisor) + await codes_shown(supervisor):
            faults[page.path] = found
        if page.path in LOOKED_AT:
            await supervisor.check(f"tour-{LOOKED_AT[page.path]}")
        if isinstance(page, ListPage):
            links = supervisor.page.locator(".wx-table a.wx-link")
            if await links.count():
                await links.first.click()
                await supervisor.drawn()
                if found := await refusals(supervisor) + await codes_shown(supervisor):
                    faults[supervisor.page.url] = found
    assert faults == {}
    assert supervisor.outside == []
    assert supervisor.errors == []
