"""Months that were not declared: levied by default, handled, billed, and declared after all."""

from __future__ import annotations

from typing import Any

import httpx

from services.collection import worker
from services.collection.operation.jobs import run as run_job
from services.collection.worker import OPERATIONS
from shared.money import parse_yuan
from tests.collection.support.filing import app_of, tools_of
from tests.collection.support.office import Office

Paper = dict[str, Any]
JULY, AUGUST = "2021-07", "2021-08"


async def ask(
    office: Office,
    district: str,
    period: str = AUGUST,
    *,
    role: str = "district_clerk",
    path: str = "/v1/default-declarations",
) -> httpx.Response:
    """Ask for a district's month to be levied by default (or carried on)."""
    body = {"district": district, "period": period}
    return await office.post(role, path, body, district=district)


async def done(
    office: Office, district: str, period: str = AUGUST, **members: Any
) -> dict[str, Any]:
    """The operation, after the worker came by."""
    answer = await ask(office, district, period, **members)
    assert answer.status_code == 202, answer.text
    await run_job.run_waiting(tools_of(office), OPERATIONS)
    found = await office.get("supervisor", f"/v1/operations/{answer.json()['id']}")
    body: dict[str, Any] = found.json()
    return body


async def papers(office: Office, code: str, period: str = AUGUST) -> list[Paper]:
    """A unit's papers of a month, whole, in the order in which they came."""
    rows = await office.fetch(
        "SELECT unit_id, id FROM declaration WHERE credit_code = $1 AND period = $2"
        " ORDER BY submitted_at, id",
        code,
        period,
    )
    found = []
    for row in rows:
        ref = f"dcl_{row['unit_id'] & (2**64 - 1):016x}{row['id'].hex}"
        answer = await office.get("supervisor", f"/v1/declarations/{ref}")
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
    return found


async def handled(office: Office, paper: Paper) -> None:
    """Accepted and reviewed in its district."""
    for role, act in (("district_clerk", "acceptances"), ("district_reviewer", "reviews")):
        path = f"/v1/declarations/{paper['id']}/{act}"
        answer = await office.post(role, path, district=paper["district"])
        assert answer.status_code == 201, answer.text


async def summed_up(office: Office, district: str, period: str = AUGUST) -> dict[str, Any]:
    """Send the reviewed declarations to the centre in a summary."""
    body = {"district": district, "period": period}
    answer = await office.post("district_reviewer", "/v1/summaries", body, district=district)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def billed(office: Office, summary: dict[str, Any]) -> None:
    """The summary audited, and its bills issued."""
    body = {"control": summary["control"], "bill_date": "2021-12-20"}
    answer = await office.post("centre_auditor", f"/v1/summaries/{summary['id']}/audits", body)
    assert answer.status_code == 201, answer.text
    await worker.issue_waiting_bills(app_of(office).state.db)


def own(paper: Paper) -> dict[tuple[str, str, str, str], int]:
    """Return the amounts of one declaration per insurance, party, account and fund (fen)."""
    return _sums(line for line in paper["lines"] if line["level"] != "corrected")


def net(papers_: list[Paper]) -> dict[tuple[str, str, str, str], int]:
    """Return the sum of a month's standing declarations per insurance, party, account, fund."""
    in_force = [paper for paper in papers_ if paper["status"] not in {"superseded", "withdrawn"}]
    return _sums(line for paper in in_force for line in paper["lines"])


def _sums(lines: Any) -> dict[tuple[str, str, str, str], int]:
    found: dict[tuple[str, str, str, str], int] = {}
    for line in lines:
        key = (line["insurance"], line["party"], line["account"], line["fund"])
        found[key] = found.get(key, 0) + parse_yuan(line["amount"])
    return {key: fen for key, fen in found.items() if fen}
