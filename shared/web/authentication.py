"""Authentication: the caller that a request's bearer token speaks for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2

from shared.roles import Caller
from shared.security.identity import BadToken, Identity
from shared.web.access import CALLER

_bearer = OAuth2(
    flows={"clientCredentials": {"tokenUrl": "/v1/oauth/token", "scopes": {}}},
    auto_error=False,
    scheme_name="oauth2",
)


async def authenticated(
    request: Request, header: Annotated[str | None, Depends(_bearer)]
) -> Caller:
    """The caller of this request.

    Raises:
        BadToken: no bearer token, or one that does not verify.
    """
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise BadToken
    identity: Identity = request.app.state.identity
    caller = identity.verify(token)
    request.scope[CALLER] = caller  # for the access log
    return caller


Authenticated = Annotated[Caller, Depends(authenticated)]
