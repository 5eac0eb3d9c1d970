"""A form on a page: fields in a panel, a button, and the values that were typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from nicegui import ui

from services.console.page import View
from services.console.widgets.fault import attempt
from services.console.widgets.field import Field, Input, Loaded, body_of, needed, sentence_of_needed
from services.console.words import t


class Form:
    """Fields as they stand on a page. The address's query fills them first."""

    def __init__(self, view: View, fields: Sequence[Field]) -> None:
        self.view, self.fields = view, fields
        self.inputs: list[tuple[Field, Input]] = []

    async def build(self, look: str = "w-full") -> None:
        """Build the fields, where the caller stands."""
        for field in self.fields:
            start = str(self.view.query.get(field.member, ""))
            input = field.build(start).classes(look)
            self.inputs.append((field, input))
            if isinstance(field, Loaded):
                await attempt(self.view.api, partial(field.fill, input, self.view.api, start))

    def typed(self) -> dict[str, Any] | None:
        """Return what was typed by member; None, and the person is told, where something is missing."""
        missing = needed(self.inputs)
        if missing:
            ui.notify(sentence_of_needed(missing), type="warning")
            return None
        return body_of(self.inputs)


class Answer:
    """The place below a form where the answer stands; asking again replaces it."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.button: ui.button | None = None

    def build(self, title: str, ask: Callable[[], Awaitable[None]]) -> None:
        """Build the button; `ask` is called by it."""
        self.button = ui.button(title, on_click=ask).props("unelevated no-caps")

    def build_place(self) -> None:
        """Build the place of faults and of the answer."""
        self.faults = ui.element("div").classes("w-full")
        self.place = ui.element("div").classes("w-full wx-outcome")

    async def fetch(self, door: str, body: Mapping[str, Any]) -> Any:
        """POST to a door that stores nothing; None, and the faults are shown, where it refuses."""
        assert self.button is not None
        self.place.clear()
        self.button.props("loading")
        found = await attempt(self.view.api, lambda: self.view.api.post(door, body), self.faults)
        self.button.props(remove="loading")
        return found


async def build_calculator(
    view: View,
    fields: Sequence[Field],
    door: str,
    show: Callable[[Any, Mapping[str, Any]], None],
    body: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
) -> None:
    """Build a form whose door stores nothing; `show` gets its answer, and what was typed."""
    form, answer = Form(view, fields), Answer(view)

    async def ask() -> None:
        typed = form.typed()
        if typed is None:
            return
        found = await answer.fetch(door, body(typed))
        if found is not None:
            with answer.place:
                show(found, typed)

    with ui.element("div").classes("wx-panel wx-form-panel"):
        with ui.element("div").classes("wx-form-grid"):
            await form.build()
        answer.build(t("试算", "Calculate"), ask)
    answer.build_place()
