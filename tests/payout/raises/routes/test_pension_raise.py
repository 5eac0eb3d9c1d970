"""Doors of raises: drafted by one, previewed, approved by another, paid by the next run, explained."""

from typing import Any

import httpx

from tests.payout.support.office import Office
from tests.payout.support.papers import number, pensioner
from tests.payout.support.recovering import died, overpaid, paid_month


async def facts(
    office: Office, people: list[tuple[int, str, int]], district: str = "heping"
) -> httpx.Response:
    """Register facts of people, as (serial, retired in, months paid), by two persons."""
    body = {
        "district": district,
        "document": "退休审批表",
        "people": [
            {"identity_number": number(serial), "retired_in": month, "paid_months": paid}
            for serial, month, paid in people
        ],
    }
    path = "/v1/pension-fact-lists"
    how: dict[str, Any] = {"district": district}
    proposed = await office.ask("POST", path, body, role="district_clerk", **how)
    assert proposed.status_code == 201, proposed.text
    path = f"{path}/{proposed.json()['id']}/approvals"
    approved = await office.ask("POST", path, {}, role="district_reviewer", **how)
    assert approved.status_code == 201, approved.text
    return approved


def paper(since: str, *groups: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "title": "调整退休人员基本养老金",
        "source": "人社部发〔2021〕1号",
        "from": since,
        "groups": [{"code": f"g{n}", "name": "组"} | group for n, group in enumerate(groups)],
    } | changes


async def drafted(office: Office, body: dict[str, Any]) -> str:
    answer = await office.ask("POST", "/v1/pension-raises", body, role="centre_auditor")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def previewed(office: Office, raise_id: str) -> dict[str, Any]:
    path = f"/v1/pension-raises/{raise_id}/previews"
    answer = await office.ask("POST", path, {}, role="centre_auditor")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def approve(office: Office, raise_id: str, control: Any, **how: Any) -> httpx.Response:
    how = {"role": "centre_leader"} | how
    path = f"/v1/pension-raises/{raise_id}/approvals"
    return await office.ask("POST", path, {"control": control}, **how)


async def applied(office: Office, body: dict[str, Any]) -> dict[str, Any]:
    """Draft, preview and approve a raise; its preview."""
    raise_id = await drafted(office, body)
    shown = await previewed(office, raise_id)
    answer = await approve(office, raise_id, shown["control"])
    assert answer.status_code == 201, answer.text
    return shown | {"id": raise_id}


async def pension(office: Office, serial: int, period: str, district: str) -> str:
    """Run a month of a district and return what it pays to one person of that month."""
    answer = await office.run_pensions(period, district)
    assert answer.status_code == 201, answer.text
    lines = await office.ask("GET", f"/v1/claims/{answer.json()['id']}/lines", role="supervisor")
    (found,) = [
        line["amount"]
        for line in lines.json()["items"]
        if line["reference"] == period
        and line["masked_identity_number"][-4:] == number(serial)[-4:]
    ]
    return str(found)


async def test_a_raise_from_a_past_month_is_previewed_approved_and_paid(office: Office) -> None:
    await office.register([pensioner(900, "3000.00"), pensioner(901, "2000.00")], "heping")
    await office.register([pensioner(901, "2100.00", "2021-03")], "heping")
    for period in ("2021-01", "2021-02", "2021-03"):
        await office.run_pensions(period)
    body = paper(
        "2021-02",
        {"retired_from": "2010-05", "retired_to": "2010-06", "fixed": "29.00"},
        {"retired_to": "2010-06", "per_year": "1.00", "percent": "0.01", "floor": "15.00"},
        {"born_to": "1940-12", "fixed": "500.00"},
        rounding={"unit": "0.10", "mode": "up"},
    )
    raise_id = await drafted(office, body)
    assert (await previewed(office, raise_id))["without_facts"] == 2
    await facts(office, [(900, "2010-05", 361), (901, "2010-06", 120)])
    shown = await previewed(office, raise_id)
    # 900: 29 + 31 years + 1 % of 3000 = 90.00; 901: 29 + 10 + 20, from March 29 + 10 + 21.
    assert shown["control"] == {"people": 2, "monthly": "150.00", "arrears": "299.00"}
    assert shown["arrears"] == [
        {"period": "2021-02", "amount": "149.00"},
        {"period": "2021-03", "amount": "150.00"},
    ]
    assert shown["groups"] == [{"code": "g0", "people": 2}, {"code": "g1", "people": 2}]
    assert shown["without_facts"] == 0
    assert len(shown["samples"]) == 3
    wrong = shown["control"] | {"monthly": "150.10"}
    refused = await approve(office, raise_id, wrong)
    assert refused.json()["code"] == "PENSION_RAISE_TOTALS_DIFFER", refused.text
    approved = await approve(office, raise_id, shown["control"])
    assert approved.json()["status"] == "approved", approved.text
    again = await approve(office, raise_id, shown["control"])
    assert again.json()["code"] == "PENSION_RAISE_DECIDED"
    run = (await office.run_pensions("2021-04")).json()
    assert run["total"] == "5549.00", "3090 + 2160 of the month, 299 of two months before"
    lines = await office.ask("GET", f"/v1/pension-raises/{raise_id}/lines", role="supervisor")
    shown_lines = {(line["before"], line["from"]): line for line in lines.json()["items"]}
    line = shown_lines["3000.00", "2021-02"]
    assert (line["after"], line["paid_months"], line["retired_in"]) == ("3090.00", 361, "2010-05")
    assert [part["added"] for part in line["groups"]] == ["29.00", "61.00"]
    assert shown_lines["2100.00", "2021-03"]["after"] == "2160.00"
    assert number(900) not in lines.text


async def test_raises_stack_in_their_own_order_whatever_order_they_were_approved_in(
    office: Office,
) -> None:
    await office.register([pensioner(910, "1000.00")], "nankai")
    await facts(office, [(910, "2011-11", 240)], "nankai")
    later = {"retired_from": "2011-11", "retired_to": "2011-11", "percent": "0.10"}
    first = {"retired_from": "2011-11", "retired_to": "2011-11", "fixed": "100.00"}
    await applied(office, paper("2021-06", later))
    shown = await applied(office, paper("2021-05", first))
    assert shown["control"] == {"people": 1, "monthly": "110.00", "arrears": "0.00"}
    assert await pension(office, 910, "2021-05", "nankai") == "1100.00"
    assert await pension(office, 910, "2021-06", "nankai") == "1210.00"
    same = await office.ask(
        "POST", "/v1/pension-raises", paper("2021-05", first), role="centre_auditor"
    )
    assert same.json()["code"] == "PENSION_RAISE_EXISTS"


async def test_who_becomes_known_late_is_raised_by_the_next_run(office: Office) -> None:
    await office.register([pensioner(920, "1000.00")], "dongli")
    await office.run_pensions("2021-05", "dongli")
    group = {
        "paid_months_from": 300,
        "retired_from": "2012-12",
        "retired_to": "2012-12",
        "fixed": "50.00",
    }
    await facts(office, [(920, "2012-12", 400)], "dongli")
    await applied(office, paper("2021-04", group))
    await office.register([pensioner(921, "2000.00"), pensioner(922, "10.00")], "dongli")
    await office.register([pensioner(920, "1200.00", "2021-06")], "dongli")
    await facts(office, [(921, "2012-12", 300)], "dongli")
    run = (await office.run_pensions("2021-06", "dongli")).json()
    # 920: 1200 as typed after the raise, and 50 of May; 921: 2050 of May and June; 922: 10 twice.
    assert run["total"] == "5370.00"
    await facts(office, [(922, "2012-12", 360)], "dongli")
    assert (await office.run_pensions("2021-07", "dongli")).json()["total"] == "3410.00"


async def test_a_raise_may_come_before_the_last_one_reached_a_row_known_late(
    office: Office,
) -> None:
    await office.register([pensioner(925, "3000.00")], "hexi")
    await office.register([pensioner(925, "2500.00", "2021-05")], "hexi")
    await facts(office, [(925, "2013-01", 365)], "hexi")
    group = {"retired_from": "2013-01", "retired_to": "2013-01", "percent": "0.10"}
    await applied(office, paper("2021-04", group, sequence=2))
    # The row of March ends the first one, whose raised row of April holds the month until a run.
    await office.register([pensioner(925, "3500.00", "2021-03")], "hexi")
    await applied(office, paper("2021-04", group, sequence=3))
    # 3850 after the first raise, 4235 after the second; from May 2500, 2750, 3025.
    assert await pension(office, 925, "2021-04", "hexi") == "4235.00"
    assert await pension(office, 925, "2021-05", "hexi") == "3025.00"


async def test_two_people_and_only_those_with_the_right(office: Office) -> None:
    raise_id = await drafted(office, paper("2021-09", {"fixed": "1.00"}))
    control = {"people": 1, "monthly": "1.00", "arrears": "0.00"}
    auditor = await approve(office, raise_id, control, role="centre_auditor")
    assert auditor.status_code == 403
    same = await approve(office, raise_id, control, subject="centre_auditor")
    assert same.json()["code"] == "SAME_PERSON_TWICE", same.text
    path = f"/v1/pension-raises/{raise_id}/refusals"
    refused = await office.ask("POST", path, {"note": "依据不足"}, role="centre_leader")
    assert refused.json()["status"] == "refused"
    shown = await office.ask("GET", "/v1/pension-raises", role="supervisor", status="refused")
    assert [row["id"] for row in shown.json()["items"]] == [raise_id]
    one = await office.ask("GET", f"/v1/pension-raises/{raise_id}", role="supervisor")
    assert one.json() == refused.json()
    bad = paper("2021-09", {"fixed": "0.00"}, {"code": "g0", "fixed": "1.00", "cap": "0.00"})
    bad["groups"][1] |= {"floor": "1.00", "born_from": "1950-01", "born_to": "1949-12"}
    answer = await office.ask("POST", "/v1/pension-raises", bad, role="centre_auditor")
    codes = {fault["code"] for fault in answer.json()["errors"]}
    assert codes == {"GROUP_ADDS_NOTHING", "GROUP_REPEATED", "BOUNDS_REVERSED"}, answer.text


async def test_a_raise_that_corrected_facts_lower_is_overpaid(office: Office) -> None:
    serial = 28 * 171
    await office.register([pensioner(serial, "3000.00", "2021-01")], "jizhou")
    await facts(office, [(serial, "2013-07", 480)], "jizhou")
    retired = {"retired_from": "2013-07", "retired_to": "2013-07"}
    await applied(office, paper("2021-02", retired | {"per_year": "10.00"}, sequence=5))
    await paid_month(office, "2021-02", "jizhou")
    await facts(office, [(serial, "2013-07", 240)], "jizhou")
    assert (await overpaid(office, "jizhou"))["total"] == "200.00"


async def test_a_raise_does_not_count_people_who_ended_before_it(office: Office) -> None:
    dead, alive = 28 * 172, 28 * 173
    await office.register([pensioner(one, "3000.00", "2021-01") for one in (dead, alive)], "jizhou")
    await facts(office, [(dead, "2014-07", 480), (alive, "2014-08", 480)], "jizhou")
    await died(office, dead, "2021-01-20", "jizhou")

    def raised(until: str, sequence: int) -> dict[str, Any]:
        group = {"retired_from": "2014-07", "retired_to": until, "fixed": "10.00"}
        return paper("2021-02", group, sequence=sequence)

    shown = await applied(office, raised("2014-08", 6))
    assert shown["control"]["people"] == 1
    lines = await office.ask("GET", f"/v1/pension-raises/{shown['id']}/lines", role="supervisor")
    assert len(lines.json()["items"]) == 1
    nobody = await drafted(office, raised("2014-07", 7))
    assert (await previewed(office, nobody))["control"]["people"] == 0
    refused = await approve(office, nobody, shown["control"])
    assert refused.json()["code"] == "PENSION_RAISE_NOBODY"
