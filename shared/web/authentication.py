"""Authentication: the caller that a request's bearer token speaks for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2

from shared.roles import Caller
from shared.security.tokens import BadToken
from shared.security.trust import Trust
from shared.web.access import CALLER

_bearer = OAuth2(
    # The path is identity's: every service accepts the tokens that are given there.
    flows={"clientCredentials": {"tokenUrl": "/v1/oauth/token", "scopes": {}}},
    auto_error=False,
    scheme_name="oauth2",
)


async def caller_of(request: Request, *, money: bool = False) -> Caller:
    """The caller of a request; with `money`, a revocation counts at once.

    Raises:
        BadToken: no bearer token, or one that does not verify.
        IdentityUnavailable: it cannot be known whether the token was revoked.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise BadToken
    trust: Trust = request.app.state.trust
    caller = await trust.admit(token, money=money)
    request.scope[CALLER] = caller  # for the access log
    return caller


async def authenticated(request: Request, _: Annotated[str | None, Depends(_bearer)]) -> Caller:
    """The caller of this request.

    Raises:
        BadToken, IdentityUnavailable: see `caller_of`.
    """
    return await caller_of(request)


Authenticated = Annotated[Caller, Depends(authenticated)]
