"""The HTTP connection of a service, with an end to every wait.

uvicorn parses and answers; here a connection that brings nothing, brings it drop by drop, brings too
many header fields or does not take its answer is ended, and the oldest waiting connection makes room
when there are too many. One pass a second looks at all connections, so that a request sets no timer.
"""

from __future__ import annotations

import asyncio
import json
from enum import Enum, auto
from functools import lru_cache
from typing import Any, ClassVar, Final
from weakref import WeakKeyDictionary

from prometheus_client import Counter
from uvicorn._types import ASGI3Application, ASGISendEvent
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from shared.process.log import logger
from shared.process.settings import Settings, settings

HEAD_BYTES_MAX: Final = 32 * 1024
"""Request line and header fields."""
HEADER_FIELDS_MAX: Final = 100
BODY_BYTES_A_SECOND: Final = 512
"""The least that a body must bring, measured over the time that it may pause."""
LINGER_SECONDS: Final = 5.0
"""How long the rest of a refused body is read and dropped, so that its sender sees the answer."""
_LOOK_SECONDS: Final = 1.0
_FRAMING: Final = 16
"""Bytes of framing that a byte of a chunked body may need; beyond it somebody plays with trailers."""

_FRAMING_FIELDS: Final = {b"content-length", b"transfer-encoding", b"connection"}

ENDED = Counter("wuxian_connections_ended", "Connections that the service ended", ["reason"])


class Phase(Enum):
    """The part of a request that a connection is in."""

    HEAD = auto()
    """Nothing yet, or not all of its header fields."""
    BODY = auto()
    ANSWER = auto()
    REST = auto()
    """The rest of a request that was answered already: it is read and dropped."""


_PROBLEMS: Final = {
    400: ("HTTP_MALFORMED", "不是有效的 HTTP 请求 (not a valid HTTP request)"),
    408: ("REQUEST_TOO_SLOW", "请求未在限时内到达 (the request did not arrive in time)"),
    431: ("HEADERS_TOO_LARGE", "请求头过大 (the header fields are too large)"),
    503: ("TOO_MANY_CONNECTIONS", "连接过多,请稍后重试 (too many connections; try again)"),
}


class Exchange(RequestResponseCycle):
    """A request and its answer. An answer that is here as a whole is written in one piece.

    uvicorn writes the head when it has it and the body afterwards: two system calls, two segments
    and two wake-ups of the client. A quarter of a ledger's samples under load lay there.
    """

    _head: bytes | None = None
    """The head of an answer, until its body comes."""

    async def send(self, message: ASGISendEvent) -> None:
        """Send a part of the answer."""
        if self._head is not None:
            head, self._head = self._head, None
            if not self._send_whole(head, message):
                self.transport.write(head)
                await super().send(message)
        elif self.response_started or not self._keep_head(message):
            await super().send(message)

    def _keep_head(self, message: ASGISendEvent) -> bool:
        """Keep the head of an answer of known length; False leaves any other to uvicorn."""
        if (
            message["type"] != "http.response.start"
            or self.flow.write_paused
            or self.disconnected
            or self.access_log
            or not self.keep_alive
        ):
            return False
        lines = [STATUS_LINE[message["status"]]]
        length = None
        for name, value in [*self.default_headers, *message["headers"]]:
            if name in _FRAMING_FIELDS:
                if name != b"content-length":
                    return False
                length = value
            lines.append(_line(name, value))
        if length is None:
            return False
        self.response_started, self.waiting_for_100_continue = True, False
        self.chunked_encoding, self.expected_content_length = False, int(length)
        lines.append(b"\r\n")
        self._head = b"".join(lines)
        return True

    def _send_whole(self, head: bytes, message: ASGISendEvent) -> bool:
        """Send the head with the whole body; False when this is not the whole, or cannot be sent."""
        if (
            message["type"] != "http.response.body"
            or message.get("more_body")
            or len(message.get("body", b"")) != self.expected_content_length
            or self.scope["method"] == "HEAD"
            or self.flow.write_paused
            or self.disconnected
        ):
            return False
        self.transport.write(head + message.get("body", b""))
        self.expected_content_length = 0
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True


@lru_cache(maxsize=4096)
def _line(name: bytes, value: bytes) -> bytes:
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        raise RuntimeError("a field of an answer has characters that HTTP does not allow")
    return b"%s: %s\r\n" % (name.lower(), value)


class GuardedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.limits: Settings = settings()
        self.phase = Phase.HEAD
        self.since = 0.0
        """When this phase, or this stretch of a body, began."""
        self.is_refused = False
        self.is_kept_alive = False
        """A request was answered, so the client may be silent until it has another."""
        self.head_bytes = 0
        self.raw_bytes = self.body_bytes = self.stretch_bytes = 0
        self.unsent_bytes = 0
        self.unsent_since: float | None = None
        """When the client last took something of an answer that waits for it."""

    # --- the connection -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or turn it away."""
        super().connection_made(transport)
        self._enter(Phase.HEAD)
        _Watch.over(self)
        if len(self.connections) > self.limits.connections_max and not self._make_room():
            self.refuse(503)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        if self.is_refused:
            return
        if self.phase is Phase.HEAD:
            if not self.head_bytes:
                self.since = self.loop.time()
            self.head_bytes += len(data)
            super().data_received(data)
            if self.phase is Phase.HEAD and self.head_bytes > HEAD_BYTES_MAX:
                self.refuse(431)
        else:
            self.raw_bytes += len(data)
            super().data_received(data)
            if self.raw_bytes > HEAD_BYTES_MAX + _FRAMING * self.body_bytes:
                self.refuse(431)

    def pause_writing(self) -> None:
        """Note that the client does not take its answer."""
        self.unsent_bytes = self.transport.get_write_buffer_size()
        self.unsent_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that it does again."""
        self.unsent_since = None
        super().resume_writing()

    # --- the request ----------------------------------------------------------------------

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        cycle.__class__ = Exchange  # uvicorn lets nobody choose the class
        super()._start_asgi_task(cycle, app)

    def on_headers_complete(self) -> None:
        """Begin a request, unless its header fields are too many."""
        if self.is_refused:
            return
        if self.head_bytes > HEAD_BYTES_MAX or len(self.headers) > HEADER_FIELDS_MAX:
            size = sum(len(name) + len(value) for name, value in self.headers) + len(self.url)
            if size > HEAD_BYTES_MAX or len(self.headers) > HEADER_FIELDS_MAX:
                self.refuse(431)
                return
        if self.phase is Phase.HEAD:  # else it is one of several that were sent in a row
            self._enter(Phase.BODY)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        if self.is_refused:
            return
        self.body_bytes += len(body)
        self.stretch_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that a request is here as a whole."""
        if self.is_refused:
            return
        if self.phase is Phase.BODY:
            self.phase = Phase.ANSWER
        elif self.phase is Phase.REST:
            self._enter(Phase.HEAD)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Note that a request is answered, perhaps before the whole of it was here; begin the next
        of several that were sent in a row. As uvicorn's own, without its timer for each answer."""
        self._enter(Phase.REST if self.phase is Phase.BODY else Phase.HEAD)
        self.is_kept_alive = True
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            if not self.cycle.response_complete:
                self._enter(Phase.BODY if self.cycle.more_body else Phase.ANSWER)

    # --- the limits -----------------------------------------------------------------------

    def look(self, now: float) -> None:
        """End this connection if it has waited too long."""
        waited = now - self.since
        if self.transport.is_closing():
            if waited > self.limits.write_seconds:
                self._end("write")
        elif self.unsent_since is not None:
            self._judge_reader(now)
        elif self.phase is Phase.HEAD and self.is_kept_alive and not self.head_bytes:
            if waited > self.timeout_keep_alive:
                self.transport.close()
        elif self.phase is Phase.HEAD and waited > self.limits.head_seconds:
            if self.head_bytes:
                self.refuse(408)
            else:
                self._end("silent")
        elif self.phase is Phase.BODY and waited > self.limits.body_seconds:
            self._judge_body()
        elif self.phase is Phase.REST and waited > LINGER_SECONDS:
            self._end("rest")

    def refuse(self, status: int) -> None:
        """Answer a problem; drop what still comes, so that the client sees the answer."""
        if self.is_refused or self.transport.is_closing():
            return
        ENDED.labels(str(status)).inc()
        self.is_refused = True
        self._unset_keepalive_if_required()
        cycle = self.cycle
        open_cycle = cycle is not None and not cycle.response_complete
        if open_cycle and cycle.response_started:  # half an answer: it must not look like a whole
            self.transport.abort()
            return
        self.transport.write(_problem(status))
        if open_cycle:  # the door that waits for the body learns that nobody is there
            cycle.disconnected = True
            cycle.message_event.set()
        self.flow.resume_reading()
        self._enter(Phase.REST)

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no HTTP."""
        self.refuse(400)

    def _judge_body(self) -> None:
        due = BODY_BYTES_A_SECOND * self.limits.body_seconds
        if not self.flow.read_paused and self.stretch_bytes < due:
            self.refuse(408)
        else:  # it comes, or we are the slow ones
            self.since, self.stretch_bytes = self.loop.time(), 0

    def _judge_reader(self, now: float) -> None:
        unsent = self.transport.get_write_buffer_size()
        if unsent < self.unsent_bytes:
            self.unsent_since = now
        elif self.unsent_since is not None and now - self.unsent_since > self.limits.write_seconds:
            self._end("write")
        self.unsent_bytes = unsent

    def _make_room(self) -> bool:
        """End the connection that has waited longest for a request; False when there is none."""
        waiting = [
            one
            for one in self.connections
            if isinstance(one, GuardedProtocol)
            and one is not self
            and one.phase in {Phase.HEAD, Phase.REST}
        ]
        if not waiting:
            return False
        oldest = min(waiting, key=lambda one: one.since)
        self.connections.discard(oldest)
        oldest._end("room")
        return True

    def _end(self, reason: str) -> None:
        ENDED.labels(reason).inc()
        self.transport.abort()

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.since = self.loop.time()
        self.head_bytes = self.raw_bytes = self.body_bytes = self.stretch_bytes = 0


class _Watch:
    """The look at all connections of one server, once a second while there are any."""

    _running: ClassVar[WeakKeyDictionary[ServerState, _Watch]] = WeakKeyDictionary()

    def __init__(self, server: ServerState, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        loop.call_later(_LOOK_SECONDS, self._look)

    @classmethod
    def over(cls, one: GuardedProtocol) -> None:
        """Watch a connection with the others of its server."""
        if one.server_state not in cls._running:
            cls._running[one.server_state] = cls(one.server_state, one.loop)

    def _look(self) -> None:
        now = self._loop.time()
        for one in list(self._server.connections):
            if not isinstance(one, GuardedProtocol):  # it has become a socket of the console
                continue
            try:
                one.look(now)
            except Exception as error:  # a fault of one must not end the watch over all
                logger().error("connection not judged", exc_info=error)
        if self._server.connections:
            self._loop.call_later(_LOOK_SECONDS, self._look)
        else:
            self._running.pop(self._server, None)


def _problem(status: int) -> bytes:
    code, detail = _PROBLEMS[status]
    body = json.dumps(
        {
            "type": f"/problems/{code.lower().replace('_', '-')}",
            "title": code.replace("_", " ").capitalize(),
            "status": status,
            "detail": detail,
            "code": code,
            "errors": [],
        },
        ensure_ascii=False,
    ).encode()
    fields = [
        STATUS_LINE[status],
        b"content-type: application/problem+json\r\ncache-control: no-store\r\n",
        b"x-content-type-options: nosniff\r\nconnection: close\r\n",
        b"retry-after: 1\r\n" if status == 503 else b"",
        b"content-length: " + str(len(body)).encode() + b"\r\n\r\n",
    ]
    return b"".join(fields) + body
