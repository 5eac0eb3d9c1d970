"""The access log and the figures of every request: who, what, result, time; never content."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import TextIO

import orjson
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.clock import now
from shared.process.log import mask_numbers

CALLER = "wuxian.caller"
"""The key of a request's scope under which its authenticated caller stands."""

REQUESTS = Counter("wuxian_http_requests", "Answered requests", ["method", "route", "status"])
SECONDS = Histogram(
    "wuxian_http_request_seconds",
    "Seconds from a request's first byte to the end of its answer",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
UNLOGGED = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths that machines ask every few seconds: counted, not logged."""
CUT_OFF = 499
"""The status noted for a request whose client left before an answer began."""


class AccessLog:
    """The outermost layer of a service: times and counts each request, and writes its line."""

    def __init__(self, app: ASGIApp, service: str, *, written: bool = True) -> None:
        self.app = app
        self.service = service
        self.written = written

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = perf_counter(), CUT_OFF

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            self._note(scope, status, perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        REQUESTS.labels(scope["method"], route, str(status)).inc()
        SECONDS.labels(scope["method"], route).observe(seconds)
        if self.written and scope["path"] not in UNLOGGED:
            write_line(scope, self.service, route, status, seconds)


def write_line(
    scope: Scope,
    service: str,
    route: str,
    status: int,
    seconds: float,
    file: TextIO | None = None,
) -> None:
    """Write one request's line of JSON; without query and body, numbers of people masked."""
    caller = scope.get(CALLER)
    client = scope.get("client")
    line = {
        "event": "request",
        "service": service,
        "timestamp": now().isoformat(),
        "subject": caller.subject if caller else None,
        "role": caller.role.value if caller else None,
        "client": client[0] if client else None,
        "method": scope["method"],
        "route": route,
        "path": mask_numbers(scope["path"]),
        "status": status,
        "milliseconds": round(seconds * 1000, 2),
        "trace_id": scope.get("wuxian.trace_id"),
    }
    print(orjson.dumps(line).decode(), file=file or sys.stderr)
