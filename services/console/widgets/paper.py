"""Papers: a document's fields, its parts, its steps and its trail (办理轨迹)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from services.console import codes, names
from services.console.api import PAGE
from services.console.page import Area, View
from services.console.widgets import text
from services.console.widgets.action import Action, Refresh, action_button, stay
from services.console.widgets.cell import Column, Kind, door_of, member_of
from services.console.widgets.download import offer_rows, print_button
from services.console.widgets.fault import attempt
from services.console.widgets.table import Table
from services.console.widgets.title import heading, page_title
from services.console.words import Text, t, tell
from shared.roles import Right

Paper = Mapping[str, Any]
Answer = Callable[[], Awaitable[Any]]
"""The answer of a door, waited for when it is called."""


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
    steps: Sequence[Action] = ()
    """Steps on its rows: a row on which one may be taken stands above the table too, with buttons."""
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

    async def _show(self, paper: Paper, view: View, refresh: Refresh) -> None:
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
        parts = [(one, _first(view, one, paper)) for one in self.parts if view.may(*one.rights)]
        trail = view.api.ahead(door_of(self.trail, paper)) if self.trail else None
        show_fields(self.fields, paper)
        if self.more:
            await self.more(view, paper)
        for part, first in parts:
            await show_part(view, part, paper, first, refresh)
        if trail:
            await show_trail(view, trail)


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


def _first(view: View, part: Part, paper: Paper) -> Answer | None:
    """Ask ahead for the first rows of a part, so that the parts do not wait for one another."""
    if part.door is None or part.is_personal:
        return None
    return view.api.ahead(door_of(part.door, paper), **({"limit": PAGE} if part.is_paged else {}))


async def show_part(
    view: View,
    part: Part,
    paper: Paper,
    first: Answer | None = None,
    refresh: Refresh = stay,
) -> None:
    """Show a table of a paper, page by page where it has a door; `first` are rows asked for ahead."""
    heading(tell(part.title))
    rows = _Rows(view, part, paper, first, refresh)
    if part.is_personal:
        panel = ui.element("div").classes("wx-panel wx-personal")

        async def reveal() -> None:
            panel.clear()
            panel.classes(remove="wx-personal")
            with panel:
                await rows.build()

        with panel:
            ui.button(
                t("显示个人信息", "Show personal data"), icon="visibility", on_click=reveal
            ).props("flat no-caps")
            ui.label(t("查看将留痕。", "The service records who looks.")).classes("wx-small")
        return
    with ui.element("div").classes("wx-panel w-full"):
        await rows.build()


@dataclass
class _Rows:
    """The rows of a part as they stand on the page."""

    view: View
    part: Part
    paper: Paper
    first: Answer | None
    refresh: Refresh
    cursor: str | None = None

    async def build(self) -> None:
        """Build the table, and fetch the first rows where they are not in the paper."""
        part = self.part
        with ui.element("div").classes("w-full"):
            self.waiting = ui.element("div").classes("w-full wx-outcome") if part.steps else None
            self.table = Table(part.columns)
            self.faults = ui.element("div")
            self._add(member_of(self.paper, part.member) or () if part.member else ())
            with ui.row().classes("wx-foot"):
                if part.door is not None:
                    self.more = ui.button(t("再看 50 条", "50 more"), on_click=self.fetch)
                    self.more.props("flat dense no-caps")
                    await self.fetch()
                ui.space()
                offer_rows(tell(part.title), part.columns, lambda: self.table.rows)

    async def fetch(self) -> None:
        """Fetch the next rows."""
        assert self.part.door is not None
        door = door_of(self.part.door, self.paper)
        paging = {"limit": PAGE, "cursor": self.cursor} if self.part.is_paged else {}
        ask, self.first = self.first, None
        page = await attempt(
            self.view.api, ask or (lambda: self.view.api.get(door, **paging)), self.faults
        )
        if page is not None:
            self._add(page["items"])
            self.cursor = page.get("next_cursor")
            self.more.set_visibility(bool(self.cursor))

    def _add(self, rows: Sequence[Paper]) -> None:
        # A row's links may need the paper's own address: /bills/{bill}/lines/{line}.
        whole = [{**self.view.params, **row} for row in rows]
        self.table.add(whole)
        if self.waiting is not None:
            with self.waiting:
                for row in whole:
                    self._offer(row)

    def _offer(self, row: Paper) -> None:
        steps = [step for step in self.part.steps if step.is_open(self.view, row)]
        if steps:
            show_fields(self.part.columns, row)
            with ui.row():
                for step in steps:
                    action_button(self.view, step, row, self.refresh)


async def show_trail(view: View, answer: Answer) -> None:
    """Show who did what to a paper, and when (办理轨迹)."""
    heading(t("办理轨迹", "Trail"))
    with ui.element("div").classes("wx-panel w-full") as panel:
        found = await attempt(view.api, answer, panel)
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
