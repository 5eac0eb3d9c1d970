"""Pension runs: every month of a person is paid once, over all districts and runs."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.payout.support.office import Office
from tests.payout.support.papers import account, number, pensioner


def paid(run: httpx.Response) -> tuple[int, str]:
    assert run.status_code == 201, run.text
    return run.json()["lines"], run.json()["total"]


async def lines_of(office: Office, run: httpx.Response) -> list[tuple[str, str]]:
    """The lines of a run as (month, amount)."""
    path = f"/v1/claims/{run.json()['id']}/lines"
    shown = await office.ask("GET", path, role="supervisor", limit=500)
    return [(line["reference"], line["amount"]) for line in shown.json()["items"]]


async def test_a_pension_run_pays_everybody_by_the_latest_row(office: Office) -> None:
    await office.register(
        [
            pensioner(200, "1000.00", "2020-01"),
            pensioner(201, "2000.00", "2020-01"),
            pensioner(202, "4000.00", "2020-03"),
        ],
        "binhai",
    )
    await office.register([pensioner(200, "1100.00", "2020-02")], "binhai")  # a raise
    await office.register([pensioner(201, "2000.00", "2020-03")], "nankai")  # moved away
    totals = {}
    for period in ("2020-01", "2020-02", "2020-03"):
        run = await office.run_pensions(period, "binhai")
        assert run.status_code == 201, run.text
        totals[period] = (run.json()["lines"], run.json()["total"])
    assert totals == {
        "2020-01": (2, "3000.00"),
        "2020-02": (2, "3100.00"),
        "2020-03": (2, "5100.00"),
    }
    moved = await office.run_pensions("2020-03", "nankai")
    assert moved.json()["total"] == "2000.00"


async def test_a_district_and_month_has_one_pension_run_unless_it_is_refused(
    office: Office,
) -> None:
    await office.register([pensioner(100)])
    first = await office.run_pensions("2021-06", key="one-key")
    assert first.status_code == 201
    same = await office.run_pensions("2021-06", key="one-key")
    assert same.json() == first.json()
    other = await office.run_pensions("2021-06")
    assert other.status_code == 409
    assert other.json()["code"] == "CLAIM_EXISTS"
    claim = first.json()["id"]
    await office.sign(claim, "district_reviewer", "refuse", district="heping", note="名单待核")
    again = await office.run_pensions("2021-06")
    assert again.status_code == 201
    assert again.json()["id"] != claim


async def test_an_empty_run_and_a_future_month_are_refused(office: Office) -> None:
    nobody = await office.run_pensions("2018-06")
    assert (nobody.status_code, nobody.json()["code"]) == (422, "NOTHING_TO_PAY")
    future = await office.run_pensions("2099-01")
    assert (future.status_code, future.json()["code"]) == (422, "PERIOD_IN_FUTURE")
    foreign = await office.ask(
        "POST",
        "/v1/pension-runs",
        {"district": "nankai", "period": "2021-07"},
        role="district_clerk",
        district="heping",
    )
    assert foreign.status_code == 403


async def test_a_pensioner_who_moves_is_paid_once_for_the_month(office: Office) -> None:
    await office.register([pensioner(300, "3000.00")], "hedong")
    assert paid(await office.run_pensions("2021-08", "hedong")) == (1, "3000.00")
    await office.register([pensioner(300, "3000.00", "2021-08")], "hexi")
    again = await office.run_pensions("2021-08", "hexi")
    assert (again.status_code, again.json()["code"]) == (422, "NOTHING_TO_PAY")
    assert paid(await office.run_pensions("2021-09", "hexi")) == (1, "3000.00")
    old = await office.run_pensions("2021-09", "hedong")
    assert (old.status_code, old.json()["code"]) == (422, "NOTHING_TO_PAY")


async def test_a_late_registration_and_a_raise_are_paid_by_the_next_run(office: Office) -> None:
    """The case of the report: 4600.00 + 500.00 of a raise + 7500.00 of a late registration."""
    await office.register([pensioner(310, "2000.00")], "dongli")
    for month in range(1, 7):
        assert paid(await office.run_pensions(f"2021-0{month}", "dongli")) == (1, "2000.00")
    await office.register([pensioner(310, "2100.00", "2021-02")], "dongli")
    await office.register([pensioner(311, "2500.00", "2021-04")], "dongli")
    run = await office.run_pensions("2021-07", "dongli")
    assert paid(run) == (10, "12600.00")
    lines = await lines_of(office, run)
    assert sorted(lines[:2]) == [("2021-07", "2100.00"), ("2021-07", "2500.00")]
    assert sorted(lines[2:]) == sorted(
        [(f"2021-0{month}", "100.00") for month in range(2, 7)]
        + [(f"2021-0{month}", "2500.00") for month in range(4, 7)]
    )
    assert paid(await office.run_pensions("2021-08", "dongli")) == (2, "4600.00")


async def test_months_of_before_the_first_run_are_no_arrears(office: Office) -> None:
    await office.register([pensioner(320, "1000.00", "2019-01")], "xiqing")
    assert paid(await office.run_pensions("2021-07", "xiqing")) == (1, "1000.00")
    assert paid(await office.run_pensions("2021-06", "xiqing")) == (1, "1000.00")
    assert paid(await office.run_pensions("2021-08", "xiqing")) == (1, "1000.00")


async def test_a_refused_run_pays_nothing_and_its_months_are_due_again(office: Office) -> None:
    await office.register([pensioner(330, "1000.00")], "jinnan")
    await office.run_pensions("2021-07", "jinnan")
    await office.register([pensioner(330, "1100.00", "2021-07")], "jinnan")
    run = await office.run_pensions("2021-08", "jinnan")
    assert paid(run) == (2, "1200.00")
    claim = run.json()["id"]
    await office.sign(claim, "district_reviewer", "refuse", district="jinnan", note="名单待核")
    assert paid(await office.run_pensions("2021-08", "jinnan")) == (2, "1200.00")
    nothing = await office.run_pensions("2021-08", "jinnan")
    assert nothing.status_code == 409


async def test_a_month_whose_run_is_refused_after_a_move_is_paid_by_the_new_district(
    office: Office,
) -> None:
    old, new = "hebei", "wuqing"
    await office.register([pensioner(331, "1000.00"), pensioner(332, "5.00")], old)
    await office.register([pensioner(333, "7.00")], new)
    march = await office.run_pensions("2021-03", old)
    april = await office.run_pensions("2021-04", old)
    assert paid(march) == paid(april) == (2, "1005.00")
    moved = [{"identity_number": number(331), "from": "2021-03"}]
    assert (await office.change("move", moved, new, reason="residence")).status_code == 201
    assert paid(await office.run_pensions("2021-03", new)) == (1, "7.00")
    refusal = {"role": "district_reviewer", "decision": "refuse", "district": old, "note": "待核"}
    await office.sign(march.json()["id"], **refusal)
    assert paid(await office.run_pensions("2021-03", old)) == (1, "5.00")
    assert paid(await office.run_pensions("2021-04", new)) == (2, "1007.00"), "March is paid late"


async def test_a_run_of_arrears_leaves_a_changed_account_on_hold(office: Office) -> None:
    here = "jinghai"
    await office.register([pensioner(335, "1000.00")], here)
    await office.run_pensions("2021-03", here)
    changed = [{"identity_number": number(335), "bank_account": account(99999)}]
    assert (await office.change("account", changed, here, reason="requested")).status_code == 201
    await office.register([pensioner(336, "5.00", "2021-03")], here)
    arrears = {"district": here, "period": "2021-03", "scope": "arrears"}
    how = {"role": "district_clerk", "district": here}
    assert paid(await office.ask("POST", "/v1/pension-runs", arrears, **how)) == (1, "5.00")
    accounts = []
    for month in ("2021-04", "2021-05"):
        run = await office.run_pensions(month, here)
        path = f"/v1/claims/{run.json()['id']}/payees"
        shown = (await office.ask("GET", path, role="supervisor")).json()["items"]
        accounts.append({one["bank_account"]["number"] for one in shown})
    other = account(336)["number"]
    assert accounts == [{account(335)["number"], other}, {account(99999)["number"], other}]


async def test_runs_at_the_same_time_pay_a_person_once(office: Office) -> None:
    await office.register([pensioner(340, "1000.00")], "beichen")
    await office.register([pensioner(340, "1000.00", "2021-07")], "wuqing")
    runs = await asyncio.gather(
        *(office.run_pensions("2021-07", district) for district in ("beichen", "wuqing"))
    )
    assert sorted(run.status_code for run in runs) == [201, 422]


async def test_the_database_itself_pays_a_part_once(office: Office) -> None:
    await office.register([pensioner(360, "1000.00")], "ninghe")
    await office.run_pensions("2021-07", "ninghe")
    columns = "person_id, identity_blind, kind, period, part, amount_fen, claim_key, claim_id"
    with pytest.raises(DBAPIError, match="pension_month_pkey"):
        async with office.app.state.db.transaction() as tx:
            await tx.execute(
                text(f"""
                    INSERT INTO pension_month ({columns})
                    SELECT {columns} FROM pension_month WHERE period = '2021-07' LIMIT 1
                """)
            )


async def test_any_order_of_runs_and_registrations_pays_the_same(office: Office) -> None:
    totals = []
    for serial, district, order in (
        (370, "first", ["since-05", "2021-05", "2021-06", "raise-06", "2021-07"]),
        (371, "second", ["since-05", "raise-06", "2021-05", "2021-06", "2021-07"]),
        (372, "third", ["since-05", "2021-06", "raise-06", "2021-05", "2021-07"]),
        (373, "fourth", ["since-05", "raise-06", "2021-07", "2021-06", "2021-05"]),
    ):
        total: Any = []
        for step in order:
            if step == "since-05":
                await office.register([pensioner(serial, "1000.00", "2021-05")], district)
            elif step == "raise-06":
                await office.register([pensioner(serial, "1050.00", "2021-06")], district)
            else:
                run = await office.run_pensions(step, district)
                total += [(month, amount) for month, amount in await lines_of(office, run)]
        sums: dict[str, int] = {}
        for month, amount in total:
            sums[month] = sums.get(month, 0) + int(amount.replace(".", ""))
        totals.append(sums)
    assert totals == [{"2021-05": 100_000, "2021-06": 105_000, "2021-07": 105_000}] * 4
