"""The declared pages: their paths, doors, rights and texts, checked against the services' documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from services.console.page import Page, all_pages, link, menu_of
from services.console.session import Session, Sessions
from services.console.sign_in import local
from services.console.widgets.action import Action
from services.console.widgets.field import Choice, Field, Loaded
from services.console.widgets.file_form import FilePage
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.widgets.rules import RulesPage
from shared import clock
from shared.roles import Right, Role

ROOT = Path(__file__).parents[2]
PAGES = all_pages()
LISTS = [page for page in PAGES if isinstance(page, ListPage)]
SERVICES = ("collection", "ledger", "payout", "identity")


@cache
def document(service: str) -> dict[str, Any]:
    """Return the OpenAPI document of a service."""
    found: dict[str, Any] = json.loads((ROOT / f"openapi/{service}.json").read_text())
    return found


def doors_of(page: Page) -> Iterator[tuple[str, str]]:
    """Yield the doors that a declared page asks: (method, door)."""
    if isinstance(page, ListPage):
        yield "get", page.door
        for action in (*page.actions, *(bulk.action for bulk in page.bulk)):
            yield "post", action.door
    if isinstance(page, FilePage):
        yield "post", page.door
    if isinstance(page, RulesPage):
        yield "get", page.door
        yield from (("post", action.door) for action in (*page.actions, *page.decisions))
    if isinstance(page, PaperPage):
        yield from (("get", door) for door in (page.door, page.trail, page.prints) if door)
        yield from (("get", part.door) for part in page.parts if part.door)
        yield from (("post", action.door) for action in page.actions)


@pytest.fixture(scope="module")
def offered() -> set[tuple[str, str]]:
    """Every operation of the four services, with the names of its path's values left out."""
    found = set()
    for service in SERVICES:
        for path, methods in document(service)["paths"].items():
            found |= {(method, bare(f"{service}:{path}")) for method in methods}
    return found


def bare(door: str) -> str:
    return re.sub(r"\{\w+\}|(?<=/v1/rules/)\w+", "{}", door)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_asks_doors_that_exist(page: Page, offered: set[tuple[str, str]]) -> None:
    assert [door for method, door in doors_of(page) if (method, bare(door)) not in offered] == []


@pytest.fixture(scope="module")
def parameters() -> dict[str, dict[str, bool]]:
    """Query parameters of every list's door: door → name → whether the door requires it."""
    found = {}
    for service in SERVICES:
        for path, methods in document(service)["paths"].items():
            given = methods.get("get", {}).get("parameters", [])
            found[bare(f"{service}:{path}")] = {
                one["name"]: one.get("required", False) for one in given if one["in"] == "query"
            }
    return found


@pytest.mark.parametrize("page", LISTS, ids=lambda page: page.path)
def test_a_list_asks_its_door_for_what_the_door_knows(
    page: ListPage, parameters: dict[str, dict[str, bool]]
) -> None:
    known = parameters[bare(page.door)]
    asked = {field.member for field in page.filters} | set(page.fixed or {})
    asked -= set(re.findall(r"\{(\w+)\}", page.door))
    asked |= {"limit", "cursor"} if page.is_paged else set()
    assert asked <= set(known)
    assert page.is_paged == ("limit" in known)
    needed = {field.member for field in page.filters if field.is_needed} | set(page.fixed or {})
    assert {name for name, required in known.items() if required} <= needed


@pytest.mark.parametrize(
    "part",
    [
        part
        for page in PAGES
        if isinstance(page, PaperPage)
        for part in page.parts
        if part.door is not None
    ],
    ids=lambda part: part.door,
)
def test_a_part_asks_only_what_its_door_knows(part: Part) -> None:
    service, _, path = str(part.door).partition(":")
    paths = json.loads((ROOT / f"openapi/{service}.json").read_text())["paths"]
    (operation,) = [methods["get"] for known, methods in paths.items() if bare(known) == bare(path)]
    known = {one["name"] for one in operation.get("parameters", ())}
    assert part.is_paged == ("limit" in known)


def schema_of(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema behind its reference; of null and another, the other."""
    parts = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    one = parts[0] if len(parts) == 1 else schema
    name = one.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"][name] if name else one


def asked_fields(page: Page) -> Iterator[tuple[Field, dict[str, Any]]]:
    """Yield the fields that a page lets people fill, each with its schema at the door."""
    for method, door in doors_of(page):
        service, _, path = door.partition(":")
        of = document(service)
        operation = next(
            methods[method] for known, methods in of["paths"].items() if bare(known) == bare(path)
        )
        given = {one["name"]: one["schema"] for one in operation.get("parameters", ())}
        content = operation.get("requestBody", {}).get("content", {})
        body = schema_of(of, content.get("application/json", {}).get("schema", {}))
        given |= body.get("properties", {})
        if method == "get" and isinstance(page, ListPage | RulesPage):
            fields = list(page.filters)
        elif isinstance(page, FilePage):
            fields = list(page.fields)
        else:
            fields = [
                field
                for action in actions_of(page)
                if action.door == door
                for field in action.fields
            ]
        yield from ((field, schema_of(of, given.get(field.member, {}))) for field in fields)


def actions_of(page: Page) -> list[Action]:
    """Return the steps that a declared page offers."""
    bulk = [one.action for one in page.bulk] if isinstance(page, ListPage) else []
    if isinstance(page, RulesPage):
        return [*page.actions, *page.decisions]
    return [*page.actions, *bulk] if isinstance(page, ListPage | PaperPage) else []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_value_of_a_fixed_list_is_chosen_and_never_typed(page: Page) -> None:
    for field, schema in asked_fields(page):
        if "enum" in schema:
            assert isinstance(field, Choice | Loaded), field.member
            if isinstance(field, Choice):
                assert set(field.choices) <= set(schema["enum"]), field.member


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_speaks_both_languages(page: Page) -> None:
    chinese, english = page.title
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert re.fullmatch(r"[ -~–—’]+", english)


def session(role: Role) -> Session:
    ends_at = clock.now() + timedelta(hours=1)
    return Session("secret", "li", "李", role, "centre", ends_at)


def test_the_menu_shows_only_what_the_role_may_open() -> None:
    for role in Role:
        if role.is_person:
            menu = menu_of(PAGES, session(role))
            shown = [page for pages in menu.values() for page in pages]
            assert all(session(role).may(*page.rights) for page in shown)
            assert not any("{" in page.path for page in shown)
    administrator = menu_of(PAGES, session(Role.IDENTITY_ADMIN)).values()
    reading = {Right.READ_COLLECTION, Right.READ_LEDGER, Right.READ_PAYOUT}
    assert not [page for pages in administrator for page in pages if set(page.rights) & reading]


def test_a_session_that_has_ended_opens_nothing() -> None:
    sessions = Sessions()
    ended = session(Role.SUPERVISOR)
    ended.ends_at = clock.now()
    sessions.open("cookie", ended)
    assert sessions.find("cookie") is None
    assert sessions.find(None) is None


@pytest.mark.parametrize("away", ["//evil.example", "/\\evil.example", "https://evil.example", ""])
def test_signing_in_leads_only_to_pages_of_the_console(away: str) -> None:
    assert local(away) == "/"
    assert local("/bills?period=2021-07") == "/bills?period=2021-07"


def test_an_address_holds_the_values_that_say_something() -> None:
    assert link("/bills", period="2021-07", status=None) == "/bills?period=2021-07"
