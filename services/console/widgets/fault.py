"""Refusals in their own words, and work that a person may try again without losing what was typed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from nicegui import ui

from services.console import names
from services.console.api import Api, ApiError, SignedOut
from services.console.words import side_of, t

T = TypeVar("T")


def fault_card(error: ApiError) -> ui.element:
    """Show a refusal: its sentence, every fault with its place, and the number to look it up by."""
    card = ui.element("div").classes("wx-fault").props('role="alert"')
    with card, ui.row().classes("items-start no-wrap"):
        ui.icon("error_outline").classes("wx-fault-icon")
        with ui.column().classes("gap-1"):
            ui.label(side_of(error.detail) or error.code).classes("wx-fault-title")
            for fault in error.faults:
                with ui.row().classes("wx-fault-row"):
                    if fault.pointer.strip("/"):
                        ui.label(fault.pointer).classes("wx-code")
                    ui.label(side_of(fault.message))
            ui.label(f"{error.code} · {t('编号', 'reference')} {error.trace_id or '—'}").classes(
                "wx-small"
            )
    return card


async def attempt(
    api: Api, work: Callable[[], Awaitable[T]], faults: ui.element | None = None
) -> T | None:
    """Do some work; where it is refused, show why in `faults`, or in a dialog, and return None.

    A person whose session has ended signs in again over the page, and the work is done then.
    """
    if faults is not None:
        faults.clear()
    while True:
        try:
            found = await work()
            tell_of_another_role(api)
            return found
        except SignedOut:
            if not await sign_in_again(api):
                return None
        except ApiError as error:
            _show(error, faults)
            tell_of_another_role(api)
            return None


SEEN: Final = "role_changes"
"""Key of a page's own memory: the changes of the role that its menu knows."""


def tell_of_another_role(api: Api) -> None:
    """Say that the role or the place has changed since the menu was built; loading shows the new one.

    It waits for the person's click: what is typed on the page is not lost unasked.
    """
    try:
        known = ui.context.client.storage
    except (
        RuntimeError
    ):  # the pressed button has gone with what it stood on: the next request tells
        return
    session = api.session
    if known.get(SEEN, session.changes) == session.changes:
        return
    known[SEEN] = session.changes
    place = f"{names.role_name(session.role)} · {names.district_name(session.district)}"
    with ui.dialog(value=True) as dialog, ui.card().classes("wx-dialog").props("role=alert"):
        ui.label(t("您的角色已变更", "Your role has changed")).classes("wx-dialog-title")
        ui.label(
            t(
                f"现为{place}。菜单更新后按新角色办理;本页未提交的内容会丢失。",
                f"It is {place} now. The menu follows when the page loads anew; what you typed here"
                " and have not sent is lost then.",
            )
        )
        with ui.row().classes("wx-buttons"):
            ui.button(t("稍后", "Later"), on_click=dialog.close).props("flat no-caps")
            ui.button(t("更新菜单", "Load the new menu"), on_click=ui.navigate.reload).props(
                "unelevated no-caps"
            )


def _show(error: ApiError, faults: ui.element | None) -> None:
    if faults is not None:
        with faults:
            fault_card(error)
        return
    with ui.dialog(value=True) as dialog, ui.card().classes("wx-dialog"):
        fault_card(error)
        with ui.row().classes("wx-buttons"):
            ui.button(t("知道了", "OK"), on_click=dialog.close).props("flat")


async def sign_in_again(api: Api) -> bool:
    """Ask the person to sign in again over the page; return whether they did.

    After signing out, or when another person has signed in at this browser, the page ends instead.
    """
    if api.session.is_ended:
        ui.navigate.to("/sign-in")
        return False
    with ui.dialog().props("persistent") as dialog, ui.card().classes("wx-dialog"):
        ui.label(t("登录已过期", "Your session has ended")).classes("wx-dialog-title")
        ui.label(
            t(
                "请重新登录,本页已填内容不会丢失。",
                "Sign in again; what you typed on this page is kept.",
            )
        )
        ui.label(f"{api.session.display} · {api.session.name}").classes("wx-small")
        if api.session.is_by_provider:
            _ask_provider(dialog)
        else:
            _ask_password(api, dialog)
    if await dialog:
        return True
    ui.navigate.to("/sign-in")
    return False


def _ask_provider(dialog: ui.dialog) -> None:
    """Let the person sign in at the provider in another tab; the work is tried again then."""
    title = t("由单位统一登录重新登录", "Sign in through your organisation")
    ui.link(title, "/provider-sign-in?next=%2Fsigned-in", new_tab=True).classes("wx-link")
    with ui.row().classes("wx-buttons"):
        ui.button(t("放弃", "Leave"), on_click=lambda: dialog.submit(False)).props("flat")
        ui.button(t("继续", "Continue"), on_click=lambda: dialog.submit(True)).props("unelevated")


def _ask_password(api: Api, dialog: ui.dialog) -> None:
    """Ask for the password and a code on the spot."""
    password = ui.input(t("密码", "Password"), password=True).classes("w-full")
    code = ui.input(t("动态码", "One-time code")).classes("w-full").props("maxlength=6")
    faults = ui.element("div").classes("w-full")
    address = ui.context.client.ip

    async def enter() -> None:
        faults.clear()
        try:
            claim = await api.sign_in_again(password.value or "", code.value or "", address=address)
        except ApiError as error:
            with faults:
                fault_card(error)
            return
        # A socket cannot set a cookie: the browser fetches its new id itself.
        ui.run_javascript(f"wuxian.takeNewId({json.dumps(claim)})")
        dialog.submit(True)

    with ui.row().classes("wx-buttons"):
        ui.button(t("放弃", "Leave"), on_click=lambda: dialog.submit(False)).props("flat")
        ui.button(t("登录", "Sign in"), on_click=enter).props("unelevated")
