"""One declaration is one trace: its acceptance, its bill, and the bill's voucher in the ledger.

Real processes send their spans to a collector of the test, over OTLP.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.stories.support.city import City
from tests.stories.support.installation import Installation

pytestmark = pytest.mark.story
wire = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")


class Collector:
    """An OTLP collector that keeps (trace id, service, span name) of every span."""

    def __init__(self) -> None:
        kept: list[tuple[str, str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                for group in wire.ExportTraceServiceRequest.FromString(body).resource_spans:
                    (service,) = (
                        one.value.string_value
                        for one in group.resource.attributes
                        if one.key == "service.name"
                    )
                    for scope in group.scope_spans:
                        kept.extend((one.trace_id.hex(), service, one.name) for one in scope.spans)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.kept = kept
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def traces(self) -> dict[str, set[tuple[str, str]]]:
        """Trace id → (service, span name) of its spans."""
        found: dict[str, set[tuple[str, str]]] = {}
        for trace, service, name in list(self.kept):
            found.setdefault(trace, set()).add((service, name))
        return found


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_one_declaration_is_one_trace_over_the_outbox(run_home: Path, collector: Collector) -> None:
    home = run_home / "trace"
    home.mkdir(mode=0o755)  # the database server's own account has to enter
    installation = Installation(home, WUXIAN_OTLP_URL=collector.url, OTEL_BSP_SCHEDULE_DELAY="500")
    try:
        city = City(installation)
        units = [city.unit("2021-01-01") for _ in range(2)]
        papers = [city.declare(unit, "2021-10", "10000.00") for unit in units]
        city.bill(papers, "2021-10", "2021-11-12")
        city.quiet()
        wanted = {
            ("wuxian-collection", "POST /v1/declarations/{declaration}/acceptances"),
            ("wuxian-collection", "bill"),
            ("wuxian-collection", "outbox delivery"),
            ("wuxian-ledger", "POST /v1/voucher-batches"),
        }
        whole: list[str] = []

        def arrived() -> bool:
            whole[:] = [trace for trace, names in collector.traces().items() if wanted <= names]
            return len(whole) == len(papers)

        city.wait(arrived, lambda: {t: sorted(n) for t, n in collector.traces().items()})
        statements = [name for _, name in collector.traces()[whole[0]]]
        assert "UPDATE" in statements
    finally:
        installation.stop()
