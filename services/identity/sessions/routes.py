"""Doors of sign-in: people by password and one-time code; the console keeps the session's secret."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from services.identity.sessions import flows as sessions_flow
from services.identity.sessions.flows import SignIn
from services.identity.sessions.schemas import PasswordIn, SessionIn, SessionOut, SignInIn
from services.identity.tokens.flows.keyring import Keyring
from services.identity.tokens.schemas import TokenOut
from shared.db import Database
from shared.guard.gate import address_of
from shared.web.door_router import DoorRouter

router = DoorRouter()
_PRIVATE = {"Cache-Control": "no-store"}


def _sign_in(request: Request, body: SignInIn) -> SignIn:
    return SignIn(
        name=body.name,
        password=body.password,
        code=body.code,
        address=request.client.host if request.client else "",
        network=address_of(request.scope),
    )


@router.post("/v1/sessions", operation_id="sign_in", summary="登录 · Sign in", status_code=201)
async def sign_in(request: Request, body: SignInIn, response: Response) -> SessionOut:
    """Sign a person in by password and one-time code."""
    session, secret, person = await sessions_flow.sign_in(
        request.app.state.db, _sign_in(request, body), request.app.state.cipher
    )
    response.headers.update(_PRIVATE)
    return SessionOut.of(session, secret, person)


@router.post(
    "/v1/session-tokens",
    operation_id="issue_session_token",
    summary="会话换取访问令牌 · Get an access token for a session",
    responses={200: {"model": TokenOut}},
)
async def issue_session_token(request: Request, body: SessionIn) -> Response:
    """Get an access token for an open session; it is refused everywhere once the session ends."""
    db: Database = request.app.state.db
    keyring: Keyring = request.app.state.keyring
    token = await db.run(lambda tx: sessions_flow.token_of(tx, body.session, keyring))
    answer = TokenOut(access_token=token, expires_in=keyring.token_seconds)
    return JSONResponse(answer.model_dump(), headers=_PRIVATE)


@router.post(
    "/v1/session-ends",
    operation_id="sign_out",
    summary="退出登录 · Sign out",
    status_code=204,
    response_class=Response,
)
async def sign_out(request: Request, body: SessionIn) -> None:
    """End a session and the tokens that it has given."""
    db: Database = request.app.state.db
    await db.run(lambda tx: sessions_flow.sign_out(tx, body.session))


@router.post(
    "/v1/passwords",
    operation_id="change_password",
    summary="修改密码 · Change one's own password",
    status_code=204,
    response_class=Response,
)
async def change_password(request: Request, body: PasswordIn) -> None:
    """Change one's own password, a first one too; every session and token of before ends."""
    await sessions_flow.change_password(
        request.app.state.db, _sign_in(request, body), body.new_password, request.app.state.cipher
    )
