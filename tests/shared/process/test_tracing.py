"""Traces: off they cost nothing and say nothing; on, requests, rows and batches continue them."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.process import tracing
from shared.process.settings import Settings
from shared.web.access import AccessLog
from shared.web.client import Peer

ONE = f"00-{'a' * 32}-{'1' * 16}-01"
TWO = f"00-{'b' * 32}-{'2' * 16}-01"


@pytest.fixture
def spans() -> Iterator[Any]:
    """The spans of a test, which are kept in memory."""
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    kept = memory.InMemorySpanExporter()
    tracing.start_with(export.SimpleSpanProcessor(kept), "test")
    yield kept.get_finished_spans
    tracing.stop()


def traces(found: Any) -> dict[str, set[str]]:
    """Trace id → the names of its spans."""
    by_trace: dict[str, set[str]] = {}
    for one in found:
        by_trace.setdefault(f"{one.context.trace_id:032x}", set()).add(one.name)
    return by_trace


def served() -> httpx.ASGITransport:
    app = FastAPI()

    @app.post("/v1/things/{thing}")
    async def thing(thing: str) -> dict[str, str]:
        return {"thing": thing}

    @app.post("/v1/oauth/token")
    async def token() -> dict[str, str]:
        return {"access_token": "x"}

    return httpx.ASGITransport(AccessLog(app, "receiver", written=False))


async def test_off_nothing_is_written_and_nothing_is_sent() -> None:
    assert not tracing.start(Settings(otlp_url=None), "test")
    assert not tracing.is_on()
    assert (tracing.current(), tracing.headers(), tracing.noted("x", None)) == (None, {}, None)
    with tracing.span("x") as opened, tracing.continued("y", [ONE]):
        assert opened is None
        assert tracing.headers() == {}


async def test_a_request_continues_the_callers_trace_and_shows_its_route_alone(spans: Any) -> None:
    async with httpx.AsyncClient(transport=served(), base_url="http://x") as client:
        for traceparent in (ONE, "00-nonsense", f"00-{'0' * 32}-{'1' * 16}-01"):
            fields = {"traceparent": traceparent}
            await client.post("/v1/things/120101199001011234", headers=fields)
    found = spans()
    assert len(found) == 3
    assert {one.name for one in found} == {"POST /v1/things/{thing}"}
    assert sum(f"{one.context.trace_id:032x}" == "a" * 32 for one in found) == 1
    assert "120101199001011234" not in str([one.to_json() for one in found])


async def test_a_batch_continues_every_trace_at_the_receiver(spans: Any) -> None:
    peer = Peer("http://x", "me", "secret", identity_url="http://x", transport=served())
    peer._token = "x"
    async with peer:
        with tracing.continued("outbox delivery", [ONE, TWO, None, ONE]):
            await peer.post("/v1/things/1", {})
        with tracing.continued("outbox delivery", [TWO]):
            await peer.post("/v1/things/2", {})
        with tracing.continued("outbox delivery", [None]):
            await peer.post("/v1/things/3", {})
    found = traces(spans())
    both = {"outbox delivery", "POST /v1/things/{thing}"}
    assert both <= found["a" * 32]
    assert both <= found["b" * 32]
    joining = [one for one in spans() if one.name == "outbox delivery" and len(one.links) == 2]
    assert len(joining) == 1
    assert sum("POST" in names for names in found.values()) == 2  # the client's own spans


async def test_a_traced_piece_of_work_shows_its_statements_without_values(
    spans: Any, database_url: str
) -> None:
    from sqlalchemy import text

    from shared.db import Database

    db = Database(database_url, "collection")
    try:
        async with db.transaction() as tx:
            await tx.execute(text("SELECT CAST(:number AS text)"), {"number": "not traced"})
        with tracing.span("work"):
            async with db.transaction() as tx:
                await tx.execute(text("SELECT CAST(:number AS text)"), {"number": "secret"})
    finally:
        await db.close()
    found = spans()
    queries = [one.attributes["db.query.text"] for one in found if one.name == "SELECT"]
    assert queries == ["SELECT CAST($1 AS text)"]
    assert "secret" not in str([one.to_json() for one in found])


def test_the_extra_is_asked_for_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(tracing.TracingMissing, match=r"wuxian\[otel\]"):
        tracing.start(Settings(otlp_url="http://127.0.0.1:1"), "test")
