"""The paying half of a month: settle, fund the expenditure account, claim, sign, pay."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from services.demo.city import Payee
from services.demo.collecting import DemoError, Month, Play, clerk, drained, reviewer, work_off
from services.demo.office import each
from shared.money import format_yuan, parse_yuan
from shared.web.client import PeerError

_PLAN_STEP_FEN = 1_000_000
"""Spending plans are rounded up to whole 万元."""
_PAUSE_SECONDS = 0.05
_FLOWS = {
    "sweep": ("income", "fiscal"),
    "treasury_remit": ("treasury", "fiscal"),
    "expenditure_funding": ("fiscal", "expenditure"),
}


_EMPTYING = {"income_deposit": "sweep", "treasury_deposit": "treasury_remit"}
"""Account → the settlement that empties it."""


async def settle(play: Play, month: Month, *, raised_fen: int = 0) -> None:
    """Empty the income account and the treasury into the fiscal account, fund the expenditure.

    `raised_fen` is what a raise adds to the month's pensions, with its arrears.
    """
    with play.stage.step("settle", 3, month.period) as bar:
        last = month.day(31)
        transit = await play.office.get(
            "fund_accountant", "ledger", f"/v1/in-transit?cut_off={last}"
        )
        waiting = {one["account"] for one in transit["items"] if one["amount"] != "0.00"}
        for account, kind in _EMPTYING.items():
            if account in waiting:
                await _settlement(play, kind, last)
            bar.advance()
        await fund_expenditure(play, month.day(2, 1), _plan(play, month, raised_fen))
        bar.advance()


async def fund_expenditure(play: Play, day: str, amounts: list[dict[str, str]]) -> None:
    """Move what each fund will pay to the expenditure account, by two people."""
    await _settlement(play, "expenditure_funding", day, amounts)


def _plan(play: Play, month: Month, raised_fen: int) -> list[dict[str, str]]:
    """Return the expected benefits of the month, per fund."""
    pensions = raised_fen + sum(pensioner.monthly_fen for pensioner in play.city.pensioners)
    medical = sum(
        payee.amount_fen
        for payees in (play.city.hospitals[month.index], play.city.mothers[month.index])
        for district in payees.values()
        for payee in district
    )
    return [
        {"fund": fund, "amount": format_yuan(-(-due // _PLAN_STEP_FEN) * _PLAN_STEP_FEN)}
        for fund, due in (("pension", pensions), ("medical", medical))
    ]


async def _settlement(
    play: Play, kind: str, day: str, amounts: list[dict[str, str]] | None = None
) -> None:
    """Proposed by the accountant, approved by another, then carried out at the bank."""
    body: dict[str, Any] = {"kind": kind, "day": day}
    if amounts is not None:
        body["amounts"] = amounts
    settlement = await play.office.post("fund_accountant", "ledger", "/v1/settlements", body)
    approver = "department_head" if kind == "expenditure_funding" else "centre_leader"
    path = f"/v1/settlements/{settlement['id']}/approvals"
    done = await play.office.post(approver, "ledger", path)
    moved_fen = sum(parse_yuan(one["amount"]) for one in done["amounts"])
    if moved_fen == 0:
        return  # funds made each other good, the bank moves nothing
    payer, payee = _FLOWS[kind]
    order = {
        "reference": settlement["id"],
        "payer": payer,
        "payee": payee,
        "amount": format_yuan(moved_fen),
        "day": day,
        "summary": kind,
    }
    await play.office.control("/v1/bank/transfers", order)


async def pay(play: Play, month: Month) -> None:
    """Claims, three signatures, payment batches, the bank's results."""
    districts = play.city.districts
    with play.stage.step("claim", len(districts), month.period) as bar:
        filed = await each(districts, lambda district: _claims(play, month, district), bar.advance)
        claims = [claim for per_district in filed for claim in per_district]
        kept_out = sum(claim is None for claim in claims)
        if kept_out:
            bar.note(f"{kept_out} maternity claims refused: the unit is in arrears")
        claims = [claim for claim in claims if claim is not None]
    with play.stage.step("sign", 3 * len(claims), month.period) as bar:
        await each(claims, lambda claim: sign(play, claim, bar.advance), lambda: None)
    with play.stage.step("pay", None, month.period) as bar:
        await _pay_batches(play, month, claims)
        await work_off(play, "payment", bar)
    with play.stage.step("book", None, month.period):
        await drained(play)


async def _claims(play: Play, month: Month, district: str) -> list[dict[str, Any] | None]:
    """Return a district's claims of the month; None for a maternity claim of a unit in arrears."""
    run = {"district": district, "period": month.period}
    claims: list[dict[str, Any] | None] = [
        await play.office.post(clerk(district), "payout", "/v1/pension-runs", run)
    ]
    hospitals = play.city.hospitals[month.index][district]
    claims.append(await _file(play, month, district, "hospital_settlement", list(hospitals)))
    for mother in play.city.mothers[month.index][district]:
        try:
            claims.append(await _file(play, month, district, "maternity_allowance", [mother]))
        except PeerError as refused:
            if refused.code != "UNIT_IN_ARREARS":
                raise
            claims.append(None)
    return claims


async def _file(
    play: Play, month: Month, district: str, kind: str, payees: list[Payee]
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "kind": kind,
        "district": district,
        "period": month.period,
        "filed_on": month.day(3, 1),
        "summary": {
            "hospital_settlement": "定点医院网络结算",
            "maternity_allowance": "生育津贴",
        }[kind],
        "control": {
            "lines": len(payees),
            "total": format_yuan(sum(payee.amount_fen for payee in payees)),
        },
        "lines": [_payee_json(payee) for payee in payees],
    }
    if payees[0].credit_code is not None:
        body["credit_code"] = payees[0].credit_code
    claim: dict[str, Any] = await play.office.post(clerk(district), "payout", "/v1/claims", body)
    return claim


def _payee_json(payee: Payee) -> dict[str, Any]:
    line: dict[str, Any] = {
        "payee_name": payee.name,
        "bank_account": payee.bank_account.json(),
        "amount": format_yuan(payee.amount_fen),
        "reference": payee.reference,
    }
    if payee.identity_number is not None:
        line["identity_number"] = payee.identity_number
    return line


async def sign(play: Play, claim: dict[str, Any], done: Any) -> None:
    """Sub-centre, city department, centre leader: in this order, three different people."""
    path = f"/v1/claims/{claim['id']}/signatures"
    for signer in (reviewer(claim["district"]), "department_head", "centre_leader"):
        await play.office.post(signer, "payout", path, {"decision": "approve"})
        done()


async def _pay_batches(play: Play, month: Month, claims: list[dict[str, Any]]) -> None:
    """Create one batch per fund; the ledger holds the money before the bank sees the batch."""
    by_fund: defaultdict[str, list[str]] = defaultdict(list)
    for claim in claims:
        by_fund[claim["fund"]].append(claim["id"])
    for fund in sorted(by_fund):
        await plan_funding(play, fund, month.day(5, 1)[:7])
        await pay_claims(play, by_fund[fund], month.day(5, 1))


async def plan_funding(play: Play, fund: str, month: str) -> None:
    """Plan the money of a fund's approved claims; another person requests it."""
    plan = await play.office.post(
        "fund_accountant", "payout", "/v1/funding-plans", {"fund": fund, "month": month}
    )
    path = f"/v1/funding-plans/{plan['id']}/approvals"
    await play.office.post("department_head", "payout", path, {})


async def pay_claims(play: Play, claims: list[str], day: str) -> str:
    """Form a batch of claims of one fund, and wait for its money; the batch."""
    body = {"claims": claims, "pay_date": day}
    batch = await play.office.post("centre_cashier", "payout", "/v1/payment-batches", body)
    await _funded(play, batch["id"])
    return str(batch["id"])


async def _funded(play: Play, batch: str) -> None:
    for _ in range(2400):
        found = await play.office.get("centre_cashier", "payout", f"/v1/payment-batches/{batch}")
        if found["status"] == "unfunded":
            raise DemoError(f"the expenditure account does not cover a batch: {found}")
        if found["status"] != "funding":
            return
        await asyncio.sleep(_PAUSE_SECONDS)
    raise DemoError("the ledger never answered a request to hold money")
