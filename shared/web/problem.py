"""Problem documents (RFC 9457): the one form of every refusal and error answer.

Only this module knows which status number a refusal becomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from shared.db import sqlstate
from shared.errors import Fault, Faulty, Kind, Refusal
from shared.process.log import logger
from shared.process.outage import (
    OUTAGES,
    RETRY_SECONDS,
    RETRY_SECONDS_OTHERWISE,
    SENTENCES,
    outage_of,
)
from shared.wire.input_faults import message_of

STATUS = {
    Kind.MALFORMED: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.PRECONDITION_FAILED: 412,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED: 415,
    Kind.INVALID: 422,
    Kind.PRECONDITION_REQUIRED: 428,
    Kind.TOO_MANY: 429,
    Kind.UNAVAILABLE: 503,
}
PROBLEM_TYPE = "application/problem+json"
PROBLEM_SCHEMA = "#/components/schemas/Problem"
"""The schema's place in an OpenAPI document; given as a `model`, FastAPI would read it per route."""

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"content": {PROBLEM_TYPE: {"schema": {"$ref": PROBLEM_SCHEMA}}}, "description": text}
    for status, text in {
        400: "请求格式错误 Malformed",
        401: "未认证 No valid token",
        403: "无权 Not allowed",
        404: "未找到 Not found",
        409: "冲突 Conflicts with the current state",
        413: "过大 Too large",
        415: "不支持的内容编码 Unsupported encoding",
        422: "内容有误 Invalid content; every fault is listed",
        429: "请求过于频繁 Too many requests; Retry-After says when to come again",
        503: "繁忙 Busy; try again",
    }.items()
}

# Data errors that a value no schema could foresee may still cause: they are the client's, not ours.
_CLIENT_STATES = {"22003", "22021", "22P02", "22P05", "22008", "22007"}


def problem(
    request: Request,
    *,
    status: int,
    code: str,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """Build an RFC 9457 answer."""
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
    """Return the request's id, the same as in X-Request-Id."""
    return str(request.scope.get("wuxian.trace_id", ""))


def refused(request: Request, refusal: Refusal) -> Response:
    """Build the answer to a refusal."""
    headers = {}
    if refusal.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="wuxian"'
    if refusal.kind in {Kind.UNAVAILABLE, Kind.TOO_MANY}:
        headers["Retry-After"] = str(refusal.retry_after)
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
        Fault(_pointer(found["loc"]), str(found["type"]).upper(), message_of(found)[:300])
        for found in error.errors()
    ]
    return refused(request, Faulty(faults=faults[:1000], count=len(faults)))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Refusal):  # raised while the framework was reading the body
        return refused(request, error.__cause__)
    if isinstance(error.__cause__, OUTAGES):  # the nonce of a signature could not be kept
        return await _on_outage(request, error.__cause__)
    return problem(
        request,
        status=error.status_code,
        code=f"HTTP_{error.status_code}",
        detail=str(error.detail),
        headers=dict(error.headers or {}),
    )


async def _on_database(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)
    if sqlstate(error) in _CLIENT_STATES:
        return problem(
            request,
            status=422,
            code="VALUE_OUT_OF_RANGE",
            detail="数值或文字超出可存储范围 (a value cannot be stored)",
        )
    return await _on_outage(request, error)


async def _on_outage(request: Request, error: Exception) -> Response:
    outage = outage_of(error)
    if outage is None:
        return crashed(request, error)
    logger().warning("outage", part=outage.value, error=type(error).__name__)
    return problem(
        request,
        status=503,
        code=outage.value,
        headers={"Retry-After": str(RETRY_SECONDS.get(outage, RETRY_SECONDS_OTHERWISE))},
        detail=SENTENCES[outage],
    )


FAILURES: tuple[type[Exception], ...] = (DBAPIError, *OUTAGES)
"""The kinds of errors that `failed` answers."""


async def failed(request: Request, error: Exception) -> Response:
    """Build the answer to an error of the database or of another part of the installation."""
    answer = _on_database if isinstance(error, DBAPIError) else _on_outage
    return await answer(request, error)


def crashed(request: Request, error: Exception) -> Response:
    """Build the answer to an error that nobody foresaw: it tells nothing but where to look it up."""
    logger().error("unhandled", path=request.url.path, exc_info=error)
    return problem(
        request,
        status=500,
        code="INTERNAL_ERROR",
        detail="系统内部错误,已记录 (internal error, recorded)",
    )


def answer_problems(app: FastAPI) -> None:
    """Answer refusals and outages as problem documents; `Envelope` answers what nobody foresaw."""
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    for kind in FAILURES:
        app.add_exception_handler(kind, failed)
