"""Proofs of the episodes: each happened, and its money adds up."""

from __future__ import annotations

from typing import Any, Final

from services.demo.collecting import Play
from services.demo.episodes import Events, RepaidPension
from services.demo.proofs import LAST_DAYS, Proof
from shared.money import format_yuan, parse_yuan

_AUDITOR: Final = "supervisor"


async def prove_episodes(play: Play, events: Events) -> list[Proof]:
    """Prove every episode."""
    return [
        await _prove_returned_debit(play, events.returned),
        await _prove_moved_receipt(play, events.moved),
        await _prove_lowered_month(play, events.lowered, events.lowered_period),
        await _prove_repaid_pension(play, events.repaid),
        await _prove_returned_refund(play, events.refunded),
    ]


async def _prove_returned_debit(play: Play, receipt: str) -> Proof:
    """Prove that the bank has the money of the debit again, and that the unit paid it later."""
    receipts = await play.office.pages(_AUDITOR, "collection", "/v1/receipts", channel="bank_debit")
    [taken] = [one for one in receipts if one["id"] == receipt]
    owner = (taken["credit_code"], taken["period"])
    later = [
        one
        for one in receipts
        if one["id"] != receipt and (one["credit_code"], one["period"]) == owner
    ]
    bills = await _bills(play, *owner)
    given_back = f"{taken['serial']}-R"
    lines = await _statement_lines(play, "income")
    faults = differences(
        parse_yuan(taken["amount"]),
        {
            "returned": parse_yuan(taken["returned"]),
            "bank statement": -sum(parse_yuan(one["amount"]) for one in lines[given_back]),
            "paid again": sum(parse_yuan(one["allocated"]) for one in later),
            "bills": sum(parse_yuan(one["settled"]) for one in bills),
        },
    )
    faults += [f"bill {one['id']} is {one['status']}" for one in bills if one["open"] != "0.00"]
    return proof("a_returned_debit_is_undone_and_paid_again", faults, taken["amount"])


async def _statement_lines(play: Play, account: str) -> dict[str, list[dict[str, Any]]]:
    """Read an account's statement by serial."""
    found: dict[str, list[dict[str, Any]]] = {}
    cursor = 0
    while True:
        path = f"/v1/bank/statements/{account}"
        page = await play.office.ask_bank(path, to=LAST_DAYS[-1], limit=500, cursor=cursor)
        for line in page["items"]:
            found.setdefault(line["serial"], []).append(line)
        if not page["has_more"]:
            return found
        cursor = page["next_cursor"]


async def _prove_moved_receipt(play: Play, reference: str) -> Proof:
    """Prove that two people moved the money, and that it paid the bill of the one who paid it."""
    move = await play.office.get(_AUDITOR, "collection", f"/v1/receipt-moves/{reference}")
    path = f"/v1/receipts/{move['receipt']}"
    receipt = await play.office.get(_AUDITOR, "collection", path)
    bills = await _bills(play, move["credit_code"], move["period"])
    faults = differences(
        parse_yuan(receipt["amount"]),
        {
            "moved": parse_yuan(move["amount"]),
            "allocated": parse_yuan(receipt["allocated"]),
            "bills": sum(parse_yuan(one["settled"]) for one in bills),
        },
    )
    if move["status"] != "approved" or move["filed_by"] == move["decided_by"]:
        faults.append("the move was not approved by another person")
    return proof("a_wrong_payers_money_is_moved_by_two_people", faults, move["amount"])


async def _prove_lowered_month(play: Play, credit_code: str, period: str) -> Proof:
    """Prove that a lowered month keeps what was paid: as much as it asks for, the rest as credit."""
    papers = await play.office.pages(_AUDITOR, "collection", "/v1/declarations", period=period)
    own = [one for one in papers if one["credit_code"] == credit_code]
    path = f"/v1/units/{credit_code}/credits"
    credits = await play.office.pages(_AUDITOR, "collection", path, standing=True)
    bills = await _bills(play, credit_code, period)
    levied = sum(parse_yuan(one["total"]) for one in own if one["status"] in {"billed", "settled"})
    left = sum(parse_yuan(one["left"]) for one in credits if one["period"] == period)
    paid = sum(parse_yuan(one["settled"]) for one in bills)
    faults = differences(paid, {"levied and credit": levied + left})
    if left <= 0 or not any(one["kind"] == "adjustment" for one in own):
        faults.append(f"no credit stands of {period} of {credit_code}")
    faults += [f"bill {one['id']} asks for {one['open']}" for one in bills if one["open"] != "0.00"]
    return proof("a_lowered_month_leaves_the_excess_as_credit", faults, format_yuan(left))


async def _prove_repaid_pension(play: Play, repaid: RepaidPension) -> Proof:
    """Prove that the bank refused the pension first, and paid it once on the corrected account."""
    faults = await repaid_faults(play, repaid, "refused")
    return proof("a_refused_pension_is_paid_again_once", faults, repaid.amount)


async def repaid_faults(play: Play, repaid: RepaidPension, outcome: str) -> list[str]:
    """Find what contradicts that a pension had this outcome first, and was paid once afterwards."""
    office = play.office
    waiting = await office.pages(_AUDITOR, "payout", "/v1/failed-payments", fund="pension")
    corrections = await office.pages(
        _AUDITOR, "payout", "/v1/account-corrections", status="approved"
    )
    first = await _payment_lines(play, repaid, repaid.failed_batch)
    second = await _payment_lines(play, repaid, repaid.batch)
    faults = []
    if [one["status"] for one in first] != [outcome]:
        faults.append(f"first batch: {[one['status'] for one in first]}")
    if [one["status"] for one in second] != ["paid"]:
        faults.append(f"second batch: {[one['status'] for one in second]}")
    own = (repaid.claim, repaid.line)
    if own in {(one["claim"], one["line"]) for one in waiting}:
        faults.append("it still waits to be paid")
    if own not in {(one["claim"], one["line"]) for one in corrections}:
        faults.append("no correction of its account was approved")
    return faults


async def _prove_returned_refund(play: Play, reference: str) -> Proof:
    """Prove that a refund went out and came back at the bank, and that its payer was identified."""
    refund = await play.office.get(_AUDITOR, "collection", f"/v1/refunds/{reference}")
    path = f"/v1/receipts/{refund['receipt']}"
    receipt = await play.office.get(_AUDITOR, "collection", path)
    lines = await _statement_lines(play, "treasury")
    serial = str(refund["return_serial"])
    faults = differences(
        parse_yuan(refund["amount"]),
        {
            "bank paid": -sum(
                parse_yuan(one["amount"]) for one in lines[serial.removesuffix("-R")]
            ),
            "bank sent back": sum(parse_yuan(one["amount"]) for one in lines[serial]),
            "allocated": parse_yuan(receipt["allocated"]),
        },
    )
    if refund["status"] != "returned":
        faults.append(f"the refund is {refund['status']}")
    return proof("a_refund_that_came_back_is_free_again", faults, refund["amount"])


async def _payment_lines(play: Play, repaid: RepaidPension, batch: str) -> list[dict[str, Any]]:
    """Read the lines of a batch that pay this pension."""
    lines = await play.office.pages(_AUDITOR, "payout", f"/v1/payment-batches/{batch}/lines")
    wanted = (repaid.payee_name, repaid.amount)
    return [one for one in lines if (one["payee_name"], one["amount"]) == wanted]


async def _bills(play: Play, credit_code: str, period: str) -> list[dict[str, Any]]:
    return await play.office.pages(
        _AUDITOR, "collection", "/v1/bills", credit_code=credit_code, period=period
    )


def differences(whole_fen: int, parts: dict[str, int]) -> list[str]:
    """Name every part that is not the whole."""
    return [
        f"{name}: {format_yuan(found)} instead of {format_yuan(whole_fen)}"
        for name, found in parts.items()
        if found != whole_fen
    ]


def proof(name: str, faults: list[str], amount: str) -> Proof:
    """Make a proof of faults; without any it tells the amount."""
    return Proof(name, not faults, "; ".join(faults) or f"{amount} yuan")
