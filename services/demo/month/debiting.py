"""Direct debits of the month: batches per bank, inquiries, new agreements, and the retries."""

from __future__ import annotations

from typing import Any, Final

from services.demo.city import Unit
from services.demo.collecting import Month, Play, clerk, debit, drained, refuse_rejections, work_off
from services.demo.month.failures import BANKS
from services.demo.numbers import luhn_complete

FIRST_DAY: Final = 15
RETRY_DAYS: Final = (20, 23, 27)
"""Workdays of the month, far enough apart for every class; a return of the last comes in time."""
_OTHER_ACCOUNT: Final = ("account_name_mismatch", "account_state")
"""Classes of refusals after which only another account helps."""
_ROUNDS: Final = 4


async def debit_first(play: Play, month: Month) -> None:
    """Send the batches to the banks and hear them out; what they do not know stays open."""
    with play.stage.step("debit", None, month.period) as bar:
        await _send(play, month, FIRST_DAY)
        for _ in range(_ROUNDS):
            done = await play.office.control("/v1/bank/debit-batches")
            refuse_rejections(done["answers"])
            for _ in range(done["reported"]):
                bar.advance()


async def inquire(play: Play, month: Month) -> None:
    """Ask the banks about every debit of unknown state, until each has a final result."""
    with play.stage.step("inquire", None, month.period) as bar:
        await work_off(play, "debit", bar)
        await drained(play)


async def retry(play: Play, month: Month) -> None:
    """Debit again what was refused or came back, under a new agreement where the account is wrong."""
    signed: set[str] = set()
    with play.stage.step("retry", None, month.period) as bar:
        for day in RETRY_DAYS:
            for unit in await _with_wrong_account(play, month):
                if unit.credit_code not in signed:
                    signed.add(unit.credit_code)
                    await _sign_anew(play, month, unit, day)
                    bar.note(f"{unit.name} signs another account")
            await _send(play, month, day)
            await work_off(play, "debit", bar)
            await drained(play)


async def _send(play: Play, month: Month, day: int) -> None:
    for bank in BANKS:
        await debit(play, month.period, month.day(day), bank=bank)


async def _with_wrong_account(play: Play, month: Month) -> list[Unit]:
    """Find units with a bill that is still open and was refused for its account."""
    lines = await refused_lines(play, month)
    codes = {one["credit_code"] for one in lines if one["reason_class"] in _OTHER_ACCOUNT}
    return [unit for unit in play.city.units if unit.credit_code in codes]


async def refused_lines(play: Play, month: Month) -> list[dict[str, Any]]:
    """List the refused debits of the month."""
    days = {"from": month.day(1), "to": month.day(31)}
    return await play.office.pages(
        "centre_cashier", "collection", "/v1/debit-lines", status="refused", **days
    )


async def _sign_anew(play: Play, month: Month, unit: Unit, day: int) -> None:
    """Replace the unit's three-party agreement by one about another account, by two people."""
    number = int(unit.credit_code[-6:-1], 36) % 10**12
    account = unit.bank_account.json() | {"number": luhn_complete(f"622299{number:012d}")}
    body = {
        "number": f"SF-{unit.credit_code[-10:]}-2",
        "bank": unit.debit_bank,
        "bank_account": account,
        "valid_from": month.day(day),
        "signed_on": month.day(day),
    }
    path = f"/v1/units/{unit.credit_code}/debit-agreements"
    filed = await play.office.post(clerk(unit.district), "collection", path, body)
    path = f"/v1/debit-agreements/{filed['id']}/approvals"
    await play.office.post("department_head", "collection", path, {})
