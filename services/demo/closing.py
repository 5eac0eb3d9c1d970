"""The end of a month: persons credited, control totals of both services, two people, 月结.

A month that is tried too early is refused with every reason at once; it is tried too early on
purpose, so that the refusal is seen too.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from services.demo.collecting import DemoError, Month, Play
from shared.web.client import PeerError
from shared.wire.closing import merged

_PAUSE_SECONDS: Final = 0.05
_ACCOUNTANT: Final = "fund_accountant"
_LEADER: Final = "centre_leader"


async def credited(play: Play) -> None:
    """Wait until the ledger has credited the persons of every settled bill."""
    while True:
        deliveries = await play.office.get(_ACCOUNTANT, "collection", "/v1/personal-deliveries")
        if deliveries["refused"]:
            raise DemoError(
                f"the ledger refused to credit persons of {deliveries['refused']} bills"
            )
        if not deliveries["waiting"]:
            return
        await asyncio.sleep(_PAUSE_SECONDS)


async def control(play: Play, day: str) -> dict[str, Any]:
    """Return the control totals of collection and payout at the end of a day, in the ledger's shape."""
    collection, payout = await asyncio.gather(
        *[
            play.office.get(_ACCOUNTANT, service, "/v1/closing-control", as_of=day)
            for service in ("collection", "payout")
        ]
    )
    return merged(collection, payout)


async def try_too_early(play: Play, month: Month) -> None:
    """Propose to close while receipts are unmatched and money lies on the income account.

    Raises:
        DemoError: it was not refused, or for another reason than these.
    """
    with play.stage.step("early", 1, month.period) as bar:
        await credited(play)
        expected = {"INCOME_ACCOUNT_NOT_EMPTY", "RECONCILIATION_OPEN"} | (
            {"RECEIPTS_UNMATCHED"} if month.strangers else set()
        )
        body = {
            "level": "month",
            "period": month.period,
            "control": await control(play, month.day(31)),
        }
        try:
            await play.office.post(_ACCOUNTANT, "ledger", "/v1/closings", body)
        except PeerError as refused:
            found = {fault["code"] for fault in refused.body.get("errors", [])}
            if found != expected:
                raise DemoError(f"refused for {sorted(found)}, not {sorted(expected)}") from None
            bar.note(f"closing {month.period} too early is refused: {', '.join(sorted(found))}")
            bar.advance()
            return
    raise DemoError(f"{month.period} was closed with money on the income account")


async def close(play: Play, month: Month) -> None:
    """Close the month's last day, then the month: one person proposes, another approves."""
    with play.stage.step("close", 2, month.period) as bar:
        await credited(play)
        day = month.day(31)
        for level, period in (("day", day), ("month", month.period)):
            body = {"level": level, "period": period, "control": await control(play, day)}
            paper = await play.office.post(_ACCOUNTANT, "ledger", "/v1/closings", body)
            path = f"/v1/closings/{paper['id']}/approvals"
            await play.office.post(_LEADER, "ledger", path)
            bar.advance()
