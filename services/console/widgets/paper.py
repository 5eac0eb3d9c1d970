"""Papers: a document's fields, its parts, its steps and its trail (办理轨迹)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from services.console import codes, names
from services.console.page import Area, View
from services.console.widgets import text
from services.console.widgets.action import Action, action_button
from services.console.widgets.cell import Column, Kind, door_of, member_of
from services.console.widgets.download import offer_rows, print_button
from services.console.widgets.fault import attempt
from services.console.widgets.table import Table
from services.console.widgets.title import heading, page_title
from services.console.words import Text, t, tell
from shared.roles import Right

Paper = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A table below the fields: the rows of a member of the paper, or of a door of its own."""

    title: Text
    columns: Sequence[Column]
    member: str | None = None
    door: str | None = None
    """A door of pages; {members} of the paper and of the address may stand in it."""
    is_paged: bool = True
    """True when the door answers page by page; else it answers everything at once."""
    rights: tuple[Right, ...] = ()
    is_personal: bool = False
    """True for data in clear text: shown when the person asks, and the service records who did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperPage:
    """A page that is one paper: a door's answer, with what a person may do to it.

    The values of the path stand in the doors: path "/bills/{bill}", door
    "collection:/v1/bills/{bill}". The members of the paper may stand in the doors of actions.
    """

    path: str
    title: Text
    area: Area
    door: str
    fields: Sequence[Column]
    status: str | None = "status"
    parts: Sequence[Part] = ()
    actions: Sequence[Action] = ()
    trail: str | None = None
    """The door of the trail."""
    prints: str | None = None
    """The door of the printed form."""
    fetch: Callable[[View, Paper], Awaitable[Paper]] | None = None
    """Adds members from other doors, which `more` and the actions use."""
    more: Callable[[View, Paper], Awaitable[None]] | None = None
    """Further content that is no table."""
    rights: tuple[Right, ...] = ()
    in_menu: bool = False
    order: int = 100

    async def build(self, view: View) -> None:
        """Build the paper and, after every step, build it anew."""
        body = ui.element("div").classes("w-full wx-outcome")

        async def show() -> None:
            door = door_of(self.door, view.params)
            found = await attempt(view.api, lambda: view.api.get(door), body)
            if found is None:
                return
            body.clear()
            with body:
                paper: Paper = {**view.params, **found}
                if self.fetch:
                    paper = await self.fetch(view, paper)
                await self._show(paper, view, show)

        await show()

    async def _show(self, paper: Paper, view: View, refresh: Callable[[], Awaitable[None]]) -> None:
        with ui.row().classes("wx-title-row"):
            page_title(tell(self.title))
            status = member_of(paper, self.status) if self.status else None
            if status:
                chip(names.status_name(str(status)), names.status_tone(str(status)))
            ui.space()
            if self.prints:
                print_button(view, t("打印预览", "Print preview"), door_of(self.prints, paper))
            for action in self.actions:
                if action.is_open(view, paper):
                    action_button(view, action, paper, refresh)
        show_fields(self.fields, paper)
        if self.more:
            await self.more(view, paper)
        for part in self.parts:
            if view.may(*part.rights):
                await show_part(view, part, paper)
        if self.trail:
            await show_trail(view, door_of(self.trail, paper))


def chip(words: str, tone: names.Tone) -> ui.element:
    """Show a status."""
    return ui.label(words).classes(f"wx-chip wx-chip-{tone.value}")


def show_fields(fields: Sequence[Column], paper: Paper) -> None:
    """Show a paper's fields in a grid: the name above, the value below."""
    with ui.element("dl").classes("wx-panel wx-fields"):
        for field in fields:
            cell = field.cell(paper)
            with ui.element("div").classes("wx-field"):
                with ui.element("dt"):
                    ui.label(tell(field.title))
                with ui.element("dd").classes(_look(field)):
                    _value(cell)


def _look(field: Column) -> str:
    return "wx-code" if field.kind is Kind.CODE else "wx-amount" if field.kind is Kind.MONEY else ""


def _value(cell: Mapping[str, Any]) -> None:
    if cell["href"]:
        ui.link(cell["text"], cell["href"]).classes("wx-link")
    elif cell["tone"]:
        chip(cell["text"], names.Tone(cell["tone"]))
    else:
        ui.label(cell["text"])
    if cell["copy"]:
        copy = ui.button(icon="content_copy", on_click=lambda: ui.clipboard.write(cell["text"]))
        copy.props(f'flat dense round size=xs aria-label="{t("复制", "Copy")}"').classes("wx-copy")


async def show_part(view: View, part: Part, paper: Paper) -> None:
    """Show a table of a paper, page by page where it has a door."""
    heading(tell(part.title))
    if part.is_personal:
        panel = ui.element("div").classes("wx-panel wx-personal")

        async def reveal() -> None:
            panel.clear()
            panel.classes(remove="wx-personal")
            with panel:
                await _show_rows(view, part, paper)

        with panel:
            ui.button(
                t("显示个人信息", "Show personal data"), icon="visibility", on_click=reveal
            ).props("flat no-caps")
            ui.label(t("查看将留痕。", "The service records who looks.")).classes("wx-small")
        return
    with ui.element("div").classes("wx-panel w-full"):
        await _show_rows(view, part, paper)


async def _show_rows(view: View, part: Part, paper: Paper) -> None:
    with ui.element("div").classes("w-full"):
        own = member_of(paper, part.member) or () if part.member else ()
        # A row's links may need the paper's own address: /bills/{bill}/lines/{line}.
        table = Table(part.columns, [{**view.params, **row} for row in own])
        faults = ui.element("div")
        with ui.row().classes("wx-foot"):
            if part.door is not None:
                await _fetch_pages(view, part, door_of(part.door, paper), table, faults)
            ui.space()
            offer_rows(tell(part.title), part.columns, lambda: table.rows)


async def _fetch_pages(view: View, part: Part, door: str, table: Table, faults: ui.element) -> None:
    cursor: str | None = None
    more = ui.button(t("再看 50 条", "50 more")).props("flat dense no-caps")

    async def fetch() -> None:
        nonlocal cursor
        paging = {"limit": 50, "cursor": cursor} if part.is_paged else {}
        page = await attempt(view.api, lambda: view.api.get(door, **paging), faults)
        if page is not None:
            table.add([{**view.params, **row} for row in page["items"]])
            cursor = page.get("next_cursor")
            more.set_visibility(bool(cursor))

    more.on_click(fetch)
    await fetch()


async def show_trail(view: View, door: str) -> None:
    """Show who did what to a paper, and when (办理轨迹)."""
    heading(t("办理轨迹", "Trail"))
    with ui.element("div").classes("wx-panel w-full") as panel:
        found = await attempt(view.api, lambda: view.api.get(door), panel)
        if found is None:
            return
        with ui.element("ol").classes("wx-trail"):
            for step in found["items"]:
                with ui.element("li"):
                    ui.label(text.moment(step["at"])).classes("wx-trail-at")
                    ui.label(step_name(step["step"])).classes("wx-trail-step")
                    ui.label(_signer(step)).classes("wx-trail-who")
                    if step.get("why"):
                        ui.label(step["why"]).classes("wx-trail-why")


def _signer(step: Mapping[str, Any]) -> str:
    """Return who took a step, as what, and where."""
    if step["person"] in codes.AUTHORS:
        return tell(codes.AUTHORS[step["person"]])
    place = names.district_name(step.get("district"))
    return f"{step['person']} · {names.role_name(step['role'])} · {place}"


def step_name(step: str) -> str:
    """Return a step in words; an unknown one stands for itself."""
    return tell(codes.STEPS[step]) if step in codes.STEPS else step
