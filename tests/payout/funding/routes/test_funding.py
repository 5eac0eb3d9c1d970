"""A month's funding plan by two people: its claims, its budget, its print, and what became of it."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim, result

HOSPITAL = "benefit.hospital"
ACCOUNTANT, LEADER = {"role": "fund_accountant"}, {"role": "centre_leader"}
MONTH = "2021-08"


def spending(budget: str | None = None, **sums: str) -> list[dict[str, Any]]:
    """The medical fund in the ledger's answer."""
    zero = dict.fromkeys(("received", "paid", "returned", "year_funded", "unplanned"), "0.00")
    account = zero | {"account": HOSPITAL, "budget": budget, "entries": "/v1/accounts/x"} | sums
    money = dict.fromkeys(("opening", "other", "closing", "held"), "0.00")
    fund = {"fund": "medical", "entries": "/v1/accounts/y", "accounts": [account], "fundings": []}
    return [money | fund]


async def propose(office: Office, month: str = MONTH, **how: Any) -> Any:
    body = {"fund": "medical", "month": month, "note": "8日前发放"}
    key = uuid4().hex
    return await office.ask("POST", "/v1/funding-plans", body, key=key, **ACCOUNTANT | how)


async def decide(office: Office, plan: str, step: str, **how: Any) -> Any:
    body = {"note": "金额有误"} if step == "refusals" else {}
    path = f"/v1/funding-plans/{plan}/{step}"
    return await office.ask("POST", path, body, key=uuid4().hex, **LEADER | how)


async def warn_only(office: Office) -> None:
    """Let the rule of two people only warn of the medical fund's excess."""
    body = {
        "topic": "over_budget",
        "code": "medical",
        "in_force_from": "2021-01-01",
        "source": "津财社[2021]3号",
        "over_budget": {"refuse": False},
    }
    rule = await office.ask("POST", "/v1/entitlement-rules", body, role="centre_auditor")
    path = f"/v1/entitlement-rules/{rule.json()['id']}/approvals"
    assert (await office.ask("POST", path, {}, role="department_head")).status_code == 201


async def test_a_month_is_planned_requested_and_compared_with_the_books(office: Office) -> None:
    assert (await propose(office)).json()["code"] == "NOTHING_TO_PLAN"
    claims = [await office.approved(hospital_claim("100.00", "50.00"))]
    office.peers.spending = spending(budget="149.99")
    over = await propose(office)
    assert (over.status_code, over.json()["code"]) == (409, "OVER_BUDGET")
    assert over.json()["errors"][0]["pointer"] == f"/accounts/{HOSPITAL}"
    await warn_only(office)
    first = (await propose(office)).json()
    assert (first["total"], first["number"], first["claims"]) == ("150.00", 1, 1)
    assert first["warnings"] == [f"{HOSPITAL}: budget=149.99, used=0.00, asked=150.00"]
    assert (await propose(office)).json()["code"] == "NOTHING_TO_PLAN", "each claim once"
    claims.append(await office.approved(hospital_claim("7.00")))
    assert (await propose(office)).json()["code"] == "FUNDING_PLAN_WAITS"

    refused = await decide(office, first["id"], "refusals")
    assert refused.json()["status"] == "refused"
    again = (await propose(office)).json()
    assert (again["total"], again["number"], again["claims"]) == ("157.00", 1, 2)
    same = await decide(office, again["id"], "approvals", subject="fund_accountant")
    assert (same.status_code, same.json()["code"]) == (409, "SAME_PERSON_TWICE")
    done = await decide(office, again["id"], "approvals")
    assert (done.status_code, done.json()["status"]) == (201, "approved"), done.text
    assert (await decide(office, again["id"], "approvals")).json()["code"] == "FUNDING_PLAN_DECIDED"

    late = await office.approved(hospital_claim("3.00"))
    second = (await propose(office)).json()
    assert (second["total"], second["number"]) == ("3.00", 2), "supplementary"
    path = f"/v1/funding-plans/{second['id']}"
    listed = (await office.ask("GET", f"{path}/claims", role="supervisor")).json()["items"]
    assert [(one["claim"], one["amount"]) for one in listed] == [(late, "3.00")]
    shown = await office.ask("GET", path, role="supervisor")
    assert shown.json() == second
    page = await office.ask("GET", f"{path}/print", role="supervisor")
    assert "社会保险基金追加用款申请单" in page.text
    assert "叁元整" in page.text

    batch = (await office.batch(claims)).json()["id"]
    await office.fund()
    lines = await office.lines(batch)
    await office.report(batch, [result(lines[0])])
    office.peers.spending = spending(received="157.00", paid="100.00")
    office.peers.spending[0] |= {"held": "57.00", "closing": "57.00"}
    report = await office.ask("GET", f"/v1/funding-reports/{MONTH}", role="dashboard")
    [fund] = report.json()["funds"]
    [line] = fund["lines"]
    names = ("planned", "requested", "received", "waiting", "paid", "returned", "left")
    assert [line[name] for name in names] == [
        "160.00",
        "157.00",
        "157.00",
        "0.00",
        "100.00",
        "0.00",
        "57.00",
    ]
    assert (fund["in_batches"], fund["warnings"]) == ("57.00", [])
    plans = await office.ask("GET", "/v1/funding-plans", role="supervisor", month=MONTH)
    assert [one["status"] for one in plans.json()["items"]] == ["refused", "approved", "proposed"]


async def test_the_books_must_answer_and_the_centre_alone_plans(office: Office) -> None:
    office.peers.is_down = True
    assert (await propose(office)).json()["code"] == "LEDGER_UNAVAILABLE"
    office.peers.is_down = False
    clerk = {"role": "district_clerk", "district": "heping"}
    assert (await propose(office, **clerk)).status_code == 403
    seen = await office.ask("GET", "/v1/funding-plans", **clerk)
    assert seen.status_code == 403


async def test_the_database_refuses_one_person_and_a_second_plan_of_a_claim(
    office: Office, database_url: str
) -> None:
    await office.approved(hospital_claim("9.00", period="2021-10"))  # paid early
    plan = (await propose(office, "2021-09")).json()
    assert plan["total"] == "9.00"
    admin = await asyncpg.connect(database_url, server_settings={"search_path": "payout"})
    try:
        alone = "UPDATE funding_plan SET status = 'approved', decided_by = $1, decided_on = now()"
        with pytest.raises(asyncpg.CheckViolationError, match="funding_plan_two_people"):
            await admin.execute(f"{alone} WHERE status = 'proposed'", plan["proposed_by"].upper())
        twice = (
            "INSERT INTO claim_funding SELECT claim_key, claim_id, plan_key, gen_random_uuid()"
            " FROM claim_funding WHERE live"
        )
        with pytest.raises(asyncpg.UniqueViolationError, match="claim_funding_once"):
            await admin.execute(twice)
        late = (
            "INSERT INTO funding_part SELECT plan_key, plan_id, part_no + 1, claim_key,"
            " gen_random_uuid(), kind, district, period, account, lines, amount_fen"
            " FROM funding_part WHERE plan_id IN (SELECT id FROM funding_plan WHERE status = $1)"
        )
        for decided in ("approved", "refused"):
            with pytest.raises(asyncpg.CheckViolationError, match="no plan waits"):
                await admin.execute(late, decided)
    finally:
        await admin.close()
