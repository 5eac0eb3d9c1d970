"""Signing in and out. The form is posted by the browser itself, so that passwords stay in it."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from nicegui import ui

from services.console.api import ApiError, Services
from services.console.frame import NAME, post_button
from services.console.session import Session, Sessions
from services.console.style import dress
from services.console.widgets.fault import fault_card
from services.console.words import Language, speak, t, tell

_COOKIE_DAYS: Final = 365
_REFUSALS_MAX: Final = 1000
LANGUAGE_COOKIE: Final = "wuxian_language"


def local(path: str | None) -> str:
    """Return a path of the console; an address of any other site becomes the first page."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")):
        return "/"
    return path


class SignIn:
    """The pages and doors of signing in, over the open sessions."""

    def __init__(self, services: Services, sessions: Sessions, *, is_sandbox: bool) -> None:
        self.services, self.sessions, self.is_sandbox = services, sessions, is_sandbox
        self._refusals: dict[str, ApiError] = {}
        """The last refusal of a browser, until it is shown."""

    async def page(self, request: Request) -> None:
        """Build the page with the form, and the way to the site's OpenID provider where it has one."""
        has_provider = await self._has_provider(request)
        speak(language_of(request))
        dress()
        onward = local(request.query_params.get("next"))
        refusal = self._refusals.pop(request.session.get("id", ""), None)
        is_change = refusal is not None and refusal.code == "PASSWORD_MUST_CHANGE"
        is_change = is_change or "change" in request.query_params
        with ui.element("div").classes("wx-sign-in"), ui.element("div").classes("wx-sign-in-card"):
            ui.label(tell(NAME)).classes("wx-sign-in-title").props("role=heading aria-level=1")
            ui.label(
                t("修改密码", "Change the password")
                if is_change
                else t("社会保险经办机构登录", "Sign in")
            ).classes("wx-small")
            if refusal is not None:
                fault_card(refusal)
            if "left" in request.query_params and has_provider:
                ui.label(t(*_LEFT)).classes("wx-small")
                ui.link(t(*_LEAVE), "/provider-sign-out").classes("wx-link")
            if has_provider and not is_change:
                address = f"/provider-sign-in?{urlencode({'next': onward})}"
                ui.link(t(*PROVIDER), address).classes("wx-link wx-provider")
            self._form(onward, is_change=is_change)
            other = t("修改密码", "Change the password") if not is_change else t("返回登录", "Back")
            query = {"next": onward} | ({} if is_change else {"change": "1"})
            with ui.row().classes("wx-sign-in-foot"):
                ui.link(other, f"/sign-in?{urlencode(query)}").classes("wx-link wx-small")
                ui.space()
                post_button("/language", t("English", "中文"), "primary")
            if self.is_sandbox:
                ui.label(t(*_SANDBOX)).classes("wx-small")

    def _form(self, onward: str, *, is_change: bool) -> None:
        path = "/passwords" if is_change else "/sign-in"
        with ui.element("form").props(f"method=post action={path}"):
            hidden = ui.element("input").props("type=hidden name=next")
            hidden.props["value"] = onward
            _line("name", t("用户名", "Name"), "autocomplete=username autofocus")
            _line("password", t("密码", "Password"), "type=password autocomplete=current-password")
            if is_change:
                _line(
                    "new_password",
                    t("新密码(至少 12 个字符)", "New password, 12 characters or more"),
                    "type=password autocomplete=new-password",
                )
            _line("code", t("动态码", "One-time code"), _CODE)
            title = t("修改", "Change") if is_change else t("登录", "Sign in")
            ui.button(title).props("unelevated no-caps type=submit size=lg").classes("w-full")

    async def enter(
        self, request: Request, name: str, password: str, code: str, onward: str
    ) -> RedirectResponse:
        """Sign a person in; the browser gets a new id, so that one known before is worth nothing."""
        body = {"name": name.strip(), "password": password, "code": code.strip()}
        try:
            answer = await self.services.identity("/v1/sessions", body, address=address_of(request))
        except ApiError as error:
            return self.refused(request, error, onward)
        return await self.welcome(request, answer, onward)

    async def welcome(
        self,
        request: Request,
        answer: dict[str, Any],
        onward: str,
        *,
        is_by_provider: bool = False,
    ) -> RedirectResponse:
        """Open the session of a person whom identity knows, under a new id of the browser.

        Pages of the same person that wait for a new sign-in at the provider go on instead.
        """
        known_id, new_id = request.session.get("id", ""), str(uuid.uuid4())
        request.session["id"] = new_id
        before = self.sessions.renew(known_id, answer, new_id) if is_by_provider else None
        if before is not None:
            await self._end_at_identity(before)
        else:
            await self._end(known_id)
            session = Session.of(answer, language_of(request))
            session.is_by_provider = is_by_provider
            self.sessions.open(new_id, session)
        return to(local(onward))

    def take_new_id(self, request: Request, claim: str) -> None:
        """Give the browser of a person who signed in again over an open page its new id."""
        new_id = str(uuid.uuid4())
        if self.sessions.claim(claim, request.session.get("id", ""), new_id):
            request.session["id"] = new_id

    def refused(self, request: Request, error: ApiError, onward: str) -> RedirectResponse:
        """Go back to the form, which shows why."""
        self._refuse(request, error)
        return to(f"/sign-in?{urlencode({'next': local(onward)})}")

    async def _has_provider(self, request: Request) -> bool:
        try:
            return bool(await self.services.provider(address=address_of(request)))
        except ApiError:
            return False

    async def change_password(
        self, request: Request, body: dict[str, str], onward: str
    ) -> RedirectResponse:
        """Change a person's own password; they sign in with the new one."""
        query = {"next": local(onward)}
        try:
            await self.services.identity("/v1/passwords", body, address=address_of(request))
        except ApiError as error:
            self._refuse(request, error)
            query["change"] = "1"
        return to(f"/sign-in?{urlencode(query)}")

    async def leave(self, request: Request) -> RedirectResponse:
        """Sign a person out: the session and its tokens end in every service."""
        ended = await self._end(request.session.get("id", ""))
        request.session.clear()
        return to("/sign-in?left=1" if ended and ended.is_by_provider else "/sign-in")

    async def _end(self, cookie_id: str) -> Session | None:
        """End a browser's session here and at identity; where identity is away, it ends when idle."""
        session = self.sessions.end(cookie_id)
        if session is not None:
            await self._end_at_identity(session.secret)
        return session

    async def _end_at_identity(self, secret: str) -> None:
        with suppress(ApiError):
            await self.services.identity("/v1/session-ends", {"session": secret})

    def _refuse(self, request: Request, error: ApiError) -> None:
        """Keep a refusal until its browser shows it; the oldest go where browsers never do."""
        while len(self._refusals) >= _REFUSALS_MAX:
            del self._refusals[next(iter(self._refusals))]
        self._refusals[request.session["id"]] = error

    async def switch_language(self, request: Request) -> RedirectResponse:
        """Go on in the other language, on the same page."""
        chosen: Language = "zh" if language_of(request) == "en" else "en"
        session = self.sessions.find(request.session.get("id"))
        if session is not None:
            chosen = session.language = "zh" if session.language == "en" else "en"
        answer = to(local(_path_of(request.headers.get("referer"))))
        answer.set_cookie(
            LANGUAGE_COOKIE, chosen, max_age=_COOKIE_DAYS * 86400, httponly=True, samesite="lax"
        )
        return answer


_SANDBOX: Final = (
    "沙箱:用户名如 district_clerk.heping,密码见 identity/secrets.json,动态码用 wuxian code 用户名。",
    "Sandbox: a name is for instance district_clerk.heping, its password is in identity/secrets.json,"
    " and wuxian code NAME prints the code.",
)
PROVIDER: Final = ("由单位统一登录", "Sign in through your organisation")
_LEFT: Final = (
    "已退出本系统;单位统一登录仍然有效,共用电脑请一并退出。",
    "You have signed out here; your organisation's sign-in still counts. On a shared computer, end it too.",
)
_LEAVE: Final = ("退出单位统一登录", "Sign out of your organisation")
_CODE: Final = "autocomplete=one-time-code inputmode=numeric maxlength=6"


def _line(member: str, title: str, props: str) -> None:
    ui.input(title).props(f"outlined dense name={member} {props}").classes("w-full")


def to(path: str) -> RedirectResponse:
    """Go on at another address."""
    return RedirectResponse(path, 303)


def _path_of(address: str | None) -> str:
    parts = urlsplit(address or "")
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def address_of(request: Request) -> str:
    """Return the browser's address."""
    return request.client.host if request.client else ""


def language_of(request: Request) -> Language:
    """Return the language that a browser has chosen."""
    return "en" if request.cookies.get(LANGUAGE_COOKIE) == "en" else "zh"


def sign_in_router(desk: SignIn) -> APIRouter:
    """Build the doors that forms are posted to."""
    router = APIRouter()

    @router.post("/sign-in", include_in_schema=False)
    async def enter(
        request: Request,
        name: str = Form(""),
        password: str = Form(""),
        code: str = Form(""),
        next: str = Form("/"),
    ) -> RedirectResponse:
        return await desk.enter(request, name, password, code, next)

    @router.post("/session-ids", include_in_schema=False, status_code=204)
    async def take_new_id(request: Request, claim: str = Form("")) -> None:
        desk.take_new_id(request, claim)

    @router.post("/passwords", include_in_schema=False)
    async def change_password(
        request: Request,
        name: str = Form(""),
        password: str = Form(""),
        code: str = Form(""),
        new_password: str = Form(""),
        next: str = Form("/"),
    ) -> RedirectResponse:
        body = {
            "name": name.strip(),
            "password": password,
            "code": code.strip(),
            "new_password": new_password,
        }
        return await desk.change_password(request, body, next)

    @router.post("/sign-out", include_in_schema=False)
    async def leave(request: Request) -> RedirectResponse:
        return await desk.leave(request)

    @router.post("/language", include_in_schema=False)
    async def switch_language(request: Request) -> RedirectResponse:
        return await desk.switch_language(request)

    return router
