"""Declaration files for tests: rows as text, handed in, worked off, and what came of them."""

from __future__ import annotations

from typing import Any

import httpx
from fastapi import FastAPI

from services.collection.operation.jobs import run as run_job
from services.collection.operation.jobs.tools import Tools
from services.collection.worker import OPERATIONS
from tests.collection.support.office import PERIOD, Office, control_of

Row = tuple[str, dict[str, Any]]
"""A unit's credit code and one of its declared people."""


def csv_of(rows: list[Row], header: str = "credit_code,identity_number,wage") -> str:
    """A file of people, unit by unit."""
    lines = [f"{code},{person['identity_number']},{person['wage']}" for code, person in rows]
    return "\r\n".join([header, *lines, ""])


def app_of(office: Office) -> FastAPI:
    """The app behind an office."""
    transport = office.api._transport
    assert isinstance(transport, httpx.ASGITransport)
    app = transport.app
    assert isinstance(app, FastAPI)
    return app


def tools_of(office: Office) -> Tools:
    """Return the tools of the app's background work."""
    state = app_of(office).state
    return Tools(state.db, state.identity, state.settings)


async def hand_in(
    office: Office,
    content: str | bytes,
    people: list[dict[str, Any]],
    *,
    role: str = "employer_portal",
    content_type: str = "text/csv",
    **parameters: Any,
) -> httpx.Response:
    """Hand a file in with control totals of these people, unless others are given."""
    control = control_of(people)
    parameters.setdefault("period", PERIOD)
    parameters.setdefault("control_people", control["people"])
    parameters.setdefault("control_wages", control["wages"])
    headers = office._headers(role, "heping", None) | {"Content-Type": content_type}
    body = content.encode() if isinstance(content, str) else content
    return await office.api.post(
        "/v1/declaration-files", content=body, params=parameters, headers=headers
    )


async def worked_off(office: Office, answer: httpx.Response) -> dict[str, Any]:
    """The operation of an accepted file, after the worker came by."""
    assert answer.status_code == 202, answer.text
    await run_job.run_waiting(tools_of(office), OPERATIONS)
    found = await office.get("supervisor", f"/v1/operations/{answer.json()['id']}")
    assert found.status_code == 200, found.text
    body: dict[str, Any] = found.json()
    return body


async def faults_of(office: Office, operation: dict[str, Any]) -> list[tuple[int, str, str]]:
    """(row, column, code) of every fault in an operation's report."""
    answer = await office.get("supervisor", f"/v1/operations/{operation['id']}/faults")
    assert answer.status_code == 200, answer.text
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "row,column,code,message"
    cells = [line.split(",", 3) for line in lines[1:]]
    return [(int(row), column, code) for row, column, code, _ in cells]
