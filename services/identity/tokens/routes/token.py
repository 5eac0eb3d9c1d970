"""Doors of tokens: give, revoke (RFC 6749, RFC 7009)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form, Header, Request
from fastapi.responses import JSONResponse, Response

from services.identity.tokens.domain.oauth import OAuthRefusal
from services.identity.tokens.flows import token as token_flow
from services.identity.tokens.flows.keyring import Keyring
from services.identity.tokens.schemas import OAuthErrorOut, TokenOut
from shared.db import Database
from shared.process.settings import Settings
from shared.security.tokens import ISSUER
from shared.web.door_router import DoorRouter

router = DoorRouter()
TOKEN_PATH = "/v1/oauth/token"
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": OAuthErrorOut, "description": "请求有误 The request is wrong"},
    401: {
        "model": OAuthErrorOut,
        "description": "客户端未通过认证 The client is not authenticated",
    },
}
_PRIVATE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
Text = Annotated[str | None, Form()]


@router.post(
    TOKEN_PATH,
    operation_id="issue_token",
    summary="取得访问令牌 · Get an access token",
    responses={200: {"model": TokenOut}, **REFUSALS},
)
async def issue_token(
    request: Request,
    grant_type: Text = None,
    client_id: Text = None,
    client_secret: Text = None,
    client_assertion_type: Text = None,
    client_assertion: Text = None,
    authorization: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Give a client an access token. It proves itself by HTTP Basic, by a signed assertion
    (private_key_jwt, RFC 7523) or by its secret in the form."""
    keyring: Keyring = request.app.state.keyring
    db: Database = request.app.state.db
    form = _given(
        grant_type=grant_type,
        client_id=client_id,
        client_secret=client_secret,
        client_assertion_type=client_assertion_type,
        client_assertion=client_assertion,
    )
    try:
        token = await db.run(
            lambda tx: token_flow.grant(tx, authorization, form, keyring, audiences(request))
        )
    except OAuthRefusal as refusal:
        return refused(refusal)
    answer = TokenOut(access_token=token, expires_in=keyring.token_seconds)
    return JSONResponse(answer.model_dump(), headers=_PRIVATE)


@router.post(
    "/v1/oauth/revoke",
    operation_id="revoke_token",
    summary="撤销访问令牌 · Revoke an access token",
    response_class=Response,
    responses=REFUSALS,
)
async def revoke_token(
    request: Request,
    token: Text = None,
    client_id: Text = None,
    client_secret: Text = None,
    client_assertion_type: Text = None,
    client_assertion: Text = None,
    authorization: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Revoke an access token of the client itself: a lost one, for instance."""
    db: Database = request.app.state.db
    form = _given(
        token=token,
        client_id=client_id,
        client_secret=client_secret,
        client_assertion_type=client_assertion_type,
        client_assertion=client_assertion,
    )
    try:
        await db.run(lambda tx: token_flow.revoke(tx, authorization, form, audiences(request)))
    except OAuthRefusal as refusal:
        return refused(refusal)
    return Response(status_code=200, headers=_PRIVATE)


def audiences(request: Request) -> frozenset[str]:
    """Return the names under which an assertion may mean us."""
    settings: Settings = request.app.state.settings
    return frozenset({ISSUER, settings.identity_url, f"{settings.identity_url}{TOKEN_PATH}"})


def refused(refusal: OAuthRefusal) -> Response:
    """Build the answer to a refusal: 401 for a client that did not prove itself, else 400."""
    headers = dict(_PRIVATE)
    if refusal.challenge:
        headers["WWW-Authenticate"] = 'Basic realm="wuxian"'
    answer = OAuthErrorOut(error=refusal.error, error_description=refusal.description)
    status = 401 if refusal.error == "invalid_client" else 400
    return JSONResponse(answer.model_dump(), status, headers)


def _given(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}
