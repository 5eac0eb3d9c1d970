"""Inputs of forms and filters: declared once, built by `build`, read by `read`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.value_element import ValueElement

from services.console import names
from services.console.api import Api
from services.console.words import Text, t, tell
from shared import clock
from shared.wire.day_list import read_days

Input = ValueElement[Any]
Choices = Mapping[str, Text]


def today() -> str:
    """Return the business day."""
    return clock.today().isoformat()


def first_of_month() -> str:
    """Return the first day of the business day's month."""
    return clock.today().replace(day=1).isoformat()


def this_month() -> str:
    """Return the business day's month."""
    return today()[:7]


def this_year() -> str:
    """Return the business day's year."""
    return today()[:4]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A line of text that a person types. `member` is the member of the body, or of the query."""

    member: str
    title: Text
    is_needed: bool = False
    start: str | Callable[[], str] = ""
    """The value that the form opens with, for instance `today`."""

    def opening(self, value: str) -> str:
        """Return the value to open with: the one that is given, else the start."""
        return value or (self.start() if callable(self.start) else self.start)

    def build(self, value: str = "") -> Input:
        """Build the input."""
        return ui.input(tell(self.title), value=self.opening(value)).props("outlined dense")

    def read(self, input: Input) -> Any:
        """Return the member's value; None where nothing was typed."""
        value = str(input.value or "").strip()
        return value or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Field):
    """A text of several lines."""

    def build(self, value: str = "") -> Input:
        """Build the input."""
        area = ui.textarea(tell(self.title), value=self.opening(value))
        return area.props("outlined dense autogrow").classes("w-full")


@dataclass(frozen=True, slots=True, kw_only=True)
class Money(Field):
    """An amount in yuan; separators are taken out, and it is sent as it was typed."""

    def build(self, value: str = "") -> Input:
        """Build the input."""
        line = ui.input(tell(self.title), value=self.opening(value))
        return line.props(f'outlined dense inputmode=decimal suffix="{t("元", "yuan")}"')

    def read(self, input: Input) -> Any:
        """Return the amount with two decimals where that takes no rounding."""
        return amount_of(str(input.value or "")) or None


def amount_of(typed: str) -> str:
    """Return an amount with two decimals where that takes no rounding, else as it was typed."""
    value = typed.strip().replace(",", "").replace("\uff0c", "")
    yuan, _, fen = value.partition(".")
    if yuan.lstrip("-").isdigit() and len(fen) < 2:
        return f"{yuan}.{(fen + '00')[:2]}"
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Field):
    """A whole number."""

    def read(self, input: Input) -> Any:
        """Return the number; a text that is none goes as it is, and the service says so."""
        value = str(input.value or "").strip().replace(",", "")
        return int(value) if value.lstrip("-").isdigit() else value or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day(Field):
    """A day, typed or chosen from a calendar."""

    def build(self, value: str = "") -> Input:
        """Build the input."""
        return ui.input(tell(self.title), value=self.opening(value)).props(
            "outlined dense type=date stack-label"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Month(Field):
    """A month: 2021-07."""

    def build(self, value: str = "") -> Input:
        """Build the input."""
        return ui.input(tell(self.title), value=self.opening(value)).props(
            "outlined dense type=month stack-label"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Field):
    """One of some codes, with their names."""

    choices: Choices

    def build(self, value: str = "") -> Input:
        """Build the input."""
        return _select(self, {code: tell(name) for code, name in self.choices.items()}, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Several(Choice):
    """Some of some codes, with their names; it opens with codes between commas."""

    def build(self, value: str = "") -> Input:
        """Build the input."""
        options = {code: tell(name) for code, name in self.choices.items()}
        chosen = [code for code in self.opening(value).split(",") if code in options]
        select = ui.select(options, label=tell(self.title), value=chosen, multiple=True)
        return select.props("outlined dense options-dense use-chips").classes("wx-select")

    def read(self, input: Input) -> Any:
        """Return the codes; none chosen is an empty list."""
        return list(input.value or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(Note):
    """Some words, one on a line or with commas between them."""

    def read(self, input: Input) -> Any:
        """Return the words as a list; None where there is none."""
        words = re.split(r"[\n,\uff0c\u3001]+", str(input.value or ""))
        return [word.strip() for word in words if word.strip()] or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Days(Note):
    """Some days, one on a line or with commas between them; 2027-02-05..2027-02-11 for a span."""

    def read(self, input: Input) -> Any:
        """Return the days as a list; None where there is none."""
        return read_days(str(input.value or "")) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Yes(Field):
    """A box to tick; nothing ticked is no."""

    def build(self, value: str = "") -> Input:
        """Build the input."""
        return ui.checkbox(tell(self.title), value=self.opening(value) == "true")

    def read(self, input: Input) -> Any:
        """Return whether it is ticked."""
        return bool(input.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class District(Field):
    """A district of the region."""

    member: str = "district"
    title: Text = ("分中心", "District")

    def build(self, value: str = "") -> Input:
        """Build the input."""
        return _select(self, names.districts(), value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded(Field):
    """One of some codes that a service knows: `load` fetches code → name when the form opens."""

    load: Callable[[Api], Awaitable[Mapping[str, str]]]

    def build(self, value: str = "") -> Input:
        """Build the input without its choices."""
        return _select(self, {}, value)

    async def fill(self, input: Input, api: Api, value: str = "") -> None:
        """Fetch the choices; the one to open with is chosen where it is among them."""
        assert isinstance(input, ui.select)
        options, opening = dict(await self.load(api)), self.opening(value)
        input.set_options(options, value=opening if opening in options else None)


def _select(field: Field, options: Mapping[str, str], value: str) -> Input:
    chosen = field.opening(value)
    select = ui.select(
        dict(options),
        label=tell(field.title),
        value=chosen if chosen in options else None,
        clearable=True,
    )
    # Every single change of a select's props builds all its choices anew.
    with select.props.suspend_updates(), select.classes.suspend_updates():
        return select.props("outlined dense options-dense").classes("wx-select")


def body_of(inputs: Sequence[tuple[Field, Input]]) -> dict[str, Any]:
    """Return what was typed as members of a body; "bank_account.bank" is a member of an object within it."""
    body: dict[str, Any] = {}
    for field, input in inputs:
        value = field.read(input)
        if value is not None:
            *around, member = field.member.split(".")
            place = body
            for name in around:
                place = place.setdefault(name, {})
            place[member] = value
    return body


def needed(inputs: Sequence[tuple[Field, Input]]) -> list[str]:
    """Return the titles of the fields that must be filled and are not."""
    return [
        tell(field.title)
        for field, input in inputs
        if field.is_needed and field.read(input) is None
    ]


def sentence_of_needed(titles: list[str]) -> str:
    """Return the sentence that names the fields to fill."""
    return t("请填写:", "Please fill in: ") + t("、", ", ").join(titles)
