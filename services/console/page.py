"""The registry of pages: every page is declared once, with its path, title, area and rights."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from services.console.api import Api
from services.console.session import Session
from services.console.words import Text
from shared.roles import Right


class Area(Enum):
    """A group of the menu, in its order: its name and its icon."""

    HOME = (("首页", "Home"), "home")
    WORK = (("业务经办", "Work"), "assignment")
    MONEY = (("资金", "Money"), "payments")
    BOOKS = (("账务", "Books"), "menu_book")
    PAYOUT = (("待遇支付", "Payout"), "volunteer_activism")
    POLICY = (("政策", "Policy"), "gavel")
    SUPERVISION = (("监督", "Supervision"), "visibility")
    ADMINISTRATION = (("系统管理", "Administration"), "admin_panel_settings")

    @property
    def title(self) -> Text:
        """The name of the group."""
        return self.value[0]

    @property
    def icon(self) -> str:
        """The icon of the group."""
        return str(self.value[1])


@dataclass(frozen=True, slots=True)
class View:
    """A page that is being built for a person: the way to the services, and the address's values.

    `params` are the values in the path, `query` those behind the question mark.
    """

    api: Api
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def session(self) -> Session:
        """The signed-in person."""
        return self.api.session

    def may(self, *rights: Right) -> bool:
        """Return whether the person may do one of these."""
        return self.session.may(*rights)


class Page(Protocol):
    """A page of the console, whatever kind it is of."""

    @property
    def path(self) -> str:
        """The address, with {names} for its values."""

    @property
    def title(self) -> Text:
        """The name in the menu and of the tab."""

    @property
    def area(self) -> Area:
        """The group of the menu."""

    @property
    def rights(self) -> tuple[Right, ...]:
        """Any one of these opens the page; none: everybody who is signed in."""

    @property
    def in_menu(self) -> bool:
        """True when the menu leads here."""

    @property
    def order(self) -> int:
        """The place within the group of the menu."""

    async def build(self, view: View) -> None:
        """Build the page's content inside the frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreePage:
    """A page whose content a function builds with the widgets."""

    path: str
    title: Text
    area: Area
    show: Callable[[View], Awaitable[None]]
    rights: tuple[Right, ...] = ()
    """Any one of these opens the page; none: everybody who is signed in."""
    in_menu: bool = True
    order: int = 100
    """The place within the group of the menu."""

    async def build(self, view: View) -> None:
        """Build the content."""
        await self.show(view)


def link(path: str, **query: Any) -> str:
    """Return the address of a page with the values that are given: link("/bills", period="2021-07")."""
    chosen = {name.rstrip("_"): str(value) for name, value in query.items() if value}
    return f"{path}?{urlencode(chosen)}" if chosen else path


_ROOM: Final = "services.console.pages"


def all_pages() -> tuple[Page, ...]:
    """Return the pages of every module below `pages`, from its tuple PAGES: fixed paths first.

    Raises:
        ValueError: two pages have one path.
    """
    found = sorted(_declared(), key=lambda page: ("{" in page.path, page.path))
    paths = [page.path for page in found]
    twice = {path for path in paths if paths.count(path) > 1}
    if twice:
        raise ValueError(f"two pages have one path: {', '.join(sorted(twice))}")
    return tuple(found)


def _declared() -> Iterator[Page]:
    room = import_module(_ROOM)
    for module in walk_packages(room.__path__, f"{_ROOM}."):
        yield from getattr(import_module(module.name), "PAGES", ())


def menu_of(pages: tuple[Page, ...], session: Session) -> dict[Area, list[Page]]:
    """Return the menu of a person: the pages that the role may open, by group."""
    menu: dict[Area, list[Page]] = {}
    for area in Area:
        shown = [
            page
            for page in pages
            if page.area is area and page.in_menu and session.may(*page.rights)
        ]
        if shown:
            menu[area] = sorted(shown, key=lambda page: (page.order, page.path))
    return menu
