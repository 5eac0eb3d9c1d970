"""Errors in the demo's months, and their corrections by two people or by a later report of the bank.

July: the bank returns a debit, the tax bureau writes a payment down under another taxpayer, and a
pension is refused by the payee's bank. August: a month that was paid in part is lowered.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from services.demo.city import Person, Unit
from services.demo.collecting import (
    DemoError,
    Month,
    Play,
    bill_again,
    clerk,
    drained,
    reviewer,
    suspended_receipt,
    work_off,
)
from services.demo.numbers import luhn_complete
from services.demo.paying import pay_claims
from services.demo.stage import Bar
from shared.money import format_yuan, parse_yuan

_ACCOUNTANT: Final = "fund_accountant"
_APPROVER: Final = "department_head"
_PAUSE_SECONDS: Final = 0.05
_FLOOR_FEN, _CEILING_FEN = 336_400, 1_761_300
"""The bounds of a contribution base, so that a lowered month is known to ask for less."""


@dataclass(frozen=True, slots=True)
class RepaidPension:
    """A pension line that was refused in one batch and paid in another."""

    claim: str
    line: int
    payee_name: str
    amount: str
    failed_batch: str
    batch: str


@dataclass(frozen=True, slots=True)
class Events:
    """The papers of the episodes, for the proofs."""

    returned: str
    """Receipt of the debit that the bank returned."""
    moved: str
    """Move of a receipt to its true payer."""
    lowered: str
    """Credit code of the unit whose part-paid month was lowered."""
    lowered_period: str
    refunded: str
    """Refund that the bank sent back."""
    repaid: RepaidPension


async def return_debit(play: Play, month: Month) -> str:
    """Let the bank return one debit that it had reported settled; the receipt of the debit."""
    with play.stage.step("bounce", 1, month.period) as bar:
        receipts = await play.office.pages(
            _ACCOUNTANT, "collection", "/v1/receipts", channel="bank_debit", status="matched"
        )
        receipt = min(receipts, key=lambda one: str(one["serial"]))
        order = {"serial": receipt["serial"], "day": month.day(24)}
        await play.office.control("/v1/bank/debit-returns", order)
        await work_off(play, "debit", bar)
        await drained(play)
        bar.note(f"the bank returns {receipt['amount']} yuan of {receipt['credit_code']}")
    return str(receipt["id"])


async def move_receipt(play: Play, month: Month) -> str:
    """Move a payment from the taxpayer it was written down under to the one who paid; the move."""
    with play.stage.step("move", 1, month.period) as bar:
        [slip] = month.wrong_payers
        receipts = await play.office.pages(_ACCOUNTANT, "collection", "/v1/receipts", channel="tax")
        [receipt] = [one for one in receipts if one["serial"] == slip["serial"]]
        body = {
            "credit_code": slip["credit_code"],
            "period": slip["period"],
            "moved_on": month.day(25),
            "reason": "税务误记缴费人",
            "document": f"税务更正函 {slip['serial']}",
        }
        path = f"/v1/receipts/{receipt['id']}/moves"
        move = await play.office.post(_ACCOUNTANT, "collection", path, body)
        path = f"/v1/receipt-moves/{move['id']}/approvals"
        await play.office.post(_APPROVER, "collection", path, {"decided_on": month.day(25)})
        await drained(play)
        bar.advance()
        bar.note(f"{move['amount']} yuan moved to {slip['credit_code']}")
    return str(move["id"])


async def refund_stranger(play: Play, month: Month) -> str:
    """Refund money whose payer nobody knows yet; the bank sends it back; the refund.

    It is in suspense again afterwards, to be identified.
    """
    office = play.office
    with play.stage.step("refund", 1, month.period) as bar:
        receipt = await suspended_receipt(play, month.strangers[0])
        body = {
            "source": {"receipt": receipt},
            "requested_on": month.day(23),
            "reason": "缴费人不明",
        }
        refund = await office.post(_ACCOUNTANT, "collection", "/v1/refunds", body)
        path = f"/v1/refunds/{refund['id']}"
        decided = {"decided_on": month.day(23)}
        await office.post(_APPROVER, "collection", f"{path}/approvals", decided)
        await drained(play)
        await _settle_refund(play, refund, month)
        serial = await office.control(
            "/v1/bank/returned-refunds",
            {
                "reference": refund["id"],
                "account": "treasury",
                "amount": refund["amount"],
                "day": month.day(24),
                "returned_on": month.day(25),
            },
        )
        body = {
            "returned_on": month.day(25),
            "serial": serial["serial"],
            "reason": "账户已销户",
        }
        await office.post(_ACCOUNTANT, "collection", f"{path}/returns", body)
        decided = {"decided_on": month.day(25)}
        await office.post(_APPROVER, "collection", f"{path}/returns/approvals", decided)
        await drained(play)
        bar.advance()
        bar.note(f"the bank sends a refund of {refund['amount']} yuan back")
    return str(refund["id"])


async def _settle_refund(play: Play, refund: dict[str, Any], month: Month) -> None:
    """Settle a refund in the ledger, and wait until collection knows that it is paid."""
    office = play.office
    body = {"kind": "refund", "day": month.day(24), "refund": refund["id"]}
    paper = await office.post(_ACCOUNTANT, "ledger", "/v1/settlements", body)
    await office.post(_APPROVER, "ledger", f"/v1/settlements/{paper['id']}/approvals")
    while True:
        found = await office.get(_ACCOUNTANT, "collection", f"/v1/refunds/{refund['id']}")
        if found["status"] == "paid":
            return
        await asyncio.sleep(_PAUSE_SECONDS)


async def lower_month(play: Play, month: Month, first: Month) -> str:
    """Correct a month of which a part was paid to less than that part; the unit's credit code."""
    with play.stage.step("lower", 1, month.period) as bar:
        # No bill that is still to be paid may use the credit up.
        codes = await _with_bills(play, first.period, "part") & await _with_bills(
            play, month.period, "settled"
        )
        units = [one for one in play.city.units if one.credit_code in codes]
        if not units:
            raise DemoError(f"no unit paid a part of {first.period} and all of {month.period}")
        unit = max(units, key=lambda one: len(one.people))
        people = _cheapest_half(unit, first.index)
        wages = format_yuan(sum(wage for _, wage in people))
        body = {
            "reason_code": "PERSON_SUPERFLUOUS",
            "note": "多报人员",
            "unit_wage_total": wages,
            "control": {"people": len(people), "wages": wages},
            "people": [
                {"identity_number": person.identity_number, "wage": format_yuan(wage)}
                for person, wage in people
            ],
        }
        path = f"/v1/declarations/{first.declarations[unit.credit_code]}/corrections"
        paper = await play.office.post("employer_portal", "collection", path, body)
        await bill_again(play, first.period, unit.district, str(paper["id"]), month.day(27))
        await drained(play)
        bar.advance()
        bar.note(f"{first.period} of {unit.name} is lowered by {paper['total'].lstrip('-')} yuan")
    return unit.credit_code


async def _with_bills(play: Play, period: str, status: str) -> set[str]:
    """Find the units that have a bill of a period in a status."""
    bills = await play.office.pages(
        _ACCOUNTANT, "collection", "/v1/bills", period=period, status=status
    )
    return {str(bill["credit_code"]) for bill in bills}


def _cheapest_half(unit: Unit, index: int) -> list[tuple[Person, int]]:
    """Return people who make up less than half of a unit's bases: a part of six tenths is too much."""
    people = sorted(unit.declared(index), key=lambda one: one[1])
    bases = [min(max(wage, _FLOOR_FEN), _CEILING_FEN) for _, wage in people]
    kept, sum_fen = 0, 0
    while 2 * (sum_fen + bases[kept]) <= sum(bases):
        sum_fen += bases[kept]
        kept += 1
    return people[:kept]


async def repay_pension(play: Play, month: Month) -> RepaidPension:
    """Pay a pension again that the payee's bank refused, on an account that two people corrected."""
    with play.stage.step("repay", 1, month.period) as bar:
        failed = await play.office.pages(
            _ACCOUNTANT, "payout", "/v1/failed-payments", fund="pension"
        )
        refused = [one for one in failed if one["outcome"] == "refused"]
        if not refused:
            raise DemoError("the bank refused no pension, so that none can be paid again")
        line = min(
            refused, key=lambda one: (one["reason_code"] == "RJ03", parse_yuan(one["amount"]))
        )
        return await repay(play, line, month.day(12, 1), bar)


async def repay(play: Play, line: dict[str, Any], day: str, bar: Bar) -> RepaidPension:
    """Pay a failed payment again on a day, on an account that two people corrected."""
    path = f"/v1/claims/{line['claim']}/payees"
    payees = await play.office.pages(reviewer(line["district"]), "payout", path)
    account = {
        "bank": line["bank_account"]["bank"],
        "number": luhn_complete(f"621799{line['line']:012d}"),
        "name": next(one["payee_name"] for one in payees if one["line"] == line["line"]),
    }
    body = {"line": line["line"], "bank_account": account, "note": "账号有误"}
    path = f"/v1/claims/{line['claim']}/account-corrections"
    proposed = await play.office.post(clerk(line["district"]), "payout", path, body)
    path = f"/v1/account-corrections/{proposed['id']}/approvals"
    await play.office.post(reviewer(line["district"]), "payout", path)
    batch = await pay_claims(play, [line["claim"]], day)
    await work_off(play, "payment", bar)
    await drained(play)
    bar.note(f"a pension of {line['amount']} yuan is paid again after {line['reason']}")
    return RepaidPension(
        claim=line["claim"],
        line=line["line"],
        payee_name=line["payee_name"],
        amount=line["amount"],
        failed_batch=line["payment_batch"],
        batch=batch,
    )
