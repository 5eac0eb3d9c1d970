"""Problem documents (RFC 9457) as exceptions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in one place of a request."""

    pointer: str
    code: str
    message: str


class ApiError(Exception):
    """A refusal of a service; `code` is stable, `detail` is for people."""

    def __init__(self, status: int, code: str, detail: str, body: dict[str, Any]) -> None:
        self.status, self.code, self.detail, self.body = status, code, detail, body
        self.trace_id = str(body.get("trace_id", ""))
        self.errors = [
            Fault(str(one.get("pointer")), str(one.get("code")), str(one.get("message")))
            for one in body.get("errors") or []
        ]
        super().__init__(f"{status} {code}: {detail}")


class NotAuthenticated(ApiError):
    """The token or the signature is missing or not valid."""


class Forbidden(ApiError):
    """The client has no right to do this."""


class NotFound(ApiError):
    """There is no such thing."""


class Conflict(ApiError):
    """The state of the thing does not allow this."""


class Invalid(ApiError):
    """The content has faults; `errors` lists every one."""


class TooManyRequests(ApiError):
    """The client came too often, also after the retries."""


class Unavailable(ApiError):
    """The service is busy or down, also after the retries."""


_KINDS: dict[int, type[ApiError]] = {
    400: Invalid,
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: Invalid,
    422: Invalid,
    429: TooManyRequests,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def error_of(answer: httpx.Response) -> ApiError:
    """Build the exception of an answer that is no success."""
    try:
        body = json.loads(answer.content)
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    code = str(body.get("code") or body.get("error") or "UNKNOWN")
    detail = str(body.get("detail") or body.get("error_description") or answer.reason_phrase)
    return _KINDS.get(answer.status_code, ApiError)(answer.status_code, code, detail, body)
