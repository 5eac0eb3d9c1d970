"""The connection of a service: how the head of an answer is written, and how long it is kept."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from shared.guard.protocol import Exchange, GuardedProtocol

LENGTH = (b"content-length", b"2")
TYPE = (b"content-type", b"application/json")
REQUEST = b"GET / HTTP/1.1\r\nHost: ledger\r\n\r\n"


class Transport(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written = b""
        self.writes = 0
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written += data
        self.writes += 1

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def sent(
    kind: type[RequestResponseCycle],
    headers: list[Any],
    *bodies: bytes,
    keep_alive: bool = True,
    method: str = "GET",
) -> Transport:
    transport = Transport()
    logger = logging.getLogger("test")
    cycle = kind(
        scope={"type": "http", "method": method},  # type: ignore[typeddict-item]
        transport=transport,
        flow=FlowControl(transport),
        logger=logger,
        access_logger=logger,
        access_log=False,
        default_headers=[(b"date", b"today")],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: None,
    )
    await cycle.send({"type": "http.response.start", "status": 201, "headers": headers})
    for at, body in enumerate(bodies, 1):
        more = at < len(bodies)
        await cycle.send({"type": "http.response.body", "body": body, "more_body": more})
    assert cycle.response_complete
    return transport


@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("bodies", [(b"{}",), (b"{", b"}"), (b"{}", b"")])
@pytest.mark.parametrize(
    "headers",
    [
        [LENGTH, TYPE, (b"x-request-id", b"a1"), (b"X-Word", b"\xe4\xb8\xad")],
        [TYPE],
        [LENGTH, (b"connection", b"close")],
        [(b"transfer-encoding", b"chunked"), TYPE],
    ],
)
async def test_an_answer_has_the_bytes_that_uvicorn_writes(
    headers: list[Any], bodies: tuple[bytes, ...], method: str, keep_alive: bool
) -> None:
    ours, theirs = [
        await sent(kind, headers, *bodies, keep_alive=keep_alive, method=method)
        for kind in (Exchange, RequestResponseCycle)
    ]
    assert (ours.written, ours.is_closed) == (theirs.written, theirs.is_closed)


async def test_a_whole_answer_is_written_in_one_piece() -> None:
    assert (await sent(Exchange, [LENGTH, TYPE], b"{}")).writes == 1


@pytest.mark.parametrize("body", [b"", b"{", b"{} "])
async def test_an_answer_of_another_length_than_it_says_is_an_error(body: bytes) -> None:
    with pytest.raises(RuntimeError):
        await sent(Exchange, [LENGTH], body)


@pytest.mark.parametrize("field", [(b"x-word", b"a\r\nb: c"), (b"x word", b"a")])
async def test_a_field_with_characters_that_http_does_not_allow_is_not_sent(
    field: tuple[bytes, bytes],
) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await sent(Exchange, [LENGTH, field], b"{}")


async def answered() -> tuple[GuardedProtocol, Transport]:
    """A connection that has answered one request."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [LENGTH]})
        await send({"type": "http.response.body", "body": b"{}"})

    config = Config(app, log_config=None, access_log=False, lifespan="off", proxy_headers=False)
    config.load()
    protocol = GuardedProtocol(config, ServerState(), {})
    transport = Transport()
    protocol.connection_made(transport)
    protocol.data_received(REQUEST)
    await asyncio.gather(*protocol.tasks)
    assert transport.written
    return protocol, transport


async def test_a_silent_connection_is_closed_after_its_time_and_not_before() -> None:
    protocol, transport = await answered()
    protocol.look(protocol.since + protocol.timeout_keep_alive - 0.1)
    assert not transport.is_closed
    protocol.look(protocol.since + protocol.timeout_keep_alive + 0.1)
    assert transport.is_closed


async def test_the_time_of_a_kept_connection_begins_anew_with_each_answer() -> None:
    protocol, transport = await answered()
    first = protocol.since = protocol.since - protocol.timeout_keep_alive
    protocol.data_received(REQUEST)
    await asyncio.gather(*protocol.tasks)
    protocol.look(first + protocol.timeout_keep_alive + 1)
    assert not transport.is_closed
