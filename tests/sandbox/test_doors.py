"""Hostile bodies get a problem document; nothing makes the sandbox fail."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

SWEEP = {
    "reference": "s1",
    "payer": "income",
    "payee": "fiscal",
    "amount": "1.00",
    "day": "2021-07-31",
}


def assert_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body: dict[str, Any] = answer.json()
    assert body["code"]
    return body


@pytest.mark.parametrize(
    "spoilt",
    [
        {"amount": 1.0},
        {"amount": "1"},
        {"amount": "-1.00"},
        {"amount": "0.00"},
        {"amount": "99999999999999.00"},
        {"payer": "income2"},
        {"payee": None},
        {"day": "2021-02-30"},
        {"day": "0001-01-01"},
        {"reference": ""},
        {"reference": "x" * 65},
        {"reference": "a b"},
        {"summary": "x" * 201},
        {"surprise": 1},
    ],
)
async def test_a_spoilt_order_is_refused_and_the_fault_named(
    sandbox: httpx.AsyncClient, spoilt: dict[str, object]
) -> None:
    body = assert_problem(await sandbox.post("/v1/bank/transfers", json=SWEEP | spoilt), 422)
    assert [fault["pointer"] for fault in body["errors"]] == [f"/{next(iter(spoilt))}"]


async def test_several_faults_are_named_at_once(sandbox: httpx.AsyncClient) -> None:
    spoilt = SWEEP | {"amount": 1, "payer": "x"}
    body = assert_problem(await sandbox.post("/v1/bank/transfers", json=spoilt), 422)
    assert {fault["pointer"] for fault in body["errors"]} == {"/amount", "/payer"}


async def test_an_order_beyond_the_balance_is_a_conflict(sandbox: httpx.AsyncClient) -> None:
    body = assert_problem(await sandbox.post("/v1/bank/transfers", json=SWEEP), 409)
    assert body["code"] == "INSUFFICIENT_FUNDS"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"seed": 1e400}', b"\xff"])
async def test_what_is_no_script_changes_nothing(sandbox: httpx.AsyncClient, body: bytes) -> None:
    before = (await sandbox.get("/v1/script")).json()
    headers = {"content-type": "application/json"}
    answer = await sandbox.put("/v1/script", content=body, headers=headers)
    assert answer.status_code in {400, 422}
    assert (await sandbox.get("/v1/script")).json() == before


async def test_a_body_too_large_is_refused(sandbox: httpx.AsyncClient) -> None:
    answer = await sandbox.put("/v1/script", content=b" " * (1024 * 1024 + 1))
    assert_problem(answer, 413)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/bank/transfers/T0123456789abcdef", 404),
        ("/v1/bank/transfers/x", 422),
        ("/v1/bank/statements/nobody", 404),
        ("/v1/bank/statements/income?limit=0", 422),
        ("/v1/bank/statements/income?limit=501", 422),
        ("/v1/bank/statements/income?cursor=-1", 422),
        ("/v1/bank/statements/income?from=0001-01-01", 422),
        ("/v1/bank/statements/%00", 400),
        ("/v1/nothing", 401),  # nobody learns without a token what there is
    ],
)
async def test_unknown_or_out_of_bounds_is_a_problem(
    sandbox: httpx.AsyncClient, path: str, status: int
) -> None:
    assert_problem(await sandbox.get(path), status)


async def test_the_sandbox_is_ready(sandbox: httpx.AsyncClient) -> None:
    answer = await sandbox.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
