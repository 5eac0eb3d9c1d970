"""Payments that the payees' banks refused or returned: another account by two people, paid again."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final
from zlib import crc32

from services.demo.collecting import DemoError, Month, Play, clerk, drained, reviewer, work_off
from services.demo.numbers import luhn_complete
from services.demo.paying import pay_claims

_RETRY_DAYS: Final = (9, 13, 17, 21, 25, 29)
"""Days of the month after, on which what failed is paid again: by then returned money is back."""
_SAME_ACCOUNT: Final = ("RJ03", "RJ90")
"""Refusals that another day mends."""


async def repay(play: Play, month: Month) -> None:
    """Pay everything that failed again, each line once, until nothing is left."""
    with play.stage.step("repay", None, month.period) as bar:
        for day in _RETRY_DAYS:
            failed = await play.office.pages("centre_cashier", "payout", "/v1/failed-payments")
            if not failed:
                return
            claims: defaultdict[str, set[str]] = defaultdict(set)
            for line in failed:
                claims[line["fund"]].add(line["claim"])
                if line["reason_code"] not in _SAME_ACCOUNT:
                    await _correct_account(play, line, day)
            for fund in sorted(claims):
                await pay_claims(play, sorted(claims[fund]), month.day(day, 1))
            await work_off(play, "payment", bar)
            await drained(play)
            bar.note(f"{len(failed)} payments are paid again")
    raise DemoError("some payments fail again and again")


async def _correct_account(play: Play, line: dict[str, Any], day: int) -> None:
    path = f"/v1/claims/{line['claim']}/payees"
    payees = await play.office.pages(reviewer(line["district"]), "payout", path)
    account = {
        "bank": line["bank_account"]["bank"],
        "number": luhn_complete(f"6217{day:02d}{_mark(line):012d}"),
        "name": next(one["payee_name"] for one in payees if one["line"] == line["line"]),
    }
    body = {"line": line["line"], "bank_account": account, "note": "账号有误"}
    path = f"/v1/claims/{line['claim']}/account-corrections"
    proposed = await play.office.post(clerk(line["district"]), "payout", path, body)
    path = f"/v1/account-corrections/{proposed['id']}/approvals"
    await play.office.post(reviewer(line["district"]), "payout", path)


def _mark(line: dict[str, Any]) -> int:
    """Return a number that the same payment has in every run of a seed."""
    return crc32(f"{line['payee_name']} {line['amount']}".encode())
