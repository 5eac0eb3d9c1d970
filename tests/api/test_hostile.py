"""Hostile requests against the running services: whatever comes in, the answer is never a 5xx.

Schemathesis makes valid and invalid requests from each committed OpenAPI file; every operation is
asked by a role that holds its right, so that requests pass the door and reach the rules. Malformed
and oversized bodies get a problem document that names every fault at once.
"""

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from shared.roles import Role
from tests.api.conftest import Stack

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]

FILES = Path(__file__).parents[2] / "openapi"
EXAMPLES = 2
SEEDS = (20210701, 7, 424242)[: int(os.environ.get("WUXIAN_ATTACK_SEEDS", "1"))]
"""A first seed on every run of the suite; WUXIAN_ATTACK_SEEDS=3 for all."""
NOT_PROBLEMS = {"/readyz"}
"""Doors whose bad news is their normal answer."""
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


@dataclass
class Attack:
    """Requests against one operation by a caller it lets in."""

    url: str
    operation: schemathesis.APIOperation
    session: requests.Session
    modes: tuple[GenerationMode, ...]
    calls: int = 0
    wrong: list[str] = field(default_factory=list)

    def run(self, mode: GenerationMode, number: int) -> None:
        """Make requests of one mode: by the rules, or against them."""

        @seed(number)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(self.operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            self.ask(case)

        try:
            ask()
        except Unsatisfiable:
            # An operation that takes nothing cannot be asked wrongly.
            assert mode is GenerationMode.NEGATIVE, self.operation.label

    @property
    def form_of_refusals(self) -> str:
        """Problem documents; at the doors of OAuth the errors of RFC 6749."""
        is_oauth = self.operation.path.startswith("/v1/oauth/")
        return "application/json" if is_oauth else "application/problem+json"

    def ask(self, case: schemathesis.Case) -> None:
        """Make one request and look at its answer."""
        self.calls += 1
        answer = case.call(base_url=self.url, session=self.session, timeout=30)
        kind = answer.headers.get("content-type", [""])[0]
        if answer.status_code >= 500:
            self.wrong.append(f"{case.as_curl_command()} -> {answer.status_code}")
        elif answer.status_code >= 400 and not kind.startswith(self.form_of_refusals):
            self.wrong.append(f"{self.operation.label}: {answer.status_code} as {kind}")


def session_for(operation: schemathesis.APIOperation, stack: Stack) -> requests.Session:
    """A session of the first role that the operation admits."""
    roles = operation.definition.raw["x-roles"] or list(Role)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {stack.token(Role(roles[0]))}"
    return session


def inputs_of(operation: schemathesis.APIOperation) -> str:
    """Write what an operation takes; two that take the same refuse the same."""
    raw = operation.definition.raw
    parameters = [
        one | {"name": ""} if one["in"] == "path" else one for one in raw.get("parameters", ())
    ]
    return json.dumps([parameters, raw.get("requestBody")], sort_keys=True)


def attacks(service: str, stack: Stack) -> list[Attack]:
    """One attack per operation of a service, against the rules only where its inputs are new."""
    schema = schemathesis.openapi.from_path(FILES / f"{service}.json")
    url = stack.urls[service]
    found, known = [], set()
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path not in NOT_PROBLEMS:
            inputs = inputs_of(operation)
            modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)[
                : 1 if inputs in known else 2
            ]
            known.add(inputs)
            found.append(Attack(url, operation, session_for(operation, stack), modes))
    return found


def carry_out(planned: list[Attack]) -> None:
    for attack in planned:
        with attack.session:
            for mode in attack.modes:
                for number in SEEDS:
                    attack.run(mode, number)


@pytest.mark.parametrize("service", ["ledger", "collection", "payout", "identity"])
async def test_no_request_makes_a_service_stumble(service: str, stack: Stack) -> None:
    planned = await asyncio.to_thread(attacks, service, stack)
    await asyncio.to_thread(carry_out, planned)
    assert all(attack.calls for attack in planned)
    assert [wrong for attack in planned for wrong in attack.wrong] == []


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


def test_a_nul_is_named_by_its_place(ledger: httpx.Client) -> None:
    wrong = VOUCHER | {"summary": "a\x00b", "entries": [ENTRY, ENTRY | {"fund": "pension\x00"}]}
    body = problem(ledger.post("/v1/vouchers", json=wrong), 422)
    assert pointers(body) == {"/summary", "/entries/1/fund"}


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


def test_unknown_paths_and_methods_are_problems_too(ledger: httpx.Client) -> None:
    problem(ledger.get("/v1/nothing"), 404)
    problem(ledger.delete("/v1/vouchers"), 405)
