"""Signing in at the site's own OpenID provider: the way there, the return, and signing out of it."""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from nicegui import ui

from services.console.api import ApiError
from services.console.sign_in import SignIn, address_of, local, to
from services.console.style import dress
from services.console.words import t

_KEPT: Final = "provider"
"""Member of the browser's signed cookie: the state of the sign-in under way, and where it leads."""
_SHOWN: Final = 100
"""Length of what is shown of a provider's own word."""


async def leave_for_provider(desk: SignIn, request: Request) -> RedirectResponse:
    """Send a person to the provider; the browser's cookie keeps what must come back."""
    onward, address = local(request.query_params.get("next")), address_of(request)
    try:
        back = urlsplit((await desk.services.provider(address=address)).get("redirect_url", ""))
        if back.netloc != request.url.netloc and "moved" not in request.query_params:
            # A cookie of localhost is not sent to 127.0.0.1, where the person will come back.
            query = urlencode({"next": onward, "moved": "1"})
            return to(f"{back.scheme}://{back.netloc}{request.url.path}?{query}")
        begun = await desk.services.identity("/v1/provider-attempts", {}, address=address)
    except ApiError as error:
        return desk.refused(request, error, onward)
    request.session[_KEPT] = [begun["state"], onward]
    return to(begun["address"])


async def come_back(desk: SignIn, request: Request) -> RedirectResponse:
    """Sign a person in who comes back from the provider, at the browser that began it."""
    given = request.query_params
    state, onward = request.session.pop(_KEPT, ["", "/"])
    if not state or not hmac.compare_digest(state.encode(), given.get("state", "").encode()):
        return desk.refused(request, ApiError(401, _FOREIGN), onward)
    if not given.get("code"):
        return desk.refused(request, ApiError(401, _refusal(given.get("error", ""))), onward)
    body = {"state": state, "code": given["code"]}
    body |= {"iss": given["iss"]} if given.get("iss") else {}
    try:
        answer = await desk.services.identity(
            "/v1/provider-sessions", body, address=address_of(request)
        )
    except ApiError as error:
        return desk.refused(request, error, onward)
    return await desk.welcome(request, answer, onward, is_by_provider=True)


async def leave_provider(desk: SignIn, request: Request) -> RedirectResponse:
    """Send a person who has signed out here to where they sign out of the provider too."""
    try:
        found = await desk.services.provider(
            "/v1/provider-sign-out", address=address_of(request), seconds=15.0
        )
    except ApiError as error:
        return desk.refused(request, error, "/")
    return to(found.get("address") or "/sign-in")


def signed_in_page() -> None:
    """Build the page at which a person arrives who signed in again beside an open page."""
    dress()
    with ui.element("div").classes("wx-sign-in"), ui.element("div").classes("wx-sign-in-card"):
        ui.label(t("已重新登录", "You are signed in again")).classes("wx-sign-in-title")
        ui.label(
            t(
                "请关闭本页,回到原来的页面,点“继续”。",
                "Close this page, return to the one before, and press Continue.",
            )
        )


def _refusal(word: str) -> dict[str, str]:
    shown = "".join(one for one in word if one.isprintable())[:_SHOWN]
    sentence = "外部登录服务拒绝了登录 (the OpenID provider refused the sign-in)"
    return {"code": "PROVIDER_REFUSED", "detail": f"{sentence}: {shown}" if shown else sentence}


_FOREIGN: Final = {
    "code": "PROVIDER_ATTEMPT_UNKNOWN",
    "detail": "此次外部登录已用过、已过期或不是在此浏览器开始的,请重新登录"
    " (this sign-in was used already, is too old, or was not begun at this browser: sign in again)",
}


def provider_router(desk: SignIn) -> APIRouter:
    """Build the doors that a browser passes on its way to the provider and back."""
    router = APIRouter()

    @router.get("/provider-sign-in", include_in_schema=False)
    async def leave(request: Request) -> RedirectResponse:
        return await leave_for_provider(desk, request)

    @router.get("/provider-return", include_in_schema=False)
    async def enter(request: Request) -> RedirectResponse:
        return await come_back(desk, request)

    @router.get("/provider-sign-out", include_in_schema=False)
    async def sign_out(request: Request) -> RedirectResponse:
        return await leave_provider(desk, request)

    return router
