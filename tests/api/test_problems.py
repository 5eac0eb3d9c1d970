"""Malformed, oversized and hostile bodies: a problem document that names every fault at once."""

from collections.abc import Iterator

import httpx
import pytest

from shared.roles import Role
from tests.api.conftest import Stack

ENTRY = {
    "book": "statutory",
    "fund": "pension",
    "account": "income_deposit",
    "side": "debit",
    "amount": "1.00",
    "district": "heping",
}
VOUCHER = {
    "event_id": "e-1",
    "owner": "centre",
    "kind": "receipt",
    "book_date": "2021-07-01",
    "summary": "s",
    "entries": [ENTRY, ENTRY | {"side": "credit"}],
}


@pytest.fixture
def ledger(stack: Stack) -> Iterator[httpx.Client]:
    bearer = stack.token(Role.COLLECTION_SERVICE)
    headers = {"Authorization": f"Bearer {bearer}"}
    with httpx.Client(base_url=stack.urls["ledger"], timeout=30, headers=headers) as client:
        yield client


def problem(answer: httpx.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"].startswith("application/problem+json")
    body: dict[str, object] = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code", "trace_id"} <= set(body)
    assert answer.headers["x-request-id"] == body["trace_id"]
    return body


def pointers(body: dict[str, object]) -> set[str]:
    errors = body["errors"]
    assert isinstance(errors, list)
    return {error["pointer"] for error in errors}


@pytest.mark.story
def test_every_fault_is_named_at_once(ledger: httpx.Client) -> None:
    wrong = VOUCHER | {
        "book_date": "2021-02-30",
        "surprise": 1,
        "entries": [ENTRY | {"amount": 1.0}, ENTRY | {"amount": "-1.00", "side": "both"}],
    }
    body = problem(ledger.post("/v1/vouchers", json=wrong), 422)
    assert pointers(body) == {
        "/book_date",
        "/surprise",
        "/entries/0/amount",
        "/entries/1/amount",
        "/entries/1/side",
    }


@pytest.mark.story
def test_a_nul_is_named_by_its_place(ledger: httpx.Client) -> None:
    wrong = VOUCHER | {"summary": "a\x00b", "entries": [ENTRY, ENTRY | {"fund": "pension\x00"}]}
    body = problem(ledger.post("/v1/vouchers", json=wrong), 422)
    assert pointers(body) == {"/summary", "/entries/1/fund"}


@pytest.mark.story
@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "JSON_MALFORMED"),
        (b"\xff\xfe", 400, None),
        (b'{"summary":"\\u0000"}', 422, "VALIDATION_FAILED"),
        (b"[" * 100_000, 400, None),
        (b'{"entries":' + b"9" * 5000 + b"}", 400, None),
        (b'{"summary":"\\ud800"}', 422, "VALIDATION_FAILED"),
    ],
)
def test_bodies_that_are_no_json(
    ledger: httpx.Client, content: bytes, status: int, code: str | None
) -> None:
    answer = ledger.post(
        "/v1/vouchers", content=content, headers={"content-type": "application/json"}
    )
    body = problem(answer, status)
    assert code in (None, body["code"])


@pytest.mark.story
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_413(ledger: httpx.Client, chunked: bool) -> None:
    block = b" " * (1 << 20)
    content = (block for _ in range(33)) if chunked else block * 33
    try:
        answer = ledger.post(
            "/v1/vouchers", content=content, headers={"content-type": "application/json"}
        )
    except (httpx.WriteError, httpx.ReadError):
        pytest.fail("the service hung up instead of answering")
    assert problem(answer, 413)["code"] == "BODY_TOO_LARGE"


@pytest.mark.story
@pytest.mark.parametrize("token", [None, "", "x.y.z", "Bearer"])
def test_without_a_good_token_the_door_stays_shut(stack: Stack, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}".strip()}
    for service, url in stack.urls.items():
        if service in {"ledger", "collection", "payout"}:
            answer = httpx.get(
                f"{url}/v1/outbox" if service != "ledger" else f"{url}/v1/accounts", headers=headers
            )
            assert problem(answer, 401)["code"] == "TOKEN_INVALID"
            assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.story
def test_unknown_paths_and_methods_are_problems_too(ledger: httpx.Client) -> None:
    problem(ledger.get("/v1/nothing"), 404)
    problem(ledger.delete("/v1/vouchers"), 405)
