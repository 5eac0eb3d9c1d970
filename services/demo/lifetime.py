"""Pensions over a lifetime, in the demo's second month; and a unit's refund after the year's end.

A pensioner's death is known late, so that a month was paid too much and comes back; a raise reaches
back a month; a payment comes back from the payee's bank and is paid on another account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from services.demo.city import Pensioner
from services.demo.collecting import DemoError, Month, Play, clerk, drained, reviewer, work_off
from services.demo.episodes import RepaidPension, repay
from services.demo.paying import fund_expenditure, pay_claims, sign
from shared.money import parse_yuan

_APPROVER: Final = "department_head"
_LEADER: Final = "centre_leader"
_RAISE: Final = {"code": "everybody", "name": "普遍调整", "fixed": "28.00", "percent": "0.012"}
_FILED, _FUNDED, _PAID = "2022-01-10", "2022-01-11", "2022-01-12"
"""Days of the stable-job refund: after the year whose contributions it gives back."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The papers of these episodes, for the proofs."""

    case: str
    """Recovery case of the month after the death."""
    pension_raise: str
    returned: RepaidPension
    refund: str
    """Claim of the stable-job refund."""
    refunded_unit: str


async def end_late(play: Play, month: Month) -> Pensioner:
    """End the pension of somebody who died before last month, which was paid; the pensioner."""
    died = max(play.city.pensioners, key=lambda one: (one.monthly_fen, one.identity_number))
    with play.stage.step("death", 1, month.period) as bar:
        body = {
            "action": "end",
            "district": died.district,
            "reason": "death",
            "document": "火化证明比对名单",
            "people": [{"identity_number": died.identity_number, "event_on": month.day(11, -2)}],
        }
        path = "/v1/entitlement-changes"
        paper = await play.office.post(clerk(died.district), "payout", path, body)
        await _approve(play, died.district, f"{path}/{paper['id']}")
        bar.advance()
    return died


async def _approve(play: Play, district: str, path: str) -> None:
    await play.office.post(reviewer(district), "payout", f"{path}/approvals", {})


async def raise_pensions(play: Play, month: Month, first: Month) -> dict[str, Any]:
    """Raise everybody's pension from an earlier month; the raise with its totals."""
    with play.stage.step("raise", 1, month.period) as bar:
        body = {
            "title": "2021年调整退休人员基本养老金",
            "source": "演示城市〔2021〕1号",
            "from": first.period,
            "groups": [_RAISE],
            "rounding": {"unit": "0.10", "mode": "up"},
        }
        path = "/v1/pension-raises"
        paper = await play.office.post(_APPROVER, "payout", path, body)
        path = f"{path}/{paper['id']}"
        # A preview writes nothing, and after the approval there is none.
        seen = await play.office.again(_LEADER, "payout", f"{path}/previews")
        control = {"control": seen["control"]}
        raised: dict[str, Any] = await play.office.post(
            _LEADER, "payout", f"{path}/approvals", control
        )
        bar.advance()
        totals = raised["control"]
        bar.note(
            f"{totals['people']} people, {totals['monthly']} a month, {totals['arrears']} back"
        )
    return raised


async def recover(play: Play, month: Month, died: Pensioner) -> str:
    """Take back the month that was paid after the death; the case."""
    office, centre = play.office, "centre_cashier"
    with play.stage.step("recover", 1, month.period) as bar:
        body = {"district": died.district, "reason": "死亡后多发", "document": "火化证明比对名单"}
        path = "/v1/recovery-cases"
        opened = await office.post(clerk(died.district), "payout", path, body)
        [case] = opened["items"]
        await _approve(play, died.district, f"{path}/{case['id']}")
        credit = {
            "reference": f"RC-{case['notice_no']}",
            "account": "expenditure",
            "payer": f"{died.name}家属",
            "amount": case["amount"],
            "day": month.day(26),
            "remark": case["notice_no"],
        }
        serial = (await office.control("/v1/bank/credits", credit))["serial"]
        repaid = {
            "bank_serial": serial,
            "value_date": month.day(26),
            "amount": case["amount"],
            "payer": f"{died.name}家属",
        }
        entry = await office.post(centre, "payout", f"{path}/{case['id']}/repayments", repaid)
        await office.post(_APPROVER, "payout", f"/v1/recovery-entries/{entry['id']}/approvals", {})
        await drained(play)
        bar.advance()
        bar.note(f"{case['amount']} yuan paid after a death come back")
    return str(case["id"])


async def return_pension(play: Play, month: Month) -> RepaidPension:
    """Let a payee's bank send a pension back, and pay it on another account."""
    with play.stage.step("send_back", 1, month.period) as bar:
        batches = await play.office.pages(
            "centre_cashier", "payout", "/v1/payment-batches", fund="pension"
        )
        path = f"/v1/payment-batches/{batches[-1]['id']}/lines"
        lines = await play.office.pages("centre_cashier", "payout", path)
        paid = [one for one in lines if one["status"] == "paid"]
        line = sorted(paid, key=lambda one: (parse_yuan(one["amount"]), one["line"]))[
            len(paid) // 2
        ]
        order = {"serial": line["bank_serial"], "day": month.day(12, 1)}
        await play.office.control("/v1/bank/payment-returns", order)
        await work_off(play, "payment", bar)
        await drained(play)
        failed = await play.office.pages(
            "centre_cashier", "payout", "/v1/failed-payments", fund="pension"
        )
        own = (batches[-1]["id"], line["amount"], "returned")
        back = next(
            (one for one in failed if (one["payment_batch"], one["amount"], one["outcome"]) == own),
            None,
        )
        if back is None:
            raise DemoError("the payment that the bank returned does not wait to be paid again")
        return await repay(play, back, month.day(20, 1), bar)


async def refund_stable_job(play: Play) -> tuple[str, str]:
    """Refund a part of a unit's unemployment contributions of last year; the claim and the unit.

    The national row asks for twelve paid months; this city, which began in July, has a row of its
    own by two people.
    """
    office = play.office
    with play.stage.step("stable", 1) as bar:
        await _local_row(play)
        claim, unit = await _file_refund(play)
        amounts = [{"fund": "unemployment", "amount": claim["total"]}]
        await fund_expenditure(play, _FUNDED, amounts)
        await sign(play, claim, lambda: None)
        await pay_claims(play, [claim["id"]], _PAID)
        await work_off(play, "payment", bar)
        await drained(play)
        bar.note(f"{claim['total']} yuan of {unit}")
        found = await office.get("fund_accountant", "payout", f"/v1/claims/{claim['id']}")
    return str(found["id"]), unit


async def _local_row(play: Play) -> None:
    rows = await play.office.pages(
        _APPROVER, "payout", "/v1/formula-rows", rule="stable_job_refund"
    )
    [national] = [one for one in rows if one["in_force_from"] <= _FILED <= one["in_force_to"]]
    body = {
        "rule": "stable_job_refund",
        "place": "tianjin",
        "in_force_from": national["in_force_from"],
        "in_force_to": national["in_force_to"],
        "source": "演示城市〔2022〕1号:系统启用前的月份由原系统证明",
        "certain": True,
        "note": "演示城市自7月起缴费",
        "value": national["value"] | {"paid_months": 2},
    }
    row = await play.office.post(_APPROVER, "payout", "/v1/formula-rows", body)
    path = f"/v1/formula-rows/{row['id']}/approvals"
    await play.office.post("centre_auditor", "payout", path, {})


async def _file_refund(play: Play) -> tuple[dict[str, Any], str]:
    """File the refund of the largest unit that has paid everything."""
    bills = await play.office.pages("fund_accountant", "collection", "/v1/bills")
    owing = {bill["credit_code"] for bill in bills if bill["open"] != "0.00"}
    units = [one for one in play.city.units if one.credit_code not in owing]
    if not units:
        raise DemoError("no unit has paid everything")
    unit = max(units, key=lambda one: (len(one.declared(0)), one.credit_code))
    body = {
        "credit_code": unit.credit_code,
        "district": unit.district,
        "filed_on": _FILED,
        "size": "other",
        "payee_name": unit.name,
        "bank_account": unit.bank_account.json(),
    }
    claim = await play.office.post(clerk(unit.district), "payout", "/v1/stable-job-refunds", body)
    return claim, unit.credit_code
