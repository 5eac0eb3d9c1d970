"""Doors of sign-in by the site's OpenID provider.

The browser keeps the state in a cookie of its own between the two requests, so that nobody can be
signed in by a link that another person began.
"""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import RedirectResponse, Response

from services.identity.providers import flows as providers_flow
from services.identity.providers.clients import Provider
from services.identity.providers.domain import ATTEMPT_LASTS, ProviderAbsent, ProviderRefused
from services.identity.providers.flows import Return
from services.identity.sessions.schemas import SessionOut
from shared.process.settings import Settings
from shared.web.door_router import DoorRouter

router = DoorRouter()
CALLBACK = "/v1/provider-sessions"
COOKIE = "wuxian-provider-state"


def _provider(request: Request) -> Provider:
    settings: Settings = request.app.state.settings
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        raise ProviderAbsent
    return Provider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret or "",
        redirect_url=settings.oidc_redirect_url or f"{settings.identity_url}{CALLBACK}",
    )


@router.get(
    "/v1/provider-sign-in",
    operation_id="begin_provider_sign_in",
    summary="转到外部登录 · Go to the site's OpenID provider",
    status_code=302,
    response_class=RedirectResponse,
)
async def begin_provider_sign_in(request: Request) -> Response:
    """Send a person to the provider's sign-in page."""
    provider = _provider(request)
    address, state = await providers_flow.begin(request.app.state.db, provider)
    answer = RedirectResponse(address, 302, {"Cache-Control": "no-store"})
    answer.set_cookie(
        COOKIE,
        state,
        max_age=int(ATTEMPT_LASTS.total_seconds()),
        path=CALLBACK,
        httponly=True,
        samesite="lax",
        secure=provider.redirect_url.startswith("https:"),
    )
    return answer


@router.get(
    CALLBACK,
    operation_id="finish_provider_sign_in",
    summary="外部登录返回 · Return from the OpenID provider",
)
async def finish_provider_sign_in(
    request: Request,
    response: Response,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4096)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
    error_description: Annotated[str, Query(max_length=1000)] = "",
    session_state: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str, Query(max_length=200)] = "",
) -> SessionOut:
    """Open a session for the person that the provider has signed in."""
    provider, kept = _provider(request), request.cookies.get(COOKIE, "")
    if error or not code or not state or not hmac.compare_digest(kept.encode(), state.encode()):
        raise ProviderRefused
    address = request.client.host if request.client else ""
    session, secret, person = await providers_flow.finish(
        request.app.state.db,
        provider,
        Return(code=code, state=state, address=address),
        request.app.state.settings.oidc_name_claim,
    )
    response.headers["Cache-Control"] = "no-store"
    response.delete_cookie(COOKIE, path=CALLBACK)
    return SessionOut.of(session, secret, person)
