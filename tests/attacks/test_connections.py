"""Connections that bring nothing, too little, too much or too many: the service answers others."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.roles import Role
from tests.attacks.conftest import CONNECTIONS_MAX, Token
from tests.attacks.support.wire import Attacker, Wire, health_of, post

MIB = 1024 * 1024
CHUNKED = b"transfer-encoding: chunked"
pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]


@pytest.fixture
async def attacker(ledger_url: str) -> AsyncIterator[Attacker]:
    """An attacker of the ledger; whatever was done to it, the service answers the next one."""
    async with Attacker(ledger_url) as found:
        yield found
    async with health_of(ledger_url):
        await asyncio.sleep(0.05)


async def test_half_open_requests_are_ended_in_time(attacker: Attacker) -> None:
    wires = await attacker.open(600)
    for wire in wires:
        await wire.send(b"POST /v1/vouchers HTTP/1.1\r\nhost: a\r\n")
    async with health_of(attacker.url) as health:
        answers = await asyncio.gather(*(wire.status() for wire in wires))
    assert set(answers) == {408}
    assert health.is_good(), health.seconds


async def test_silent_connections_and_slow_headers_are_ended(attacker: Attacker) -> None:
    silent, slow = await attacker.open(2)
    await slow.send(b"GET /v1/vouchers HTTP/1.1\r\nhost: a\r\n")
    async with slow.dripping(b"x: y\r\n"):
        assert await silent.rest() == b""
        assert await slow.status() == 408


async def test_a_body_that_drips_is_ended(attacker: Attacker, token: Token) -> None:
    [wire] = await attacker.open(1)
    bearer = token(Role.COLLECTION_SERVICE)
    await wire.send(post("/v1/vouchers", b"content-length: 10000", token=bearer))
    async with wire.dripping(b" "):
        assert await wire.status() == 408


async def test_large_bodies_without_a_token_cost_nobody_time(attacker: Attacker) -> None:
    piece = b" " * MIB

    async def push(wire: Wire) -> int:
        await wire.send(post("/v1/voucher-batches", b"content-length: %d" % (31 * MIB)))
        for _ in range(31):
            await wire.send(piece)
        return await wire.status()

    async with health_of(attacker.url) as health:
        for _ in range(50):
            wires = await attacker.open(6)
            assert await asyncio.gather(*(push(wire) for wire in wires)) == [401] * 6
            if health.is_known():
                break
    assert health.is_good(), health.seconds


async def test_an_endless_body_without_a_token_is_hung_up(attacker: Attacker) -> None:
    [wire] = await attacker.open(1)
    await wire.send(post("/v1/voucher-streams", CHUNKED))
    assert await wire.status() == 401

    async def push() -> None:
        while True:
            wire.writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
            await wire.writer.drain()
            await asyncio.sleep(0.01)

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(push(), 60)


async def test_a_body_over_the_doors_own_limit_is_refused_at_once(
    attacker: Attacker, token: Token
) -> None:
    bearer = token(Role.COLLECTION_SERVICE)
    declared, chunked = await attacker.open(2)
    await declared.send(post("/v1/vouchers", b"content-length: %d" % (2 * MIB), token=bearer))
    assert await declared.status() == 413
    await chunked.send(post("/v1/vouchers", CHUNKED, token=bearer))
    for _ in range(20):
        await chunked.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
    assert await chunked.status() == 413


async def test_a_large_body_of_somebody_without_the_right_is_not_read(
    attacker: Attacker, token: Token
) -> None:
    [wire] = await attacker.open(1)
    bearer = token(Role.DASHBOARD)
    await wire.send(post("/v1/voucher-batches", b"content-length: %d" % (31 * MIB), token=bearer))
    assert await wire.status() == 403


async def test_a_compressed_body_is_not_unpacked(attacker: Attacker, token: Token) -> None:
    [wire] = await attacker.open(1)
    bearer = token(Role.COLLECTION_SERVICE)
    fields = (b"content-encoding: gzip", b"content-length: 10000")
    await wire.send(post("/v1/vouchers", *fields, token=bearer))
    assert await wire.status() == 415


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1\r\nx: " + b"y" * 40_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nx: " + b"y" * 40_000,
        b"GET /healthz?" + b"y" * 40_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"\r\n",
    ],
    ids=["one field", "one field without an end", "address", "many fields"],
)
async def test_large_headers_are_refused(attacker: Attacker, head: bytes) -> None:
    [wire] = await attacker.open(1)
    await wire.send(head)
    assert await wire.status() == 431


async def test_trailers_without_an_end_are_refused(attacker: Attacker, token: Token) -> None:
    [wire] = await attacker.open(1)
    bearer = token(Role.COLLECTION_SERVICE)
    await wire.send(post("/v1/voucher-streams", CHUNKED, token=bearer) + b"0\r\n")
    for _ in range(100):
        await wire.send(b"x: " + b"y" * 1000 + b"\r\n")
    # 0: it hung up while more came in, and the reset was faster than the answer.
    assert await wire.status() in {431, 200, 0}
    await wire.rest()


async def test_a_stream_of_bad_lines_answers_and_holds_nobody_up(
    attacker: Attacker, token: Token
) -> None:
    lines = 5_000
    body = b'{"event_id":"e","entries":[{"fund":1}]}\n' * lines
    bearer = token(Role.COLLECTION_SERVICE)
    fields = (b"content-length: %d" % len(body), b"connection: close")
    head = post("/v1/voucher-streams", *fields, token=bearer)
    async with health_of(attacker.url) as health:
        for _ in range(20):
            [wire] = await attacker.open(1)
            sending = asyncio.create_task(wire.send(head + body))
            assert (await wire.head()).startswith(b"HTTP/1.1 200 ")
            answer = await wire.rest(60)
            await sending
            assert b'"complete":true' in answer
            assert b'"refused":%d' % lines in answer
            if health.is_known():
                break
    assert health.is_good(), health.seconds


async def test_more_connections_than_the_service_keeps(attacker: Attacker) -> None:
    for _ in range((CONNECTIONS_MAX + 200) // 50):
        for wire in await attacker.open(50):
            await wire.send(b"GET /healthz HTTP/1.1\r\n")
    async with health_of(attacker.url) as health:
        await asyncio.sleep(2)
    assert health.is_good(), health.seconds


async def test_bytes_that_are_no_http_get_a_problem(attacker: Attacker) -> None:
    [wire] = await attacker.open(1)
    await wire.send(b"\x16\x03\x01 hello\r\n\r\n")
    answer = await wire.head()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
