"""Summary, audit and bills: control totals agree, two people sign, exactly once."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from services.collection import worker
from services.collection.billing.flows import bill as billing_bill_flow
from services.collection.handling.store import summary as summary_store
from shared.clock import today
from shared.db import Database
from shared.ids import unit_key
from tests.collection.support.office import Office, codes_of

AUGUST_12 = "2021-08-12"


def app_of(office: Office) -> FastAPI:
    transport = office.api._transport
    assert isinstance(transport, httpx.ASGITransport)
    app = transport.app
    assert isinstance(app, FastAPI)
    return app


@pytest.fixture
def db(office: Office) -> Database:
    found: Database = app_of(office).state.db
    return found


async def send(
    office: Office, district: str, period: str = "2021-07", **how: Any
) -> dict[str, Any]:
    body = {"district": district, "period": period}
    answer = await office.post("district_reviewer", "/v1/summaries", body, district=district, **how)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def audit(office: Office, summary: dict[str, Any], **how: Any) -> httpx.Response:
    body = {"control": summary["control"], "bill_date": AUGUST_12}
    return await office.post("centre_auditor", f"/v1/summaries/{summary['id']}/audits", body, **how)


async def bills_of(office: Office, paper: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await office.get("supervisor", "/v1/bills", credit_code=paper["credit_code"])
    return [
        (await office.get("supervisor", f"/v1/bills/{row['id']}")).json()
        for row in answer.json()["items"]
    ]


def fen(amount: str) -> int:
    return int(amount.replace(".", ""))


async def test_a_summary_counts_what_it_holds_and_late_items_go_into_the_next(
    office: Office,
) -> None:
    first = await office.reviewed("3000.00", "26000.00", district="hedong")
    await office.declared(district="hedong")  # not reviewed: not in it
    summary = await send(office, "hedong")
    assert summary["status"] == "sent"
    assert summary["control"] == {
        "declarations": 1,
        "people": 2,
        "total": first["total"],
        "funds": first["totals"]["by_fund"],
    }
    late = await office.reviewed(district="hedong")
    following = await send(office, "hedong")
    assert following["control"]["total"] == late["total"]
    again = await office.post(
        "district_reviewer",
        "/v1/summaries",
        {"district": "hedong", "period": "2021-07"},
        district="hedong",
    )
    assert (again.status_code, again.json()["code"]) == (409, "NOTHING_TO_SEND")


async def test_another_districts_summaries_are_forbidden(office: Office) -> None:
    await office.reviewed(district="hexi")
    body = {"district": "hexi", "period": "2021-07"}
    refused = await office.post("district_reviewer", "/v1/summaries", body, district="heping")
    assert refused.status_code == 403
    summary = await send(office, "hexi")
    for path in (f"/v1/summaries/{summary['id']}", f"/v1/summaries/{summary['id']}/trail"):
        assert (await office.get("district_reviewer", path, district="heping")).status_code == 403
    assert (await office.post("district_clerk", "/v1/summaries", body)).status_code == 403


async def test_totals_that_do_not_tie_are_refused_and_each_is_named(office: Office) -> None:
    await office.reviewed(district="nankai")
    summary = await send(office, "nankai")
    control = summary["control"] | {"people": 2, "total": "1.00"}
    control["funds"] = control["funds"] | {"pension": "1.00", "large_outpatient": "5.00"}
    refused = await audit(office, summary | {"control": control})
    assert (refused.status_code, refused.json()["code"]) == (422, "CONTROL_TOTALS_DIFFER")
    assert set(codes_of(refused)) == {
        "/control/people",
        "/control/total",
        "/control/funds/pension",
        "/control/funds/large_outpatient",
    }
    shown = await office.get("supervisor", f"/v1/summaries/{summary['id']}")
    assert shown.json()["status"] == "sent"


async def test_the_district_cannot_audit_and_a_bill_is_not_dated_ahead(office: Office) -> None:
    await office.reviewed(district="binhai")
    summary = await send(office, "binhai")
    path = f"/v1/summaries/{summary['id']}/audits"
    body = {"control": summary["control"], "bill_date": AUGUST_12}
    for role in ("district_reviewer", "district_clerk", "centre_cashier"):
        assert (await office.post(role, path, body, district="binhai")).status_code == 403
    tomorrow = (today() + timedelta(days=1)).isoformat()
    refused = await office.post("centre_auditor", path, body | {"bill_date": tomorrow})
    assert (refused.status_code, refused.json()["code"]) == (422, "DAY_IN_FUTURE")


@pytest.mark.parametrize("who", ["accepted", "sent"])
async def test_an_auditor_who_had_a_hand_in_it_is_refused_and_nothing_moves(
    office: Office, who: str
) -> None:
    district = {"accepted": "hebei", "sent": "hongqiao"}[who]
    paper = await office.declared(district=district)
    base = f"/v1/declarations/{paper['id']}"
    subject = {"accepted": "wang", "sent": "zhao"}[who]
    await office.post("district_clerk", f"{base}/acceptances", district=district, subject="wang")
    await office.post("district_reviewer", f"{base}/reviews", district=district)
    summary = await send(office, district, subject="zhao")
    refused = await audit(office, summary, subject=subject)
    assert (refused.status_code, refused.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert (await office.get("supervisor", base)).json()["status"] == "reviewed"
    trail = await office.get("supervisor", f"/v1/summaries/{summary['id']}/trail")
    assert [step["step"] for step in trail.json()["items"]] == ["send"]
    assert (await audit(office, summary, subject="sun")).status_code == 201


async def test_a_summary_is_audited_once(office: Office) -> None:
    await office.reviewed(district="dongli")
    summary = await send(office, "dongli")
    assert (await audit(office, summary)).json()["status"] == "audited"
    again = await audit(office, summary, subject="another")
    assert (again.status_code, again.json()["code"]) == (409, "STATE_CONFLICT")


async def test_a_bill_is_its_declaration_to_the_fen(office: Office, db: Database) -> None:
    paper = await office.reviewed("3000.00", "10000.00", "26000.00", district="xiqing")
    summary = await send(office, "xiqing")
    await audit(office, summary)
    await worker.issue_waiting_bills(db)
    shown = (await office.get("supervisor", f"/v1/summaries/{summary['id']}")).json()
    assert (shown["status"], shown["bill_date"]) == ("billed", AUGUST_12)
    (bill,) = await bills_of(office, paper)
    assert bill["declaration"] == paper["id"]
    assert (bill["total"], bill["open"], bill["settled"]) == (
        paper["total"],
        paper["total"],
        "0.00",
    )
    assert (bill["status"], bill["collector"]) == ("open", "bank_debit")
    assert (bill["issued_on"], bill["due_on"]) == (AUGUST_12, "2021-08-25")
    assert not bill["due_estimated"]
    assert sum(fen(line["amount"]) for line in bill["lines"]) == fen(bill["total"])
    assert bill["by_fund"] == paper["totals"]["by_fund"]
    accounts = {(line["insurance"], line["party"]): line["account"] for line in bill["lines"]}
    assert accounts["pension", "personal"] == "personal_account"
    assert accounts["medical", "personal"] == "personal_account"
    assert accounts["unemployment", "personal"] == "pooled"
    declared = (await office.get("supervisor", f"/v1/declarations/{paper['id']}")).json()
    assert declared["status"] == "billed"
    assert declared["summary"] == summary["id"]
    steps = (await office.get("supervisor", f"/v1/declarations/{paper['id']}/trail")).json()
    assert [step["step"] for step in steps["items"]] == [
        "submit",
        "accept",
        "review",
        "audit",
        "bill",
    ]


async def test_every_bill_has_its_memo_voucher_in_the_outbox(office: Office, db: Database) -> None:
    paper = await office.reviewed("10000.00", district="jinnan")
    await audit(office, await send(office, "jinnan"))
    await worker.issue_waiting_bills(db)
    (row,) = await office.fetch(
        "SELECT payload FROM outbox WHERE shard_key = $1", unit_key(paper["credit_code"])
    )
    voucher = orjson.loads(row["payload"])
    (bill,) = await bills_of(office, paper)
    assert voucher["event_id"] == f"bill:{bill['id'][-32:]}"
    assert (voucher["kind"], voucher["owner"]) == ("bill", paper["credit_code"])
    assert (voucher["book_date"], voucher["period"]) == (AUGUST_12, "2021-07")
    debits: dict[str, str] = {
        entry["fund"]: entry["amount"] for entry in voucher["entries"] if entry["side"] == "debit"
    }
    assert debits == bill["by_fund"]
    assert {entry["account"] for entry in voucher["entries"]} == {"memo_receivable", "memo_levied"}
    assert {entry["book"] for entry in voucher["entries"]} == {"memo"}
    assert {entry["district"] for entry in voucher["entries"]} == {"jinnan"}


async def test_bills_are_issued_once_however_often_and_by_how_many(
    office: Office, db: Database
) -> None:
    papers = [await office.reviewed(district="beichen") for _ in range(7)]
    summary = await send(office, "beichen")
    await audit(office, summary)
    async with db.transaction() as tx:
        (row,) = [one for one in await summary_store.to_bill(tx) if one.district == "beichen"]

    async def chunk() -> int:
        return await db.run(partial(billing_bill_flow.issue_chunk, summary=row, limit=2))

    issued = sum(await asyncio.gather(chunk(), chunk(), chunk()))
    while made := await chunk():
        issued += made
    assert issued == 7
    await worker.issue_waiting_bills(db)
    counts: dict[str, int] = defaultdict(int)
    for paper in papers:
        counts[paper["credit_code"]] += len(await bills_of(office, paper))
    assert set(counts.values()) == {1}
    shown = (await office.get("supervisor", f"/v1/summaries/{summary['id']}")).json()
    assert shown["status"] == "billed"


async def test_a_chunk_that_dies_leaves_nothing_and_is_taken_up_again(
    office: Office, db: Database
) -> None:
    paper = await office.reviewed(district="wuqing")
    await audit(office, await send(office, "wuqing"))
    async with db.transaction() as tx:
        (row,) = [one for one in await summary_store.to_bill(tx) if one.district == "wuqing"]

    class Killed(Exception):
        pass

    async def die() -> None:
        async with db.transaction() as tx:
            assert await billing_bill_flow.issue_chunk(tx, row) == 1
            raise Killed

    with pytest.raises(Killed):
        await die()
    shown = (await office.get("supervisor", f"/v1/declarations/{paper['id']}")).json()
    assert shown["status"] == "audited"
    assert await bills_of(office, paper) == []
    await worker.issue_waiting_bills(db)
    assert len(await bills_of(office, paper)) == 1


async def test_a_bill_issued_after_its_due_day_is_due_when_it_is_issued(
    office: Office, db: Database
) -> None:
    paper = await office.reviewed(district="baodi")
    summary = await send(office, "baodi")
    body = {"control": summary["control"], "bill_date": "2021-10-08"}
    await office.post("centre_auditor", f"/v1/summaries/{summary['id']}/audits", body)
    await worker.issue_waiting_bills(db)
    (bill,) = await bills_of(office, paper)
    assert bill["due_on"] == "2021-10-08"


async def test_another_districts_bills_are_forbidden(office: Office, db: Database) -> None:
    paper = await office.reviewed(district="ninghe")
    await office.reviewed(district="heping", period="2021-03")
    await audit(office, await send(office, "ninghe"))
    await audit(office, await send(office, "heping", "2021-03"))
    await worker.issue_waiting_bills(db)
    (bill,) = await bills_of(office, paper)
    own = await office.get("district_clerk", f"/v1/bills/{bill['id']}", district="ninghe")
    assert own.status_code == 200
    for answer in (
        await office.get("district_clerk", f"/v1/bills/{bill['id']}"),
        await office.get("district_clerk", "/v1/bills", credit_code=paper["credit_code"]),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    listed = (await office.get("district_clerk", "/v1/bills", limit=500)).json()["items"]
    assert {row["district"] for row in listed} == {"heping"}


async def test_lists_are_filtered(office: Office) -> None:
    await office.reviewed(district="jizhou")
    summary = await send(office, "jizhou")
    found = await office.get("centre_auditor", "/v1/summaries", period="2021-07", status="sent")
    assert summary["id"] in {row["id"] for row in found.json()["items"]}
    found = await office.get("centre_auditor", "/v1/summaries", period="2021-08")
    assert found.json()["items"] == []


@pytest.mark.parametrize("ref", ["sum_nonsense", f"sum_{'0' * 48}", "x"])
async def test_what_is_not_there_is_not_found(office: Office, ref: str) -> None:
    assert (await office.get("supervisor", f"/v1/summaries/{ref}")).status_code == 404
    assert (await office.get("supervisor", f"/v1/bills/{ref}")).status_code == 404
