"""The frame of every page: who works here, the menu of the role, the language, signing out."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from html import escape
from typing import Final

from nicegui import ui
from nicegui.page_arguments import PageArguments

from services.console import names
from services.console.api import Api, ApiError
from services.console.page import Area, Page, View, menu_of
from services.console.session import Session
from services.console.style import dress
from services.console.widgets.fault import SEEN, fault_card, tell_of_another_role
from services.console.words import Language, Text, language, speak, t, tell
from shared.process.log import logger
from shared.roles import Role

NAME: Final[Text] = ("五险经办平台", "Wuxian")


class Content(ui.sub_pages):
    """The place of the page in the frame; it changes without a load of the browser."""

    def _render_404(self) -> None:
        with ui.element("div").classes("wx-page"):
            _say(t("没有这个页面。", "There is no such page."))


def build_frame(api: Api, pages: tuple[Page, ...]) -> None:
    """Build the frame and, inside it, the page of the address."""
    session = api.session
    speak(session.language)
    ui.context.client.storage[SEEN] = session.changes
    dress()
    _build_header(session)
    _build_menu(session, pages)
    Content({page.path: _builder(api, page) for page in pages})


def _builder(api: Api, page: Page) -> Callable[[PageArguments], Awaitable[None]]:
    async def build(arguments: PageArguments) -> None:
        api.session.acted_at = time.monotonic()
        view = View(api, arguments.path_parameters, dict(arguments.query_parameters))
        with ui.element("div").classes("wx-page"):
            tell_of_another_role(api)
            if not api.session.may(*page.rights):
                _say(t("您的角色不能打开此页。", "Your role may not open this page."))
                return
            ui.page_title(f"{tell(page.title)} · {tell(NAME)}")
            try:
                await page.build(view)
            except ApiError as error:
                fault_card(error)
            except Exception as error:
                logger().error("page not built", page=page.path, exc_info=error)
                _say(t("此页出错,已记录。", "This page failed; it is recorded."))

    # NiceGUI compares the annotation itself, and ours are texts.
    build.__annotations__["arguments"] = PageArguments
    return build


def _say(sentence: str) -> None:
    ui.label(sentence).classes("wx-about").props("role=alert")


def _build_header(session: Session) -> None:
    with ui.header(elevated=False).classes("wx-header"):
        ui.label("五险").classes("wx-mark").props("aria-hidden=true")
        ui.link(tell(NAME), "/").classes("wx-name")
        ui.space()
        with ui.element("div").classes("wx-person"):
            ui.label(session.display).classes("wx-person-name")
            place = names.district_name(session.district)
            ui.label(f"{names.role_name(session.role)} · {place}").classes("wx-person-role")
        post_button("/language", t("English", "中文"))
        post_button("/sign-out", t("退出", "Sign out"))


def post_button(path: str, title: str, colour: str = "white") -> None:
    """Show a button that posts to an address of the console; the browser's cookie goes along."""
    with ui.element("form").props(f"method=post action={path}").classes("wx-form"):
        ui.button(title).props(f"flat dense no-caps type=submit color={colour}")


def _build_menu(session: Session, pages: tuple[Page, ...]) -> None:
    with ui.left_drawer(value=True, fixed=True, bordered=True).classes("wx-drawer") as drawer:
        drawer.props("width=216 breakpoint=1000")
        # One element: as elements of their own, its links would be most of a page.
        of = session.role, language()
        if of not in _MENUS:
            _MENUS[of] = _menu(menu_of(pages, session))
        menu = ui.html(_MENUS[of], sanitize=False, tag="nav").classes("wx-nav")
        menu.props["aria-label"] = t("菜单", "Menu")
    ui.add_body_html("<script>wuxian.followMenu(); wuxian.nameControls()</script>")


_MENUS: Final[dict[tuple[Role, Language], str]] = {}
"""Menus as they were written for the first person of each role, in each language."""


def _menu(menu: Mapping[Area, Sequence[Page]]) -> str:
    return "".join(
        f'<details class="wx-area-group"><summary class="wx-area">'
        f'<i class="q-icon notranslate material-icons wx-area-icon" aria-hidden="true">{area.icon}</i>'
        f"<div>{escape(tell(area.title))}</div></summary>{_links(shown)}</details>"
        for area, shown in menu.items()
    )


def _links(pages: Sequence[Page]) -> str:
    return "".join(
        f'<a class="nicegui-link wx-nav-link" href="{escape(page.path)}">{escape(tell(page.title))}</a>'
        for page in pages
    )
