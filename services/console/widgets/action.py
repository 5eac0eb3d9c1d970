"""Actions: what a person does to a paper, or to several, after a dialog that says how much it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import ui

from services.console.api import new_key
from services.console.page import View
from services.console.widgets.cell import PLACE, door_of, member_of
from services.console.widgets.fault import attempt
from services.console.widgets.field import (
    Field,
    Input,
    Loaded,
    Note,
    body_of,
    needed,
    sentence_of_needed,
)
from services.console.widgets.text import money
from services.console.words import Text, t, tell
from shared.roles import Right

Paper = Mapping[str, Any]
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A step that a person may take.

    `door` is the service's door with members of the paper in braces. `confirm` is the sentence that
    the person agrees to; it names the amount and the count, with members in braces, and amounts
    come with separators. The dialog's fields become members of the body, beside what `body` gives.
    `done` may name members of the answer; the sentence then stays until the person has read it.
    """

    title: Text
    door: str
    confirm: Text
    done: Text
    right: Right | None = None
    fields: Sequence[Field] = ()
    body: Callable[[Paper], Body] | None = None
    send: Callable[[Body], Body] | None = None
    """Changes the body before it is sent, where the door takes another form than the dialog."""
    told: Callable[[Paper], Mapping[str, Any]] = lambda paper: {}
    """Values for the sentence that the paper has not, for instance a sum."""
    when: Callable[[Paper], bool] = lambda paper: True
    """True when the paper's state lets the step be taken."""
    is_grave: bool = False
    """Shown in red: it refuses, returns, cancels or reverses."""
    after: Callable[[Any], str | None] = lambda answer: None
    """The address to go on to, from the answer; None stays on the page."""

    def is_open(self, view: View, paper: Paper) -> bool:
        """Return whether to offer the step to this person on this paper."""
        return (self.right is None or view.may(self.right)) and self.when(paper)


def _is_proposed(paper: Paper) -> bool:
    return bool(paper["status"] == "proposed")


def decisions(
    door: str,
    right: Right,
    amount: Text,
    *,
    reason: str | None = "note",
    when: Callable[[Paper], bool] = _is_proposed,
) -> tuple[Action, Action]:
    """Return the two steps of the second person: approve, or refuse with the reason.

    `amount` says what the paper is about, with members in braces: "共 {lines} 人". `reason` is the
    member of the body that takes the reason of a refusal; None: the door takes none.
    """
    approval = Action(
        title=("批准", "Approve"),
        door=f"{door}/approvals",
        right=right,
        when=when,
        confirm=(f"批准:{amount[0]}。", f"Approve: {amount[1]}."),
        done=("已批准", "Approved"),
    )
    return approval, refusal(door, right, amount, reason=reason, when=when)


def refusal(
    door: str,
    right: Right,
    amount: Text,
    *,
    reason: str | None = "note",
    when: Callable[[Paper], bool] = _is_proposed,
) -> Action:
    """Return the second of `decisions` alone, for a paper whose approval is a step of its own kind."""
    note = (Note(member=reason, title=("理由", "Reason"), is_needed=True),) if reason else ()
    return Action(
        title=("不予批准", "Refuse"),
        door=f"{door}/refusals",
        right=right,
        when=when,
        fields=note,
        confirm=(f"不予批准:{amount[0]}。", f"Refuse: {amount[1]}."),
        done=("不予批准", "Refused"),
        is_grave=True,
    )


Refresh = Callable[[], Awaitable[None]]


async def stay() -> None:
    """Draw nothing anew: the step goes on to a page of its own."""


def action_button(view: View, action: Action, paper: Paper, refresh: Refresh) -> ui.button:
    """Show the button of a step; the dialog opens on a click."""

    async def begin() -> None:
        await open_action(view, action, paper, refresh)

    colour = "negative" if action.is_grave else "primary"
    props = f"outline color={colour}" if action.is_grave else f"unelevated color={colour}"
    return ui.button(tell(action.title), on_click=begin).props(f"{props} no-caps")


async def open_action(view: View, action: Action, paper: Paper, refresh: Refresh) -> None:
    """Open the dialog of a step. It stays open, as it was filled, until the service has agreed.

    The idempotency key is made here: sending again after a lost answer does nothing twice.
    """
    key = new_key()
    with ui.dialog().props("persistent") as dialog, ui.card().classes("wx-dialog"):
        ui.label(tell(action.title)).classes("wx-dialog-title")
        ui.label(sentence_of(action.confirm, {**paper, **action.told(paper)})).classes("wx-confirm")
        inputs: list[tuple[Field, Input]] = []
        for field in action.fields:
            input = field.build().classes("w-full")
            inputs.append((field, input))
            if isinstance(field, Loaded):
                await attempt(view.api, partial(field.fill, input, view.api))
        faults = ui.element("div").classes("w-full")

        async def send() -> None:
            missing = needed(inputs)
            if missing:
                ui.notify(sentence_of_needed(missing), type="warning")
                return
            body: Body = {**(action.body(paper) if action.body else {}), **body_of(inputs)}
            body = action.send(body) if action.send else body
            button.props("loading")
            answer = await attempt(
                view.api, lambda: _posted(view, action, paper, body, key), faults
            )
            button.props(remove="loading")
            if answer is not None:
                dialog.submit(answer)

        with ui.row().classes("wx-buttons"):
            ui.button(t("取消", "Cancel"), on_click=dialog.close).props("flat no-caps")
            colour = "negative" if action.is_grave else "primary"
            button = ui.button(t("确认", "Confirm"), on_click=send)
            button.props(f"unelevated color={colour} no-caps").mark("confirm")
    answer = await dialog
    dialog.delete()
    if answer is None:
        return
    _tell_done(action, answer)
    onward = action.after(answer)
    if onward:
        ui.navigate.to(onward)
    else:
        await refresh()


def _tell_done(action: Action, answer: Any) -> None:
    said = sentence_of(action.done, answer)
    stays = said != tell(action.done)
    close = [{"label": t("知道了", "OK"), "color": "white"}] if stays else []
    ui.notify(said, type="positive", timeout=0 if stays else 5000, actions=close)


async def _posted(view: View, action: Action, paper: Paper, body: Body, key: str) -> Any:
    answer = await view.api.post(door_of(action.door, paper), body, key=key)
    return {} if answer is None else answer


def sentence_of(text: Text, paper: Paper) -> str:
    """Return a sentence with a paper's members in it: amounts with separators, a dash for none."""
    return PLACE.sub(lambda place: _spoken(member_of(paper, place[1])), tell(text))


def _spoken(value: Any) -> str:
    if (
        isinstance(value, str)
        and value[-3:-2] == "."
        and value.lstrip("-").replace(".", "").isdigit()
    ):
        return money(value)
    if isinstance(value, list):
        return t("、", ", ").join(map(str, value)) or "—"
    return str(value) if value is not None else "—"
