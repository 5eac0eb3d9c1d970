"""Reconciliation before a month is closed: the bank's statements uploaded, every difference settled."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any, Final

from services.demo.collecting import DemoError, Month, Play

ACCOUNTS: Final = {"treasury_deposit": "treasury", "income_deposit": "income"}
"""Our account → the sandbox bank's name of it."""
_CASHIER, _ACCOUNTANT, _HEAD = "centre_cashier", "fund_accountant", "department_head"
_PAGE: Final = 500
_PAUSE_SECONDS: Final = 0.2
_TRIES: Final = 600


async def expect_statements(play: Play, month: Month) -> None:
    """Say that statements of the treasury and of the income account are expected from a month on."""
    for account in ACCOUNTS:
        body = {
            "account": account,
            "expected_from": month.day(1),
            "note": "银行、国库按日提供对账单",
        }
        filed = await play.office.post(_ACCOUNTANT, "collection", "/v1/statement-accounts", body)
        path = f"/v1/statement-account-changes/{filed['id']}/approvals"
        await play.office.post(_HEAD, "collection", path)


async def reconcile(play: Play, month: Month) -> None:
    """Upload the month's statements, wait for the match, and settle what is open, as its clerks do.

    Raises:
        DemoError: the match does not end, or a difference is left.
    """
    with play.stage.step("reconcile", len(ACCOUNTS), month.period) as bar:
        for account, name in ACCOUNTS.items():
            await upload(play, account, name, month.day(1), month.day(31))
            bar.advance()
        await _matched(play, month)
        for item in await _open_items(play, month):
            bar.note(f"{item['account']} {item['kind']} {item['subject']}: {item['amount']}")
            await _settle(play, item)
        if await _open_items(play, month):
            raise DemoError(f"{month.period} is not reconciled")


async def upload(play: Play, account: str, name: str, first: str, last: str) -> None:
    """Upload the bank's statement of an account, from a day to another."""
    head, lines, cursor = None, list[dict[str, Any]](), 0
    while head is None or head["has_more"]:
        path = f"/v1/bank/statements/{name}"
        query = {"from": first, "to": last, "limit": _PAGE, "cursor": cursor}
        head = await play.office.ask_bank(path, **query)
        lines += head["items"]
        cursor = head["next_cursor"]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("booked_on", "amount", "serial", "reference", "counter_account", "text"))
    for line in lines:
        members = ("day", "amount", "serial", "reference", "counterparty", "summary")
        writer.writerow(line[member] for member in members)
    await play.office.upload(
        _CASHIER,
        "collection",
        "/v1/bank-statements",
        out.getvalue().encode(),
        account=account,
        first=first,
        last=last,
        opening=head["opening"],
        closing=head["closing"],
    )


async def _matched(play: Play, month: Month) -> None:
    """Wait until the books are followed and every account is matched."""
    for _ in range(_TRIES):
        control = await play.office.get(
            _ACCOUNTANT, "collection", "/v1/closing-control", as_of=month.day(31)
        )
        if not any(one["unmatched_days"] for one in control["reconciliation"]):
            return
        await asyncio.sleep(_PAUSE_SECONDS)
    raise DemoError(f"the accounts of {month.period} are never matched")


async def _open_items(play: Play, month: Month) -> list[dict[str, Any]]:
    return await play.office.pages(
        _ACCOUNTANT,
        "collection",
        "/v1/reconciliation-items",
        status="open",
        to=month.day(31),
    )


async def _settle(play: Play, item: dict[str, Any]) -> None:
    path = f"/v1/reconciliation-items/{item['id']}"
    await play.office.post(_ACCOUNTANT, "collection", f"{path}/assignments", {"owner": _ACCOUNTANT})
    reason = {"wrong_day": "day_accepted", "wrong_payer": "payer_confirmed"}.get(
        item["kind"], "we_correct"
    )
    settled = await play.office.post(
        _ACCOUNTANT,
        "collection",
        f"{path}/settlings",
        {"reason": reason, "note": "月末核对,已查明"},
    )
    if settled["status"] == "proposed":
        await play.office.post(_HEAD, "collection", f"{path}/approvals")
