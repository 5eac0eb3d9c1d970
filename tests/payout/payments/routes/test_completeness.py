"""Doors of a month's completeness and of the batch that pays all corrected lines again."""

from typing import Any

from tests.payout.support.office import Office
from tests.payout.support.papers import account, number, pensioner, result

HERE = "binhai"


async def month(office: Office, period: str = "2021-07") -> dict[str, Any]:
    """Read a month of the district: states and stops as (people, amount) by name."""
    path = f"/v1/pension-months/{period}"
    shown = await office.ask("GET", path, role="district_reviewer", district=HERE)
    assert shown.status_code == 200, shown.text
    body = shown.json()
    named = {row.get("state") or row["reason"]: row for row in body["states"] + body["stopped"]}
    sums = {name: (row["people"], row["amount"]) for name, row in named.items() if row["people"]}
    return body | {"sums": sums}


async def repay(office: Office, key: str) -> Any:
    body = {"fund": "pension", "district": HERE, "pay_date": "2021-08-09"}
    return await office.ask("POST", "/v1/repayment-batches", body, role="centre_cashier", key=key)


async def by_two(office: Office, path: str, body: dict[str, Any], **how: Any) -> None:
    """Propose a paper of the district and approve it."""
    clerk = {"role": "district_clerk", "district": HERE} | how
    proposed = await office.ask("POST", path, body, **clerk)
    assert proposed.status_code == 201, proposed.text
    root = "/v1/entitlement-rules" if how else "/v1/account-corrections"
    approver = (
        {"role": "department_head"} if how else {"role": "district_reviewer", "district": HERE}
    )
    decided = await office.ask("POST", f"{root}/{proposed.json()['id']}/approvals", {}, **approver)
    assert decided.status_code == 201, decided.text


async def filed(office: Office) -> list[str]:
    """File a run of three people and one of arrears of a fourth, and approve both."""
    amounts = ["1000.00", "2000.00", "3000.00", "400.00", "50.00", "6.00"]
    people = [pensioner(1300 + n, amount) for n, amount in enumerate(amounts)]
    await office.register(people[:5], HERE)
    jailed = {"identity_number": number(1303), "from": "2021-07"}
    await office.change("suspend", [jailed], HERE, reason="prison")
    dead = {"identity_number": number(1304), "event_on": "2021-05-03"}
    await office.change("end", [dead], HERE, reason="death")
    shown = await month(office)
    assert shown["sums"] == {
        "unclaimed": (3, "6000.00"),
        "suspended": (1, "400.00"),
        "ended": (1, "50.00"),
    }
    assert (shown["rate"], shown["complete"]) == ("0.0000", False)
    run = (await office.run_pensions("2021-07", HERE)).json()
    await office.register(people[5:], HERE)
    assert (await month(office))["sums"]["unclaimed"] == (1, "6.00"), "known after the run"
    arrears = await office.ask(
        "POST",
        "/v1/pension-runs",
        {"district": HERE, "period": "2021-07", "scope": "arrears"},
        role="district_clerk",
        district=HERE,
    )
    assert (arrears.status_code, arrears.json()["total"]) == (201, "6.00"), arrears.text
    assert (await month(office))["sums"]["signing"] == (4, "6006.00")
    return [await office.approve(run), await office.approve(arrears.json())]


async def test_every_fen_of_a_month_is_paid_or_held_with_a_reason(office: Office) -> None:
    claims = await filed(office)
    batch = (await office.batch(claims)).json()["id"]
    await office.fund()
    by_amount = {line["amount"]: line for line in await office.lines(batch)}
    await office.report(
        batch,
        [
            result(by_amount["1000.00"], value_date="2021-07-20"),
            result(by_amount["2000.00"], "refused"),
            result(by_amount["3000.00"]),
            result(by_amount["3000.00"], "returned", value_date="2021-08-08"),
        ],
    )
    shown = await month(office)
    assert shown["sums"] == {
        "paid": (1, "1000.00"),
        "in_flight": (1, "6.00"),
        "waiting_account": (2, "5000.00"),
        "suspended": (1, "400.00"),
        "ended": (1, "50.00"),
    }
    assert shown["due"] == {"people": 4, "amount": "6006.00"}
    assert (await repay(office, "r0")).json()["code"] == "NOTHING_TO_REPAY"
    failed = (await office.ask("GET", "/v1/failed-payments", role="supervisor")).json()["items"]
    for row in [row for row in failed if row["claim"] == claims[0]]:
        body = {"line": row["line"], "bank_account": account(1400), "note": "账号有误"}
        await by_two(office, f"/v1/claims/{row['claim']}/account-corrections", body)
    again = await repay(office, "r1")
    assert (again.status_code, again.json()["control"]["total"]) == (201, "5000.00"), again.text
    await office.fund()
    await office.report(batch, [result(by_amount["6.00"])])
    lines = await office.lines(again.json()["id"])
    await office.report(again.json()["id"], [result(line) for line in lines])
    shown = await month(office)
    assert (shown["rate"], shown["complete"]) == ("1.0000", True)
    assert (shown["in_time"]["amount"], shown["pay_by"]) == ("1000.00", "2021-07-31")
    path = "/v1/pension-months/2021-07/print"
    printed = await office.ask("GET", path, role="dashboard", district="centre")
    assert '<td>已到账</td><td class="money">4</td><td class="money">6006.00</td>' in printed.text
    assert "一人不漏、一分不欠" in printed.text
    assert (await repay(office, "r2")).json()["code"] == "NOTHING_TO_REPAY"


async def test_a_month_is_paid_early_where_a_rule_of_two_people_says_so(office: Office) -> None:
    await office.register([pensioner(1350, "100.00")], HERE)
    assert (await office.run_pensions("2098-02", HERE)).json()["code"] == "PERIOD_IN_FUTURE"
    rule = {
        "code": f"basic_pension.{HERE}",
        "in_force_from": "2021-01-20",
        "source": "春节提前发放",
    }
    how = {"role": "centre_auditor", "district": "centre"}
    early = rule | {"topic": "early_run", "early_run": {"period": "2098-02"}}
    await by_two(office, "/v1/entitlement-rules", early, **how)
    by_the_8th = rule | {"topic": "pay_day", "pay_day": {"day": 8}}
    await by_two(office, "/v1/entitlement-rules", by_the_8th, **how)
    run = await office.run_pensions("2098-02", HERE)
    assert run.status_code == 201, run.text
    assert (await office.run_pensions("2098-03", HERE)).json()["code"] == "PERIOD_IN_FUTURE"
    assert (await month(office, "2098-02"))["pay_by"] == "2098-02-08"
