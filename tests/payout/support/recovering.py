"""Overpaid pensions for tests: months paid by the bank, a death known late, cases of two people."""

from typing import Any

import httpx

from tests.payout.support.office import Office
from tests.payout.support.papers import number, result


async def paid_month(
    office: Office, period: str, district: str, value_date: str | None = None
) -> str:
    """Run a month of a district, sign it, and let the bank pay it; return the claim."""
    filed = await office.run_pensions(period, district)
    assert filed.status_code == 201, filed.text
    claim = await office.approve(filed.json())
    await pay(office, claim, value_date or f"{period}-08")
    return claim


async def pay(office: Office, claim: str, value_date: str, outcome: str = "paid") -> str:
    """Pay a claim by a batch of its own; return the batch."""
    batch = (await office.batch([claim], pay_date=value_date)).json()["id"]
    await office.fund()
    reports = [result(line, outcome, value_date=value_date) for line in await office.lines(batch)]
    assert (await office.report(batch, reports)).status_code == 200
    return str(batch)


async def died(office: Office, serial: int, day: str, district: str) -> httpx.Response:
    people = [{"identity_number": number(serial), "event_on": day}]
    return await office.change("end", people, district, reason="death")


async def came_back(office: Office, serial: int, since: str, district: str) -> httpx.Response:
    people = [{"identity_number": number(serial), "from": since}]
    return await office.change("resume", people, district, reason="death")


async def opened(office: Office, district: str, **how: Any) -> httpx.Response:
    """Open the cases of a district."""
    body = {
        "district": district,
        "reason": "死亡比对后发现多发",
        "document": "津社险稽〔2021〕12号",
    }
    how = {"role": "district_clerk", "district": district} | how
    return await office.ask("POST", "/v1/recovery-cases", body, **how)


async def confirmed(office: Office, district: str) -> dict[str, Any]:
    """Open the one case of a district and confirm it."""
    answer = await opened(office, district)
    assert answer.status_code == 201, answer.text
    (case,) = answer.json()["items"]
    done = await confirm(office, case["id"], district)
    assert done.status_code == 201, done.text
    found: dict[str, Any] = done.json()["case"]
    return found


async def planned(office: Office, case: dict[str, Any], **plan: Any) -> httpx.Response:
    """Propose a plan and approve it; return the first refusal, or the plan."""
    how = {"role": "district_clerk", "district": case["district"]}
    proposed = await office.ask("POST", f"/v1/recovery-cases/{case['id']}/plans", plan, **how)
    if proposed.status_code != 201:
        return proposed
    how["role"] = "district_reviewer"
    path = f"/v1/recovery-plans/{proposed.json()['id']}/approvals"
    return await office.ask("POST", path, {}, **how)


async def confirm(office: Office, case: str, district: str, **how: Any) -> httpx.Response:
    how = {"role": "district_reviewer", "district": district} | how
    return await office.ask("POST", f"/v1/recovery-cases/{case}/approvals", {}, **how)


async def case_of(office: Office, case: str) -> dict[str, Any]:
    answer = await office.ask("GET", f"/v1/recovery-cases/{case}", role="supervisor")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def overpaid(office: Office, district: str) -> dict[str, Any]:
    return await look(office, "/v1/overpayments", district=district)


async def look(office: Office, path: str, **params: str) -> dict[str, Any]:
    """Read as the supervisor, with a district among the parameters."""
    headers = office.bearer("supervisor", "centre", None)
    answer = await office.client.get(path, headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def receipt(serial: str, amount: str, day: str, **more: Any) -> dict[str, Any]:
    return {"bank_serial": serial, "value_date": day, "amount": amount, "payer": "张建国"} | more


async def repaid(office: Office, case: str, money: dict[str, Any]) -> httpx.Response:
    """Enter a repayment and approve it; return the first refusal, or the entry."""
    proposed = await office.ask(
        "POST", f"/v1/recovery-cases/{case}/repayments", money, role="centre_cashier"
    )
    if proposed.status_code != 201:
        return proposed
    path = f"/v1/recovery-entries/{proposed.json()['id']}/approvals"
    return await office.ask("POST", path, {}, role="department_head")


async def reported(office: Office, *receipts: dict[str, Any]) -> list[str]:
    """Report credits as the bank; return what became of each."""
    answer = await office.ask(
        "POST", "/v1/recovery-receipts", {"receipts": list(receipts)}, role="bank_gateway"
    )
    assert answer.status_code == 200, answer.text
    return [item["outcome"] for item in answer.json()["items"]]


def entries(voucher: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["side"], one["account"], one["amount"]) for one in voucher["entries"]]
