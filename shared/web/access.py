"""The access log and the figures of every request: who, what, result, time; never content."""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter
from typing import Final

import orjson
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.clock import now
from shared.process import tracing
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


_PAGE_ROOM: Final = "/_nicegui/"
"""Addresses of the console's open pages."""


class AccessLog:
    """The outermost layer of a service: times and counts each request, and writes its line."""

    def __init__(self, app: ASGIApp, service: str, *, written: bool = True) -> None:
        self.app = app
        self.service = service
        self.written = written
        self._lines = LineWriter()
        self._figures: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        """The figures of each method, route and status that was answered; the library's own search
        for them takes as long as to write them."""

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
            if tracing.is_on():
                await self._traced(scope, receive, noted)
            else:
                await self.app(scope, receive, noted)
        finally:
            self._note(scope, status, perf_counter() - begun)

    async def _traced(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request in a span that continues the caller's trace."""
        fields = Headers(scope=scope)
        parents = fields.get("traceparent", ""), fields.get(tracing.TRACES_HEADER, "")
        method = scope["method"]
        with tracing.served(method, *parents, http_request_method=method) as spans:

            async def told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    route = getattr(scope.get("route"), "path", "none")
                    for one in spans:
                        one.update_name(f"{method} {route}")
                        one.set_attribute("http.route", route)
                        one.set_attribute("http.response.status_code", message["status"])
                        one.set_attribute("wuxian.request_id", scope.get("wuxian.trace_id", ""))
                await send(message)

            await self.app(scope, receive, told)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        kind = scope["method"], route, status
        figures = self._figures.get(kind)
        if figures is None:
            method = scope["method"]
            figures = REQUESTS.labels(method, route, str(status)), SECONDS.labels(method, route)
            self._figures[kind] = figures
        figures[0].inc()
        figures[1].observe(seconds)
        if self.written and scope["path"] not in UNLOGGED:
            self._lines.add(request_line(scope, self.service, route, status, seconds))


class LineWriter:
    """Writes the lines of requests to standard error, those of one turn of the loop together.

    The ledger answers dozens of requests in one turn; a write each cost a tenth of its time.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        """Write a line at the end of this turn of the loop."""
        self._lines.append(line)
        if len(self._lines) == 1:
            asyncio.get_running_loop().call_soon(self._write)

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        sys.stderr.write("".join(f"{line}\n" for line in lines))


def _written_path(path: str, route: str) -> str:
    """Return a path for the log: numbers of people masked, and no id of an open page, which is as
    good as a key to it."""
    if path.startswith(_PAGE_ROOM):
        return _PAGE_ROOM
    return path if path == route else mask_numbers(path)


def request_line(scope: Scope, service: str, route: str, status: int, seconds: float) -> str:
    """Return one request's line of JSON; without query and body, numbers of people masked."""
    caller = scope.get(CALLER)
    client = scope.get("client")
    path = scope["path"]
    line = {
        "event": "request",
        "service": service,
        "timestamp": now(),
        "subject": caller.subject if caller else None,
        "role": caller.role.value if caller else None,
        "client": client[0] if client else None,
        "method": scope["method"],
        "route": route,
        "path": _written_path(path, route),
        "status": status,
        "milliseconds": round(seconds * 1000, 2),
        "trace_id": scope.get("wuxian.trace_id"),
    }
    return orjson.dumps(line).decode()
