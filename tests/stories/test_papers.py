"""Stories of single papers, on one installation: a declaration's trace, and a refund of a receipt.

A declaration is one trace: its acceptance, its bill, and the bill's voucher in the ledger; real
processes send their spans to a collector of the test, over OTLP. Money of a receipt is given back
once, under an order, and never used again: both services agree.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.stories.support.centre import Centre
from tests.stories.support.city import City, StoryUnit
from tests.stories.support.installation import Installation

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]
AMOUNT = "3770.00"
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


@pytest.fixture(scope="module")
def city(run_home: Path, on_shared_server: dict[str, str], collector: Collector) -> Iterator[City]:
    home = run_home / "papers"
    home.mkdir()
    traced = {"WUXIAN_OTLP_URL": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "500"}
    installation = Installation(home, **on_shared_server, **traced)
    yield City(installation)
    installation.stop()


def test_one_declaration_is_one_trace_over_the_outbox(city: City, collector: Collector) -> None:
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


def settled_by_voucher(centre: Centre, receipt: str) -> httpx.Response:
    """Propose to refund the voucher that put a receipt in suspense, with no order of collection."""
    found = centre.city.at.get(
        "fund_accountant",
        "ledger",
        "/v1/vouchers",
        source="collection_service",
        event_id=f"suspense:{receipt[-32:]}",
    )
    body = {
        "kind": "refund",
        "day": "2021-11-25",
        "voucher": found["items"][0]["id"],
        "deposit": "treasury_deposit",
        "amounts": [
            {
                "fund": "pension",
                "amount": AMOUNT,
                "account": "suspense_receipts",
                "district": "nankai",
            }
        ],
    }
    return centre.city.at.post("fund_accountant", "ledger", "/v1/settlements", body)


def matched(centre: Centre, receipt: str, unit: StoryUnit) -> httpx.Response:
    """Say that the money is for November."""
    body = {"credit_code": unit.code, "period": "2021-11", "matched_on": "2021-12-15"}
    path = f"/v1/receipts/{receipt}/matches"
    return centre.city.at.post("fund_accountant", "collection", path, body)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["code"])


def test_a_refund_needs_an_order_and_refunded_money_settles_no_bill(city: City) -> None:
    centre = Centre(city, "2021-11")
    unit = city.unit("2021-01-01")
    city.bill([city.declare(unit, "2021-10", "10000.00")], "2021-10", "2021-11-12")
    for day, name in (("2021-11-20", "first"), ("2021-11-22", "again")):
        city.pay(unit, "2021-10", AMOUNT, day, f"{name}-{unit.code}")
    receipt = city.receipt(f"again-{unit.code}")
    city.quiet()
    assert code(settled_by_voucher(centre, receipt)) == (409, "REFUND_WITHOUT_REASON")

    centre.refund({"receipt": receipt}, None, "paid", "")
    city.bill([city.declare(unit, "2021-11", "10000.00")], "2021-11", "2021-12-12")
    assert code(matched(centre, receipt, unit)) == (409, "NOTHING_SUSPENDED")
    assert code(settled_by_voucher(centre, receipt)) == (409, "REFUND_WITHOUT_REASON")
    again = {"source": {"receipt": receipt}, "requested_on": "2021-12-15", "reason": "重复"}
    refused = city.at.post("fund_accountant", "collection", "/v1/refunds", again)
    assert code(refused) == (409, "NOTHING_TO_REFUND")

    city.quiet()
    bills: Any = city.at.get(
        "supervisor", "collection", "/v1/bills", credit_code=unit.code, period="2021-11"
    )
    assert [(one["status"], one["open"]) for one in bills["items"]] == [("open", AMOUNT)]
    found = city.at.get("supervisor", "collection", f"/v1/receipts/{receipt}")
    assert found["suspended"] == "0.00"
    suspense = city.at.get("supervisor", "ledger", "/v1/suspense", as_of="2021-12-31")
    assert suspense["items"] == []
