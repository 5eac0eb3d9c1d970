"""Every benefit line of every fund of the national chart can be claimed and paid to the voucher."""

import csv
import json
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import services
from services.payout.benefits.domain import ACCOUNT_KINDS
from shared.entry import is_benefit
from shared.money import format_yuan, parse_yuan
from tests.payout.support.city import City
from tests.payout.support.papers import account, hospital_claim, number, result

DATA = Path(services.__file__ or "").parent
UNIT = "91120101MA00000006"
DAY = date(2021, 9, 2)
PAID = {
    "paid": "10000.00",
    "paid_months": 12,
    "heads_before": 100,
    "heads_after": 98,
    "head_months": 1190,
}
REFUND = {
    "credit_code": UNIT,
    "district": "heping",
    "filed_on": str(DAY),
    "size": "other",
    "payee_name": "天津某公司",
    "bank_account": account(1, "天津某公司"),
}

PAID_ELSEWHERE = {
    "transfer_expense": "转移支出 moves a person's own account to another city",
    "superior_remittance": "上解上级支出 is a settlement of the ledger",
    "subordinate_subsidy": "补助下级支出 is a settlement of the ledger",
    "other_expense": "其他支出 is no benefit",
}


def kinds() -> list[dict[str, Any]]:
    text = (DATA / "payout/data/benefit_kinds.json").read_text("utf-8")
    rows: list[dict[str, Any]] = json.loads(text)["kinds"]
    return rows


def expense_lines() -> set[tuple[str, str]]:
    """List (fund, account) of the shipped chart's expenses on which a voucher may be posted."""
    with (DATA / "ledger/data/funds.csv").open(encoding="utf-8", newline="") as file:
        funds = {row["code"] for row in csv.DictReader(file)}
    with (DATA / "ledger/data/accounts.csv").open(encoding="utf-8", newline="") as file:
        return {
            (fund, row["key"])
            for row in csv.DictReader(file)
            if row["class"] == "expense" and row["postable"] == "true" and not row["in_force_to"]
            for fund in (funds if row["funds"] == "*" else row["funds"].split())
        }


def test_every_benefit_line_of_every_fund_has_a_kind() -> None:
    lines = {(fund, key) for fund, key in expense_lines() if key not in PAID_ELSEWHERE}
    assert lines == {(row["fund"], row["account"]) for row in kinds()} & lines
    assert {fund for fund, _ in lines} == {fund for fund, _ in expense_lines()}
    assert all(is_benefit(account) for _, account in lines), "a closing counts them all"


def claim_of(row: dict[str, Any], serial: int) -> dict[str, Any]:
    """Build a claim of one line with all that its row asks for."""
    filed_on = row["in_force_to"] or str(DAY)
    claim = hospital_claim(format_yuan(100_00 + serial), period=filed_on[:7])
    claim |= {"kind": row["kind"], "filed_on": filed_on, "documents": row["documents"]}
    if row.get("needs_cost"):
        amount = claim["lines"][0]["amount"]
        claim["lines"][0]["cost"] = {"total": amount, "ratio": "1"}
    if row["needs_employer"]:
        claim["credit_code"] = UNIT
    if row["needs_person"]:
        claim["lines"][0]["identity_number"] = number(serial)
        claim["lines"][0]["event_on"] = filed_on
    return claim


async def file(city: City, row: dict[str, Any], serial: int) -> dict[str, Any]:
    """File a claim of a kind by its door, and return it."""
    if row["origin"] == "filed":
        filed = await city.file(claim_of(row, serial))
    else:
        filed = await city.ask(
            "POST", "/v1/stable-job-refunds", REFUND, role="district_clerk", district="heping"
        )
    assert filed.status_code == 201, (row["kind"], filed.text)
    claim: dict[str, Any] = filed.json()
    return claim


async def test_every_line_is_paid_to_the_voucher_and_returned(city: City) -> None:
    city.peers.arrears[UNIT] = "0.00"
    city.peers.paid_years[UNIT] = PAID
    made = {
        (row["fund"], row["account"]): row
        for row in kinds()
        if row["origin"] != "run" and row["kind"] not in ACCOUNT_KINDS
    }
    by_fund: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for serial, row in enumerate(made.values()):
        by_fund[row["fund"]].append(await file(city, row, serial))
    for fund, filed in by_fund.items():
        await city.give(fund, "1000000.00")
        before = await city.balances(fund)
        claims = [await city.approve(claim) for claim in filed]
        batch = (await city.batch(claims, pay_date=str(DAY))).json()["id"]
        await city.fund()
        lines = await city.lines(batch)
        assert len(lines) == len(filed), fund
        await city.report(batch, [result(line, value_date=str(DAY)) for line in lines])
        await city.deliver()
        paid = await city.balances(fund)
        expected: dict[str, int] = defaultdict(int)
        for claim in filed:
            expected[claim["account"]] += parse_yuan(claim["total"])
        for key, fen in expected.items():
            assert paid[key] - before.get(key, 0) == fen, (fund, key)
        returns = [result(line, "returned", value_date="2021-09-06") for line in lines]
        await city.report(batch, returns)
        await city.deliver()
        after = await city.balances(fund)
        assert all(after.get(key, 0) == before.get(key, 0) for key in expected), fund
    outbox = await city.ask("GET", "/v1/outbox", role="supervisor")
    assert outbox.json() == {"waiting": 0, "refused": 0}
