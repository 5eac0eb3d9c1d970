"""Pushes by file, for tests: build one, send it, let the worker take it."""

import json
from collections.abc import Sequence
from typing import Any

import httpx

from services.collection.operation.jobs import run as run_job
from services.collection.worker import OPERATIONS
from shared.money import format_yuan, parse_yuan
from tests.collection.support.filing import tools_of
from tests.collection.support.money import DAY, ticket_no
from tests.collection.support.office import Office


def announced(lines: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The query of a file whose control totals tie, unless others are given."""
    total_fen = sum(parse_yuan(line["amount"]) for line in lines)
    return {
        "push_no": ticket_no(),
        "collected_on": DAY,
        "control_count": len(lines),
        "control_total": format_yuan(total_fen),
    } | more


def ndjson(lines: Sequence[dict[str, Any]]) -> bytes:
    """Lines as NDJSON."""
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def csv(lines: Sequence[dict[str, Any]]) -> bytes:
    """Lines as CSV with a header."""
    names = list(lines[0])
    rows = [",".join(names), *(",".join(str(line[name]) for name in names) for line in lines)]
    return "\r\n".join([*rows, ""]).encode()


async def sent(office: Office, content: bytes, query: dict[str, Any]) -> httpx.Response:
    """The answer to a file that the tax bureau sends."""
    headers = office.bearer("tax_bureau") | {
        "Idempotency-Key": ticket_no(),
        "Content-Type": "application/x-ndjson",
    }
    return await office.api.post(
        "/v1/tax-push-files", params=query, content=content, headers=headers
    )


async def ended(office: Office, answer: httpx.Response) -> dict[str, Any]:
    """The operation of an accepted file, after the worker came by (twice, if it was killed)."""
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = {}
    for _ in range(3):
        await run_job.run_waiting(tools_of(office), OPERATIONS)
        path = f"/v1/operations/{answer.json()['id']}"
        found = (await office.api.get(path, headers=office.bearer("tax_bureau"))).json()
        if found["status"] in {"succeeded", "failed"}:
            break
    return found
