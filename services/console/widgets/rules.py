"""Dated rows that two people change: those in force as a table, and those that wait, each with its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nicegui import ui

from services.console.page import Area, View, link
from services.console.widgets.action import Action, action_button, decisions
from services.console.widgets.cell import Column
from services.console.widgets.download import offer_rows
from services.console.widgets.fault import attempt
from services.console.widgets.field import Field, needed
from services.console.widgets.form import Form
from services.console.widgets.paper import show_fields
from services.console.widgets.table import Table
from services.console.widgets.title import about, heading, page_title
from services.console.words import Text, t, tell
from shared.roles import Right


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesPage:
    """A page of one door that answers rows and, beside them, those that wait for a second person.

    Where the door has no list of its own for these, they are its rows of a `waiting_status`.
    """

    path: str
    title: Text
    area: Area
    door: str
    columns: Sequence[Column]
    about: Text | None = None
    waiting: str | None = "waiting"
    waiting_status: str = "filed"
    waiting_columns: Sequence[Column] = ()
    """Fields of a row that waits; none: those of the table."""
    decisions: Sequence[Action] = ()
    """Steps on a row that waits, with its members in their doors."""
    actions: Sequence[Action] = ()
    filters: Sequence[Field] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    rights: tuple[Right, ...] = ()
    in_menu: bool = True
    order: int = 100

    async def build(self, view: View) -> None:
        """Build the page and, after every step, build it anew."""
        body = ui.element("div").classes("w-full wx-outcome")

        async def show() -> None:
            body.clear()
            with body:
                await self._show(view, show)

        await show()

    async def _show(self, view: View, refresh: Any) -> None:
        with ui.row().classes("wx-title-row"):
            page_title(tell(self.title))
            ui.space()
            for action in self.actions:
                if action.is_open(view, {}):
                    action_button(view, action, {}, refresh)
        if self.about:
            about(tell(self.about))
        asked = await self._build_filters(view) if self.filters else {}
        if asked is None:
            return
        found = await attempt(view.api, lambda: view.api.get(self.door, **self.fixed, **asked))
        if found is None:
            return
        rows = found["items"]
        waiting = (
            found[self.waiting]
            if self.waiting
            else [row for row in rows if row["status"] == self.waiting_status]
        )
        if waiting:
            heading(t("待批准", "To be approved"))
            for row in waiting:
                self._show_waiting(view, row, refresh)
            heading(t("现有", "Rows"))
        with ui.element("div").classes("wx-panel w-full"):
            shown = Table(self.columns, rows)
            with ui.row().classes("wx-foot"):
                ui.space()
                offer_rows(tell(self.title), self.columns, lambda: shown.rows)

    def _show_waiting(self, view: View, row: Mapping[str, Any], refresh: Any) -> None:
        with ui.element("div").classes("w-full wx-outcome"):
            show_fields(self.waiting_columns or self.columns, row)
            with ui.row():
                for action in self.decisions:
                    if action.is_open(view, row):
                        action_button(view, action, row, refresh)

    async def _build_filters(self, view: View) -> dict[str, Any] | None:
        form = Form(view, self.filters)
        with ui.row().classes("wx-filters"):
            await form.build("wx-filter")

            def search() -> None:
                typed = form.typed()
                if typed is not None:
                    ui.navigate.to(link(self.path, **typed))

            ui.button(t("查询", "Search"), icon="search", on_click=search).props(
                "unelevated no-caps"
            )
        return None if needed(form.inputs) else form.typed()


def row_decisions(
    door: str, right: Right, amount: Text, *, reason: str | None = "why"
) -> tuple[Action, Action]:
    """Return the two steps of the second person on a row; the page shows them where it waits."""
    return decisions(door, right, amount, reason=reason, when=lambda row: True)
