"""Tax money of the month: the pushes, then whose money it is, and what is compared."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from services.demo.collecting import DemoError, Month, Play, drained, refuse_rejections
from shared.money import parse_yuan
from shared.web.client import PeerError

PUSH_DAY: Final = 18
_DECIDED_DAY: Final = 29
_ACCOUNTANT: Final = "fund_accountant"
_APPROVER: Final = "department_head"
_TRIES, _PAUSE_SECONDS = 600, 0.1


async def push(play: Play, month: Month, wrong_payers: int) -> None:
    """Let the bureau collect and push; its letters about wrong payers come later."""
    with play.stage.step("tax", None, month.period) as bar:
        body = {
            "period": month.period,
            "day": month.day(PUSH_DAY),
            "wrong_payers": wrong_payers,
        }
        pushed = await play.office.control("/v1/tax/pushes", body)
        refuse_rejections(pushed["answers"])
        month.strangers = pushed["misregistered"]
        month.wrong_payers = pushed["wrong_payers"]
        bar.note(f"{pushed['payments']} payments, {pushed['repeated']} tickets pushed twice")
        await drained(play)


async def find_owners(play: Play, month: Month) -> None:
    """Give every fen in suspense to its owner, or back: matches, moves by two people, refunds."""
    with play.stage.step("owners", None, month.period) as bar:
        for slip in month.wrong_payers:
            if await _move(play, month, slip):
                bar.advance()
        letters = {slip["serial"]: slip for slip in month.strangers}
        for _ in range(3):
            for receipt in await _suspended(play):
                await _clear(play, month, receipt, letters)
                bar.advance()
            await drained(play)
        if left := await _suspended(play):
            raise DemoError(f"nobody owns {[one['serial'] for one in left]}")


async def compare(play: Play, month: Month) -> None:
    """Compare with the bureau, and settle every difference by two people."""
    confused = {slip[code] for slip in month.wrong_payers for code in ("pushed_as", "credit_code")}
    with play.stage.step("compare", None, month.period) as bar:
        body = {"period": month.period}
        asked = await play.office.post(_ACCOUNTANT, "collection", "/v1/tax-comparisons", body)
        await _finished(play, asked["id"])
        for item in await play.office.pages(
            _ACCOUNTANT, "collection", "/v1/tax-items", status="open"
        ):
            path = f"/v1/tax-items/{item['id']}"
            proposal = {"remedy": "explained", "reason": "缴费人未缴或少缴,列入欠费"}
            if item["credit_code"] in confused:
                proposal = {"remedy": "move", "reason": "税务误记缴费人,已改入"}
            await play.office.post(_ACCOUNTANT, "collection", f"{path}/settlements", proposal)
            await play.office.post(_APPROVER, "collection", f"{path}/approvals")
            bar.advance()


async def _finished(play: Play, operation: str) -> None:
    for _ in range(_TRIES):
        path = f"/v1/operations/{operation}"
        found = await play.office.get(_ACCOUNTANT, "collection", path)
        if found["status"] == "succeeded":
            return
        if found["status"] == "failed":
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    raise DemoError(f"the comparison with the tax bureau does not end: {found}")


async def _suspended(play: Play) -> list[dict[str, Any]]:
    return await play.office.pages(_ACCOUNTANT, "collection", "/v1/receipts", status="suspended")


async def _clear(
    play: Play, month: Month, receipt: dict[str, Any], letters: dict[str, dict[str, Any]]
) -> None:
    """Match a receipt as the bureau's letter says; what nobody owes, the bureau gives back."""
    slip = letters.pop(receipt["serial"], None)
    if slip is None:
        body = {"serial": receipt["serial"], "day": month.day(_DECIDED_DAY), "reason": "多缴退库"}
        given = await play.office.control("/v1/tax/refunds", body)
        refuse_rejections(given)
        return
    body = {
        "credit_code": slip["credit_code"],
        "period": slip["period"],
        "matched_on": month.day(_DECIDED_DAY),
    }
    path = f"/v1/receipts/{receipt['id']}/matches"
    try:
        await play.office.post(_ACCOUNTANT, "collection", path, body)
    except PeerError as refused:
        if refused.code != "NO_OPEN_BILL":
            raise


async def _move(play: Play, month: Month, slip: dict[str, Any]) -> bool:
    """Move a payment to the taxpayer who paid it, by two people; False when it never arrived."""
    receipts = await play.office.pages(_ACCOUNTANT, "collection", "/v1/receipts", channel="tax")
    for receipt in receipts:
        if receipt["serial"] != slip["serial"] or not _left_fen(receipt):
            continue
        body = {
            "credit_code": slip["credit_code"],
            "period": slip["period"],
            "moved_on": month.day(_DECIDED_DAY),
            "reason": "税务误记缴费人",
            "document": f"税务更正函 {slip['serial']}",
        }
        path = f"/v1/receipts/{receipt['id']}/moves"
        move = await play.office.post(_ACCOUNTANT, "collection", path, body)
        path = f"/v1/receipt-moves/{move['id']}/approvals"
        decided = {"decided_on": month.day(_DECIDED_DAY)}
        await play.office.post(_APPROVER, "collection", path, decided)
        await drained(play)
        return True
    return False


def _left_fen(receipt: dict[str, Any]) -> int:
    return parse_yuan(receipt["amount"]) - parse_yuan(receipt["returned"])
