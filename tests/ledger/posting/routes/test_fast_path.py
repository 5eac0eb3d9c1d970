"""The short way to the books: it takes what is in order, and says nothing else than the long way."""

from __future__ import annotations

import copy
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from pydantic import ValidationError

from services.ledger.posting.domain.slot_map import SlotMap
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.flows.books import Books
from services.ledger.posting.routes.fast_path import FastPath
from services.ledger.posting.schemas.reading import Reader, colons_in
from services.ledger.posting.schemas.voucher import draft_from
from shared.roles import Role
from shared.wire.ledger import PostedOut, VoucherIn
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import receipt

SLOTS = SlotMap((4,))
SPOILT = st.sampled_from(
    [
        None,
        "",
        " ",
        "x",
        "0.00",
        "-1.00",
        "1",
        "1.0",
        "01.00",
        "1.00 ",
        "1.00\n",
        "1.00 2.00",
        "١.٠٠",
        "99999999999999.00",
        "9999999999999.99",
        "99999999999.99",
        "debit",
        "credit",
        "memo",
        "centre",
        1,
        1.5,
        True,
        [],
        {},
        ["1.00"],
        "2021-07-15",
        "2021-7-15",
        "2021-07",
        "2021-13",
        20210715,
        "a" * 300,
        "vch:\u00e9",
        " 摘要 ",
        {"bill": "1"},
        {"bill": 1},
        {"Bill!": "1"},
        "\ud800",
    ]
)
PLACES = (
    "event_id",
    "owner",
    "kind",
    "book_date",
    "summary",
    "period",
    "value_date",
    "hold",
    "references",
    "entries",
    "unforeseen",
)
WORDS = ("book", "fund", "account", "side", "amount", "district", "unforeseen")


def long_way(message: Any) -> Draft | None:
    """Parse a message by its schema."""
    try:
        return draft_from(VoucherIn.model_validate(message), "sender", SLOTS)
    except (ValidationError, UnicodeEncodeError):
        return None


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    """A receipt in which some places were spoilt, or left out."""
    message = copy.deepcopy(receipt("12.34"))
    for place in draw(st.lists(st.sampled_from(PLACES), max_size=2)):
        message[place] = draw(SPOILT)
    for word in draw(st.lists(st.sampled_from(WORDS), max_size=2)):
        entries = message["entries"]
        if isinstance(entries, list) and entries and isinstance(entries[0], dict):
            entries[draw(st.integers(0, len(entries) - 1))][word] = draw(SPOILT)
    for place in draw(st.lists(st.sampled_from(PLACES), max_size=1)):
        message.pop(place, None)
    return message


READER = Reader()


@given(messages())
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_reads_at_sight_reads_as_the_schema_reads_it(message: dict[str, Any]) -> None:
    """One reader for all examples: what it remembers of one must not let another pass."""
    try:
        read = READER.draft(message, "sender", SLOTS)
    except UnicodeEncodeError:
        return  # no JSON text holds half a character
    if read is not None:
        assert read == long_way(message)
        assert colons_in(message) == orjson.dumps(message).count(b":")


@pytest.mark.parametrize("amount", ["0.01", "1.00", "99999999999.99", "12.34"])
def test_what_is_in_order_does_read_at_sight(amount: str) -> None:
    message = receipt(amount)
    for _ in range(2):  # the second time from memory
        read = READER.draft(message, "sender", SLOTS)
        assert read is not None
        assert read == long_way(message)


async def both_ways(ledger: Ledger, path: str, body: Any) -> tuple[Any, Any]:
    """A request by the short way, then (a query makes the difference) by the long one."""
    short = await ledger.post(path, body)
    long = await ledger.post(f"{path}?balances=false", body)
    return short, long


async def test_both_ways_answer_alike(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    answer_of = FastPath._answer

    async def noted(self: FastPath, request: Any, body: bytes, source: str) -> Any:
        answer = await answer_of(self, request, body, source)
        taken.append("short" if answer else "long")
        return answer

    monkeypatch.setattr(FastPath, "_answer", noted)
    first, again = await both_ways(ledger, "/v1/vouchers", receipt("5.00"))
    assert taken == ["short"]
    assert (first.status_code, again.status_code) == (201, 200)
    assert list(first.json()) == list(PostedOut.model_fields)
    assert again.json() == first.json() | {"outcome": "replayed"}
    bodies = [receipt("6.00"), receipt("7.00") | {"kind": "payment"}]
    batch, repeat = await both_ways(ledger, "/v1/voucher-batches", {"vouchers": bodies})
    assert list(batch.json()) == list(repeat.json())
    assert (batch.json()["posted"], repeat.json()["replayed"]) == (1, 1)
    refused = [answer.json()["results"][1] for answer in (batch, repeat)]
    assert [one["problem"].pop("trace_id") for one in refused]
    assert refused[0] == refused[1]


def _answered() -> float:
    """Count the requests that were answered under the name of the door."""
    labels = {"method": "POST", "route": "/v1/vouchers"}
    return REGISTRY.get_sample_value("wuxian_http_request_seconds_count", labels) or 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (asyncpg.ReadOnlySQLTransactionError("read-only"), "DATABASE_READ_ONLY"),
        (asyncpg.InvalidPasswordError("password"), "DATABASE_UNREACHABLE"),
        (ConnectionRefusedError(), "DATABASE_UNREACHABLE"),
    ],
)
async def test_both_ways_tell_an_outage_alike(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    async def post(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Books, "post", post)
    before = _answered()
    for answer in await both_ways(ledger, "/v1/vouchers", receipt()):
        assert (answer.status_code, answer.json()["code"]) == (503, code)
        assert answer.headers["retry-after"] == "5"
    assert _answered() == before + 2, "both are counted under the door's name"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff", 400),
        (orjson.dumps(receipt() | {"entries": []}), 422),
        (orjson.dumps(receipt() | {"event_id": "no blanks"}), 422),
        (orjson.dumps([receipt()]), 422),
        (b'{"event_id": "\\u0000"}', 422),
    ],
)
async def test_the_long_way_says_what_is_wrong(ledger: Ledger, body: bytes, status: int) -> None:
    for path in ("/v1/vouchers", "/v1/voucher-batches"):
        headers = ledger.bearer(Role.COLLECTION_SERVICE) | {"Content-Type": "application/json"}
        answer = await ledger.client.post(path, content=body, headers=headers)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["trace_id"] == answer.headers["x-request-id"]


async def test_who_may_not_post_may_not_by_the_short_way(ledger: Ledger) -> None:
    assert (await ledger.post("/v1/vouchers", receipt(), Role.SUPERVISOR)).status_code == 403
    assert (await ledger.client.post("/v1/vouchers", json=receipt())).status_code == 401
    own = await ledger.post("/v1/vouchers", receipt(), subject="ledger")
    assert own.status_code == 403
    bad = ledger.bearer(Role.COLLECTION_SERVICE) | {"Idempotency-Key": "two words"}
    answer = await ledger.client.post("/v1/vouchers", json=receipt(), headers=bad)
    assert answer.status_code == 422
