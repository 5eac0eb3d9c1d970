"""The HTTP shell of a service: app factory, problem documents, limits, health, token endpoint.

Only this module knows which status number a refusal becomes.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.security import OAuth2
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.db import sqlstate
from shared.errors import Fault, Faulty, Kind, Refusal
from shared.identity import TOKEN_SECONDS, BadToken, Identity, claims_of
from shared.log import logger
from shared.roles import Caller
from shared.schema import Out, Problem

STATUS = {
    Kind.MALFORMED: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION_FAILED: 412,
    Kind.TOO_LARGE: 413,
    Kind.INVALID: 422,
    Kind.PRECONDITION_REQUIRED: 428,
    Kind.UNAVAILABLE: 503,
}
PROBLEM_TYPE = "application/problem+json"
REQUESTS = Counter("wuxian_http_requests", "Answered requests", ["method", "route", "status"])

# Data errors that a value no schema could foresee may still cause: they are the client's, not ours.
_CLIENT_STATES = {"22003", "22021", "22P02", "22P05", "22008", "22007"}
_BUSY_STATES = {"55P03", "57014", "40001", "40P01", "53300", "57P03", "08006", "57P01"}

STREAM_FACTOR = 64
"""How many times larger a body may be that is read piece by piece."""
Check = Callable[[], Awaitable[dict[str, str]]]
"""A readiness check: name → "ok" or what is wrong."""


def problem(
    request: Request,
    *,
    status: int,
    code: str,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """An RFC 9457 answer."""
    body: dict[str, Any] = {
        "type": f"/problems/{code.lower().replace('_', '-')}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
        "errors": [
            {"pointer": fault.pointer, "code": fault.code, "message": fault.message}
            for fault in faults
        ],
        "trace_id": trace_id(request),
    }
    return JSONResponse(body, status, media_type=PROBLEM_TYPE, headers=headers)


def trace_id(request: Request) -> str:
    """The request's id, as answered in X-Request-Id."""
    return str(request.scope.get("wuxian.trace_id", ""))


def refused(request: Request, refusal: Refusal) -> Response:
    """The answer to a refusal."""
    headers = {}
    if refusal.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="wuxian"'
    if refusal.kind is Kind.UNAVAILABLE:
        headers["Retry-After"] = "1"
    return problem(
        request,
        status=STATUS[refusal.kind],
        code=refusal.code,
        detail=refusal.message,
        faults=refusal.faults,
        headers=headers,
    )


def _pointer(location: Sequence[int | str]) -> str:
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in location]
    return "/" + "/".join(parts[1:] if parts and parts[0] == "body" else parts)


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return refused(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if any(found["type"] == "json_invalid" for found in error.errors()):
        return problem(
            request,
            status=400,
            code="JSON_MALFORMED",
            detail="请求体不是有效的 JSON (the body is not valid JSON)",
        )
    faults = [
        Fault(_pointer(found["loc"]), str(found["type"]).upper(), str(found["msg"])[:300])
        for found in error.errors()
    ]
    return refused(request, Faulty(faults=faults[:1000], count=len(faults)))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Refusal):  # said while the framework was reading the body
        return refused(request, error.__cause__)
    return problem(
        request,
        status=error.status_code,
        code=f"HTTP_{error.status_code}",
        detail=str(error.detail),
        headers=dict(error.headers or {}),
    )


async def _on_database(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)
    state = sqlstate(error)
    if state in _CLIENT_STATES:
        return problem(
            request,
            status=422,
            code="VALUE_OUT_OF_RANGE",
            detail="数值或文字超出可存储范围 (a value cannot be stored)",
        )
    if state in _BUSY_STATES or error.connection_invalidated:
        logger().warning("database busy", state=state)
        return problem(
            request,
            status=503,
            code="DATABASE_BUSY",
            headers={"Retry-After": "1"},
            detail="数据库繁忙或重启中,请稍后重试 (database busy; try again)",
        )
    return await _on_bug(request, error)


async def _on_bug(request: Request, error: Exception) -> Response:
    logger().error("unhandled", path=request.url.path, exc_info=error)
    return problem(
        request,
        status=500,
        code="INTERNAL_ERROR",
        detail="系统内部错误,已记录 (internal error, recorded)",
    )


class Envelope:
    """Outermost layer: bounds the body, refuses NUL, names the request, counts the answer."""

    def __init__(
        self, app: ASGIApp, body_limit_bytes: int, streamed: frozenset[str] = frozenset()
    ) -> None:
        self.app = app
        self.body_limit_bytes = body_limit_bytes
        self.streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        asked = request.headers.get("x-request-id", "")
        known = asked.isascii() and asked.isalnum() and len(asked) <= 64
        scope["wuxian.trace_id"] = asked if known else secrets.token_hex(8)
        structlog.contextvars.bind_contextvars(trace_id=trace_id(request))

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-request-id", trace_id(request).encode()))
                route = getattr(scope.get("route"), "path", "none")
                REQUESTS.labels(scope["method"], route, str(message["status"])).inc()
            await send(message)

        refusal = self._at_once(request)
        if refusal is not None:
            await refused(request, refusal)(scope, receive, named)
        else:
            await self.app(scope, self._bounded(request, receive), named)

    def _at_once(self, request: Request) -> Refusal | None:
        """What is wrong with the head of a request, before its body is read."""
        declared, limit = request.headers.get("content-length", "0"), self._limit(request)
        if not declared.isdigit() or int(declared) > limit:
            return BodyTooLarge(limit_bytes=limit)
        if b"%00" in request.scope.get("raw_path", b"") + request.scope["query_string"]:
            return NulInRequest()
        return None

    def _limit(self, request: Request) -> int:
        if request.scope["path"] in self.streamed:  # read piece by piece: never held as a whole
            return self.body_limit_bytes * STREAM_FACTOR
        return self.body_limit_bytes

    def _bounded(self, request: Request, receive: Receive) -> Receive:
        """`receive` that refuses a body which grows too large, or JSON with a NUL in it."""
        is_json = "json" in request.headers.get("content-type", "json")
        seen, limit = 0, self._limit(request)

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            body = message.get("body", b"")
            seen += len(body)
            if seen > limit:
                raise BodyTooLarge(limit_bytes=limit)
            if is_json and (b"\\u0000" in body or b"\x00" in body):
                raise NulInRequest
            return message

        return bounded


class BodyTooLarge(Refusal):
    """请求体过大 (the body is too large)"""

    kind = Kind.TOO_LARGE
    code = "BODY_TOO_LARGE"


class NulInRequest(Refusal):
    """请求含空字符 (NUL character in the request)"""

    kind = Kind.MALFORMED
    code = "NUL_IN_REQUEST"


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
    return identity.verify(token)


Authenticated = Annotated[Caller, Depends(authenticated)]


class TokenOut(Out):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: str = "Bearer"
    expires_in: int = TOKEN_SECONDS


class MeOut(Out):
    """Who the bearer of the token is."""

    subject: str
    role: str
    level: str
    district: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {PROBLEM_TYPE: {}}, "description": text}
    for status, text in {
        400: "请求格式错误 Malformed",
        401: "未认证 No valid token",
        403: "无权 Not allowed",
        404: "未找到 Not found",
        409: "冲突 Conflicts with the present state",
        413: "过大 Too large",
        422: "内容有误 Faults, each named",
        503: "繁忙 Busy, try again",
    }.items()
}


def _common_routes(service: str, version: str, checks: Sequence[Check]) -> APIRouter:
    router = APIRouter(tags=["service"])

    @router.post(
        "/v1/oauth/token",
        operation_id="issue_token",
        summary="取得访问令牌 · Token by client credentials",
        responses=PROBLEMS,
    )
    async def issue_token(
        request: Request,
        grant_type: Annotated[str, Form(pattern="^client_credentials$")],
        client_id: Annotated[str, Form(max_length=100)],
        client_secret: Annotated[str, Form(max_length=200)],
    ) -> TokenOut:
        identity: Identity = request.app.state.identity
        return TokenOut(access_token=identity.issue(client_id, client_secret))

    @router.get(
        "/v1/me",
        operation_id="who_am_i",
        summary="当前身份 · Who the token speaks for",
        responses=PROBLEMS,
    )
    async def who_am_i(caller: Authenticated) -> MeOut:
        return MeOut(**claims_of(caller))

    @router.get("/healthz", operation_id="health", summary="存活 · Alive")
    async def health() -> dict[str, str]:
        return {"service": service, "status": "ok"}

    @router.get(
        "/readyz",
        operation_id="readiness",
        summary="就绪 · Ready to serve",
        responses={503: {"description": "not ready"}},
    )
    async def readiness() -> JSONResponse:
        found: dict[str, str] = {}
        for check in checks:
            try:
                found |= await check()
            except Exception as error:
                found[getattr(check, "__name__", "check")] = f"failed: {type(error).__name__}"
        ready = all(value == "ok" for value in found.values())
        return JSONResponse(
            {"service": service, "ready": ready, "checks": found}, 200 if ready else 503
        )

    @router.get(
        "/metrics",
        operation_id="metrics",
        summary="指标 · Prometheus metrics",
        response_class=PlainTextResponse,
    )
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @router.get("/v1/version", operation_id="version", summary="版本 · Version")
    async def version_of() -> dict[str, str]:
        return {"service": service, "version": version}

    return router


def create_app(  # noqa: PLR0913 - an app has that many parts
    *,
    service: str,
    title: str,
    description: str,
    version: str,
    routers: Sequence[APIRouter],
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    checks: Sequence[Check],
    body_limit_bytes: int,
    streamed: frozenset[str] = frozenset(),
) -> FastAPI:
    """A service's app; its lifespan puts `identity` and `db` on `app.state`.

    `streamed` are paths whose bodies are read piece by piece and may be much larger.
    """
    # No docs pages: FastAPI's load their scripts from a public network that a bureau's lacks.
    app = FastAPI(
        title=title,
        description=description,
        version=version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(_common_routes(service, version, checks))
    for router in routers:
        app.include_router(router, responses=PROBLEMS)
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DBAPIError, _on_database)
    app.add_exception_handler(Exception, _on_bug)
    app.add_middleware(Envelope, body_limit_bytes=body_limit_bytes, streamed=streamed)
    return app
