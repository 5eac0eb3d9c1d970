"""Lists: filters above, rows page by page, and steps on the rows that are ticked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from nicegui import ui

from services.console.api import PAGE
from services.console.page import Area, View, link
from services.console.widgets.action import Action, action_button, open_action
from services.console.widgets.cell import Column, door_of, member_of
from services.console.widgets.download import offer_rows
from services.console.widgets.fault import attempt
from services.console.widgets.field import Field, Input, Loaded, needed, sentence_of_needed
from services.console.widgets.table import Row, Table
from services.console.widgets.text import money
from services.console.widgets.title import about, page_title
from services.console.words import Text, t, tell
from shared.money import format_yuan, parse_yuan
from shared.roles import Right


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAction:
    """A step on all ticked rows in one request.

    `body` makes the request's body from the rows. The dialog names how many rows it is and, where
    `amount` is a member, their sum: {count} and {sum} in `action.confirm`.
    """

    action: Action
    body: Callable[[Sequence[Row]], Mapping[str, Any]]
    amount: str | None = None
    when: Callable[[Row], bool] = lambda row: True


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """A page that is a list of one door, with filters and links to the papers.

    {Names} of the path, and filters that must be filled, may stand in the door. The other filters'
    members are the door's query parameters. All stand in the address too, so that a list can be
    linked to: link("/bills", period="2021-07").
    """

    path: str
    title: Text
    area: Area
    door: str
    columns: Sequence[Column]
    rights: tuple[Right, ...] = ()
    filters: Sequence[Field] = ()
    fixed: Mapping[str, Any] | None = None
    """Parameters that the door is always asked with."""
    items: str = "items"
    is_paged: bool = True
    """False for a door that answers all its rows at once and knows no limit."""
    actions: Sequence[Action] = ()
    """Steps that need no row, for instance to propose a new paper; their paper is the address's values."""
    bulk: Sequence[BulkAction] = ()
    about: Text | None = None
    """A sentence under the title."""
    in_menu: bool = True
    order: int = 100

    async def build(self, view: View) -> None:
        """Build the list."""
        await Listing(self, view).build()


class Listing:
    """A list as it stands on a page."""

    def __init__(
        self, page: ListPage, view: View, *, fixed: Mapping[str, Any] | None = None
    ) -> None:
        self.page, self.view = page, view
        self.fixed = {**(page.fixed or {}), **(fixed or {})}
        self.inputs: list[tuple[Field, Input]] = []
        self.address = {**view.params, **view.query}
        self.cursor: str | None = None

    async def build(self) -> None:
        """Build the filters, the table and its steps, and fetch the first rows."""
        page, view = self.page, self.view
        with ui.row().classes("wx-title-row"):
            page_title(tell(page.title))
            ui.space()
            for action in page.actions:
                if action.is_open(view, self.address):
                    action_button(view, action, self.address, self.fetch_anew)
        if page.about:
            about(tell(page.about))
        if page.filters:
            await self._build_filters()
        await self.build_table()

    async def build_table(self, first: Mapping[str, Any] | None = None) -> None:
        """Build the table alone, for a page that has more than a list, and that may have its first rows."""
        page, view = self.page, self.view
        with ui.element("div").classes("wx-panel w-full"):
            bulk = [one for one in page.bulk if one.action.is_open(view, {})]
            self.table = Table(page.columns, can_select=bool(bulk), on_select=self._count_ticked)
            self.faults = ui.element("div").classes("w-full")
            with ui.row().classes("wx-foot"):
                self.count = ui.label("").classes("wx-small")
                self.more = ui.button(t("再看 50 条", "50 more"), on_click=self._fetch)
                self.more.props("flat dense no-caps")
                ui.space()
                for one in bulk:
                    self._bulk_button(one)
                offer_rows(tell(page.title), page.columns, lambda: self.table.rows)
        if first is None:
            await self._fetch()
        else:
            self._add(first)

    async def fetch_anew(self) -> None:
        """Fetch the first rows again."""
        self.cursor = None
        self.table.clear()
        await self._fetch()

    async def _build_filters(self) -> None:
        with ui.row().classes("wx-filters"):
            for field in self.page.filters:
                start = str(self.view.query.get(field.member, ""))
                input = field.build(start)
                self.inputs.append((field, input))
                if isinstance(field, Loaded):
                    await attempt(self.view.api, partial(field.fill, input, self.view.api, start))
                input.on("keydown.enter", self._search)
            ui.button(t("查询", "Search"), icon="search", on_click=self._search).props(
                "unelevated no-caps"
            )

    def _search(self) -> None:
        """Go to the address of these filters: the list is built from it, and it can be kept."""
        ui.navigate.to(link(self.page.path, **self._given()))

    def _given(self) -> dict[str, Any]:
        return {field.member: field.read(input) for field, input in self.inputs}

    async def _fetch(self) -> None:
        page = self.page
        missing = needed(self.inputs)
        if missing:  # the door would refuse; the person says first what to look for
            self.count.set_text(sentence_of_needed(missing))
            self.more.set_visibility(False)
            return
        given = self._given()
        door = door_of(page.door, {**self.address, **given})
        params = {**self.fixed, **given}
        params = {name: value for name, value in params.items() if f"{{{name}}}" not in page.door}
        if page.is_paged:
            params |= {"limit": PAGE, "cursor": self.cursor}
        found = await attempt(self.view.api, lambda: self.view.api.get(door, **params), self.faults)
        if found is not None:
            self._add(found)

    def _add(self, found: Mapping[str, Any]) -> None:
        self.table.add(found[self.page.items])
        self.cursor = found.get("next_cursor")
        self.more.set_visibility(bool(self.cursor))
        self._count_ticked()

    def _count_ticked(self) -> None:
        shown, ticked = len(self.table.rows), self.table.selected
        more = t(",还有更多", ", and more") if self.cursor else ""
        words = t(f"已显示 {shown:,} 条{more}", f"{shown:,} shown{more}")
        if ticked:
            words += t(f" · 已选 {len(ticked):,} 条", f" · {len(ticked):,} ticked")
        self.count.set_text(words)

    def _bulk_button(self, bulk: BulkAction) -> None:
        async def begin() -> None:
            rows = [row for row in self.table.selected if bulk.when(row)]
            if not rows:
                ui.notify(t("请先勾选可以办理的行", "Tick the rows first"), type="warning")
                return
            paper = {"count": f"{len(rows):,}", "sum": _sum(rows, bulk.amount), "rows": rows}
            await open_action(
                self.view,
                _with_body(bulk.action, lambda _: bulk.body(rows)),
                paper,
                self.fetch_anew,
            )

        ui.button(tell(bulk.action.title), on_click=begin).props("unelevated no-caps")


def _with_body(action: Action, body: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Action:
    return replace(action, body=body)


def _sum(rows: Sequence[Row], member: str | None) -> str:
    if member is None:
        return ""
    amounts = [parse_yuan(str(member_of(row, member))) for row in rows if member_of(row, member)]
    return money(format_yuan(sum(amounts)))
