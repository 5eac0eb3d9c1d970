"""Statements of the month: uploaded with the bank's mistakes, asked about, corrected, settled."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

from services.demo.collecting import DemoError, Month, Play, drained, refuse_rejections
from services.demo.reconciling import ACCOUNTS, upload
from shared.web.client import PeerError

DAYS: Final = ((1, 19), (20, 28), (29, 31))
"""Days of the three statements: before the clerks' steps, after the retries, after the sweep."""
_NEVER: Final = "-never"
"""Ends the number of a return whose money the bank never had."""
_FACTS: Final = ("id", "kind", "day", "statement", "listed", "booked")
"""Members of an item: one that was worked on is open again when they change."""
_CORRECTED_DAY: Final = 29
_CASHIER, _ACCOUNTANT, _HEAD = "centre_cashier", "fund_accountant", "department_head"
_PAUSE_SECONDS, _TRIES = 0.1, 100


async def state(play: Play, month: Month, days: tuple[int, int], *, with_errors: bool) -> None:
    """Upload the statements of some days, with the bank's mistakes, and wait for the match."""
    with play.stage.step("reconcile", len(ACCOUNTS), month.period) as bar:
        first, last = (month.day(day) for day in days)
        for account, name in ACCOUNTS.items():
            if with_errors:
                body = {"account": name, "first": first, "last": last}
                made = await play.office.control("/v1/bank/statement-errors", body)
                bar.note(f"{name}: " + ", ".join(f"{n} {kind}" for kind, n in made.items()))
            await upload(play, account, name, first, last)
            bar.advance()
        await _matched(play, last)


async def settle(play: Play, month: Month, days: tuple[int, int]) -> None:
    """Take every difference to its end: ask the bank or the bureau, file a return, settle.

    Raises:
        DemoError: a difference does not go away.
    """
    seen: set[tuple[str, ...]] = set()
    with play.stage.step("differences", None, month.period) as bar:
        for _ in range(_TRIES):
            await drained(play)
            await _matched(play, month.day(days[1]))
            items = await _open_items(play)
            if not items:
                return
            for item in items:
                facts = tuple(str(item[member]) for member in _FACTS)
                if facts not in seen:
                    seen.add(facts)
                    with suppress(_Gone):
                        await _settle(play, month, item)
                    bar.advance()
            await asyncio.sleep(_PAUSE_SECONDS)
    raise DemoError(f"differences do not go away: {items[:3]}")


async def followed(play: Play, month: Month, days: tuple[int, int]) -> None:
    """Wait until the books are followed, so that every voucher is known."""
    for _ in range(_TRIES):
        await drained(play)
        await _matched(play, month.day(days[1]))
        items = await _open_items(play)
        if not any(one["kind"] == "statement_not_books" and one["receipt"] for one in items):
            return
        await asyncio.sleep(_PAUSE_SECONDS)
    raise DemoError("the books are never followed")


async def _matched(play: Play, last: str) -> None:
    """Match what has come in, and wait until the days up to the last are done."""
    for account in ACCOUNTS:
        body = {"account": account}
        await play.office.post(_ACCOUNTANT, "collection", "/v1/reconciliations", body)
    for _ in range(_TRIES):
        control = await play.office.get(
            _ACCOUNTANT, "collection", "/v1/closing-control", as_of=last
        )
        if not any(one["unmatched_days"] for one in control["reconciliation"]):
            return
        await asyncio.sleep(_PAUSE_SECONDS)
    raise DemoError(f"the accounts are never matched to {last}")


async def _open_items(play: Play) -> list[dict[str, Any]]:
    path = "/v1/reconciliation-items"
    return await play.office.pages(_ACCOUNTANT, "collection", path, status="open")


class _Gone(Exception):
    """The item is not open any more: a run has cleared it meanwhile."""


async def _act(play: Play, who: str, item: dict[str, Any], act: str, body: Any = None) -> Any:
    try:
        path = f"/v1/reconciliation-items/{item['id']}/{act}"
        return await play.office.post(who, "collection", path, body)
    except PeerError as refused:
        if refused.code == "RECONCILIATION_ITEM_NOT_OPEN":
            raise _Gone from None
        raise


async def _settle(play: Play, month: Month, item: dict[str, Any]) -> None:
    await _act(play, _ACCOUNTANT, item, "assignments", {"owner": _ACCOUNTANT})
    reason = await _remedy(play, month, item)
    if reason is None:
        return  # the item clears by itself
    body = {"reason": reason, "note": "已查明"}
    done = await _act(play, _ACCOUNTANT, item, "settlings", body)
    if done["status"] == "proposed":
        await _act(play, _HEAD, item, "approvals")


async def _remedy(play: Play, month: Month, item: dict[str, Any]) -> str | None:
    """Do what an item asks for; the reason to settle it with, None when it will clear by itself."""
    if item["kind"] == "wrong_day":
        return "day_accepted"
    if item["kind"] == "wrong_payer":
        return "payer_confirmed"
    if item["kind"] == "books_not_statement" and item["subject"].endswith(_NEVER):
        return "given_back"  # the other side of what never arrived
    asked = {
        "account": ACCOUNTS[item["account"]],
        "serial": item["subject"],
        "day": month.day(_CORRECTED_DAY),
    }
    answer = await play.office.control("/v1/bank/entry-inquiries", asked)
    if item["kind"] == "statement_not_list" and item["account"] == "treasury_deposit":
        if answer["error"] == "extra":
            return "bank_corrects"
        # However often the bank has it: once it is there, and the bureau has not listed it.
        pushed = await play.office.control("/v1/tax/inquiries", {"serial": item["subject"]})
        refuse_rejections(pushed)
        return None
    if answer["error"] != "none":
        return "bank_corrects"
    if item["kind"] == "list_not_statement" and item["receipt"]:
        await _return(play, month, item)
        return "given_back"
    if item["kind"] == "statement_not_books":
        return None  # its voucher is under way
    raise DemoError(f"nobody explains {item}")


async def _return(play: Play, month: Month, item: dict[str, Any]) -> None:
    """File the return of a receipt whose money never came, by two people."""
    body = {
        "bank_serial": f"{item['subject']}{_NEVER}",
        "returned_on": month.day(_CORRECTED_DAY),
        "reason": "国库查无此款",
        "document": f"国库查询书 {item['subject']}",
    }
    path = f"/v1/receipts/{item['receipt']}/returns"
    try:
        filed = await play.office.post(_ACCOUNTANT, "collection", path, body)
    except PeerError as refused:
        if refused.code == "RETURN_SERIAL_USED":
            return  # filed when the item was open before
        raise
    path = f"/v1/receipt-returns/{filed['id']}/approvals"
    decided = {"decided_on": month.day(_CORRECTED_DAY)}
    await play.office.post(_HEAD, "collection", path, decided)
