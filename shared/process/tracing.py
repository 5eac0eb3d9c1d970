"""OpenTelemetry traces, for an operator who asks for them (`WUXIAN_OTLP_URL`, extra `wuxian[otel]`).

Off, nothing is imported and every function here returns at once. On, a request's span continues the
caller's W3C traceparent. The outbox keeps it in its rows, the relay and the receiver continue it:
the acceptance of a declaration, its bill and the bill's voucher in the ledger are one trace. A span
holds routes and statements, never a path's or a statement's values: they may name people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any, Final

from shared.process.settings import Settings

TRACES_HEADER: Final = "wuxian-traces"
"""The further traces that one request between services belongs to, as traceparents."""
TRACES_MAX: Final = 32
"""Traces that one batch continues at the receiver; the others end with the relay's span."""
STATEMENT_MAX: Final = 2000
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_provider: Any = None
_tracer: Any = None
_watched: list[tuple[Any, str, Any, Any]] = []
"""Methods of asyncpg that write spans: (class, name, as it was, as it is)."""
_further: ContextVar[tuple[str, ...]] = ContextVar("further_traces", default=())


class TracingMissing(Exception):
    """WUXIAN_OTLP_URL is set, but the extra is not installed: pip install "wuxian[otel]\""""


def is_on() -> bool:
    """Return whether this process writes traces."""
    return _tracer is not None


def start(settings: Settings, service: str) -> bool:
    """Begin to send spans to the operator's collector, if there is one; whether it has begun now.

    Raises:
        TracingMissing: the packages of the extra are not installed.
    """
    if settings.otlp_url is None or is_on():
        return False
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise TracingMissing(TracingMissing.__doc__) from None
    exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_url.rstrip('/')}/v1/traces")
    start_with(BatchSpanProcessor(exporter), service, settings.trace_ratio)
    return True


def start_with(processor: Any, service: str, ratio: float = 1.0) -> None:
    """Begin to hand spans to a processor.

    Args:
        ratio: share of the traces that begin here and are kept; a caller's choice is followed.
    """
    global _provider, _tracer
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    resource = Resource.create({"service.name": f"wuxian-{service}"})
    sampler = ParentBased(TraceIdRatioBased(ratio))
    _provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
    _provider.add_span_processor(processor)
    _tracer = _provider.get_tracer("wuxian")
    _watch_database()


def stop() -> None:
    """Send what is left, and write no more traces."""
    global _provider, _tracer
    if _provider is not None:
        provider, _provider, _tracer = _provider, None, None
        provider.shutdown()
    while _watched:
        owner, method, plain, traced = _watched.pop()
        if getattr(owner, method) is traced:
            setattr(owner, method, plain)


def current() -> str | None:
    """Return the traceparent of the span at work, to be kept in a row; None without one."""
    if _tracer is None:
        return None
    return _written(_api().get_current_span().get_span_context())


@contextmanager
def span(
    name: str,
    kind: str = "INTERNAL",
    *,
    parent: str | None = None,
    links: Iterable[str] = (),
    **attributes: Any,
) -> Iterator[Any]:
    """Do a piece of work in a span, under `parent` or the span at work; None while tracing is off."""
    if _tracer is None:
        yield None
        return
    api = _api()
    joined = [api.Link(context) for one in links if (context := _read(one)) is not None]
    with _tracer.start_as_current_span(
        name,
        context=_under(parent),
        kind=api.SpanKind[kind],
        links=joined,
        attributes={key.replace("_", "."): value for key, value in attributes.items()},
    ) as opened:
        yield opened


@contextmanager
def continued(name: str, parents: Sequence[str | None], **attributes: Any) -> Iterator[None]:
    """Do one piece of work, such as the delivery of a batch, for several traces at once.

    Every trace gets a span of its own. The work goes on under the first one where there is one
    trace only, else under a span that links them all; a request made meanwhile tells the receiver
    the further ones.
    """
    known = list(dict.fromkeys(parent for parent in parents if parent))
    if _tracer is None or not known:
        yield
        return
    if len({trace_of(parent) for parent in known}) == 1:
        with span(name, parent=known[0], links=known[1:], **attributes):
            yield
        return
    with ExitStack() as opened:
        opened.enter_context(span(name, links=known[:TRACES_MAX], **attributes))
        mine = [opened.enter_context(_beside(name, parent, attributes)) for parent in known]
        token = _further.set(tuple(filter(None, map(_written_of, mine[:TRACES_MAX]))))
        try:
            yield
        finally:
            _further.reset(token)


def noted(name: str, parent: str | None) -> str | None:
    """Note a piece of work of a trace that was kept in a row, done in bulk; its own traceparent."""
    if _tracer is None or parent is None:
        return parent
    with _beside(name, parent, {}) as opened:
        return _written_of(opened)


def headers() -> dict[str, str]:
    """Return the headers that carry the traces at work to another service."""
    at_work = current()
    if at_work is None:
        return {}
    further = _further.get()
    return {"traceparent": at_work} | ({TRACES_HEADER: ",".join(further)} if further else {})


def parents_in(traceparent: str, further: str) -> tuple[str | None, list[str]]:
    """Read the headers of a request: the trace that it continues, and further ones."""
    known = traceparent if _TRACEPARENT.fullmatch(traceparent) else None
    pieces = further.split(",")[:TRACES_MAX] if further else []
    return known, [one for one in pieces if _TRACEPARENT.fullmatch(one)]


@contextmanager
def served(name: str, traceparent: str, further: str, **attributes: Any) -> Iterator[list[Any]]:
    """Serve a request in a span of each trace that it belongs to; the spans, the main one first."""
    parent, others = parents_in(traceparent, further)
    with ExitStack() as opened:
        main = opened.enter_context(span(name, "SERVER", parent=parent, **attributes))
        spans = [opened.enter_context(_beside(name, one, attributes)) for one in others]
        yield [main, *spans]


def trace_of(traceparent: str) -> str:
    """Return the trace id of a traceparent."""
    return traceparent.split("-")[1]


@contextmanager
def _beside(name: str, parent: str, attributes: dict[str, Any]) -> Iterator[Any]:
    """Open a span that is not the one at work."""
    named = {key.replace("_", "."): value for key, value in attributes.items()}
    opened = _tracer.start_span(name, context=_under(parent), attributes=named)
    try:
        yield opened
    finally:
        opened.end()


def _written_of(opened: Any) -> str | None:
    return _written(opened.get_span_context())


def _written(context: Any) -> str | None:
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def _read(traceparent: str) -> Any:
    if not _TRACEPARENT.fullmatch(traceparent):
        return None
    _, trace_id, span_id, flags = traceparent.split("-")
    api = _api()
    return api.SpanContext(
        trace_id=int(trace_id, 16),
        span_id=int(span_id, 16),
        is_remote=True,
        trace_flags=api.TraceFlags(int(flags, 16)),
    )


def _under(parent: str | None) -> Any:
    """Return the context of a parent; None for the span at work."""
    context = _read(parent) if parent else None
    if context is None:
        return None
    api = _api()
    return api.set_span_in_context(api.NonRecordingSpan(context))


def _api() -> Any:
    from opentelemetry import trace

    return trace


def _watch_database() -> None:
    """Give every statement of a traced piece of work a span; asyncpg is what all of them pass."""
    from asyncpg.connection import Connection
    from asyncpg.prepared_stmt import PreparedStatement

    if _watched:
        return
    for method in ("execute", "executemany", "fetch", "fetchrow", "fetchval"):
        _wrap(Connection, method, lambda _, args: str(args[0]))
    for method in ("fetch", "fetchrow", "fetchval"):
        _wrap(PreparedStatement, method, lambda prepared, _: str(prepared.get_query()))


def _wrap(owner: Any, method: str, statement_of: Any) -> None:
    plain = getattr(owner, method)

    async def traced(self: Any, *args: Any, **more: Any) -> Any:
        if _tracer is None or not _api().get_current_span().is_recording():
            return await plain(self, *args, **more)
        statement = " ".join(statement_of(self, args).split())[:STATEMENT_MAX]
        verb = statement.split(" ", 1)[0].upper() or "SQL"
        with span(verb, "CLIENT", db_system_name="postgresql", db_query_text=statement):
            return await plain(self, *args, **more)

    setattr(owner, method, traced)
    _watched.append((owner, method, plain, traced))
