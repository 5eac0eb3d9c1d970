"""Authentication: the caller that a request's bearer token speaks for."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import OAuth2
from starlette.types import Scope

from shared.roles import Caller
from shared.security.tokens import BadToken
from shared.security.trust import Trust
from shared.web.access import CALLER

TOKEN_PATH: Final = "/v1/oauth/token"
"""The path at identity: every service accepts the tokens that are given there."""
_bearer = OAuth2(
    flows={"clientCredentials": {"tokenUrl": TOKEN_PATH, "scopes": {}}},
    auto_error=False,
    scheme_name="oauth2",
)


TOKEN_BYTES_MAX = 8192
"""No token of ours comes near; a longer one is not worth a signature check."""


async def caller_of(scope: Scope, *, money: bool = False) -> Caller:
    """The caller of a request, verified at the gate; with `money`, a revocation counts at once.

    Raises:
        BadToken: no bearer token, two of them, or one that does not verify.
        IdentityUnavailable: it cannot be known whether the token was revoked.
    """
    known: Caller | None = scope.get(CALLER)
    if known is not None and not money:
        return known
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    scheme, _, token = (given[0] if len(given) == 1 else b"").partition(b" ")
    if scheme.lower() != b"bearer" or not token or len(token) > TOKEN_BYTES_MAX:
        raise BadToken
    trust: Trust = scope["app"].state.trust
    caller = await trust.admit(token.decode("latin-1"), money=money)
    scope[CALLER] = caller  # for the access log too
    return caller


async def authenticated(request: Request, _: Annotated[str | None, Depends(_bearer)]) -> Caller:
    """The caller of this request.

    Raises:
        BadToken, IdentityUnavailable: see `caller_of`.
    """
    return await caller_of(request.scope)


Authenticated = Annotated[Caller, Depends(authenticated)]
