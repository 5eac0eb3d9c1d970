"""Doors of sign-in by the site's OpenID provider.

Whoever begins a sign-in keeps its state and compares it with the one that comes back: the console
in the browser's cookie, a command in its memory. So nobody can be signed in by a link that another
person began.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin

from fastapi import Request
from fastapi.responses import Response

from services.identity.providers import flows as providers_flow
from services.identity.providers.clients import Provider
from services.identity.providers.domain import ProviderAbsent
from services.identity.providers.flows import Return
from services.identity.providers.schemas import (
    ProviderAttemptIn,
    ProviderAttemptOut,
    ProviderOut,
    ProviderReturnIn,
    ProviderSignOutOut,
)
from services.identity.sessions.schemas import SessionOut
from shared.process.settings import Settings
from shared.web.door_router import DoorRouter

router = DoorRouter()
RETURN: Final = "/provider-return"
"""The console's page that people come back to."""
_PRIVATE: Final = {"Cache-Control": "no-store"}


def _provider(request: Request) -> Provider:
    settings: Settings = request.app.state.settings
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        raise ProviderAbsent
    console = settings.public_urls.get("console") or settings.own_url(settings.console_port)
    return Provider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret or "",
        redirect_url=settings.oidc_redirect_url or urljoin(console, RETURN),
        acr=settings.oidc_acr,
        has_commands=settings.oidc_commands,
    )


@router.get(
    "/v1/provider",
    operation_id="get_provider",
    summary="外部登录服务 · Get the site's OpenID provider",
)
async def get_provider(request: Request) -> ProviderOut:
    """Tell which OpenID provider people may sign in by; 404 where there is none."""
    provider = _provider(request)
    return ProviderOut(issuer=provider.issuer, redirect_url=provider.redirect_url)


@router.post(
    "/v1/provider-attempts",
    operation_id="begin_provider_sign_in",
    summary="开始外部登录 · Begin a sign-in at the OpenID provider",
    status_code=201,
)
async def begin_provider_sign_in(
    request: Request, body: ProviderAttemptIn, response: Response
) -> ProviderAttemptOut:
    """Begin a sign-in; the person goes to the address, and comes back within ten minutes."""
    address, state = await providers_flow.begin(
        request.app.state.db, _provider(request), body.redirect_url
    )
    response.headers.update(_PRIVATE)
    return ProviderAttemptOut(address=address, state=state)


@router.post(
    "/v1/provider-sessions",
    operation_id="finish_provider_sign_in",
    summary="完成外部登录 · Sign in on the return from the OpenID provider",
    status_code=201,
)
async def finish_provider_sign_in(
    request: Request, body: ProviderReturnIn, response: Response
) -> SessionOut:
    """Open a session for the person whom the provider has signed in and an administrator linked."""
    session, secret, person = await providers_flow.finish(
        request.app.state.db,
        _provider(request),
        Return(
            code=body.code,
            state=body.state,
            issuer=body.iss,
            address=request.client.host if request.client else "",
        ),
        request.app.state.settings.oidc_subject_claim,
    )
    response.headers.update(_PRIVATE)
    return SessionOut.of(session, secret, person)


@router.get(
    "/v1/provider-sign-out",
    operation_id="get_provider_sign_out",
    summary="退出外部登录的地址 · Get the address of signing out of the OpenID provider",
)
async def get_provider_sign_out(request: Request) -> ProviderSignOutOut:
    """Tell where a person signs out of the provider too; a session here ends by its own door."""
    return ProviderSignOutOut(address=await _provider(request).end_address())
