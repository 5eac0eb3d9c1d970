"""Through the doors: what was paid in time is in time, whatever became known first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import permutations

import pytest

from services.collection.app import build
from services.collection.reallocation.jobs import run_due
from shared.db import Database
from shared.money import parse_yuan
from tests.collection.support.debtors import PENSION, STAFF, Debtors, after
from tests.collection.support.money import Owed, fetch, line, push
from tests.collection.support.office import Office
from tests.collection.support.restating import (
    a_unit,
    assert_ties,
    bill,
    bill_of,
    corrected,
    credits_of,
    declared,
    pay,
)
from tests.collection.support.totals import apart_on_any_day
from tests.conftest import Bearer, ClientOf, SettingsFor

WHOLE_FEN = 15_000_00
"""The amount of a bill of these tests: the unit's line and the staff's."""


@pytest.fixture(scope="module")
async def debtors(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Debtors]:
    async with client_of(build(settings_for())) as api:
        yield Debtors(api, bearer, database_url)


async def account(debtors: Debtors, owed: Owed) -> object:
    """Read what is open, charged and in suspense of a unit, receipts by the day they were paid."""
    charges = await debtors.charges(owed)
    bills = await debtors.bills(owed)
    suspended = await fetch(
        debtors.url,
        """
        SELECT receipt.paid_on, receipt.amount_fen, suspense.amount_fen - suspense.matched_fen AS fen
          FROM receipt
          JOIN suspense ON suspense.receipt_key = receipt.receipt_key
                       AND suspense.receipt_id = receipt.id
         WHERE receipt.unit_id = $1 AND suspense.matched_fen < suspense.amount_fen
         ORDER BY 1, 2
        """,
        owed.unit_id,
    )
    return (
        sorted((one["kind"], one["open"]) for one in bills if parse_yuan(one["total"])),
        sum(parse_yuan(one["amount"]) for one in charges),
        [tuple(row.values()) for row in suspended],
    )


async def test_the_late_line_of_a_push_may_stand_first(debtors: Debtors) -> None:
    owed = await debtors.owe(PENSION, STAFF)
    rows = [
        line("06-late", owed.credit_code, WHOLE_FEN, owed.period, paid_on=after(26)),
        line("06-in-time", owed.credit_code, WHOLE_FEN, owed.period, paid_on=after(-5)),
    ]
    answer = await debtors.push(push("06", rows, collected_on=after(26)))
    assert (answer["matched"], answer["suspended_amount"]) == (1, "15000.00")
    assert await debtors.charges(owed) == []


async def test_any_order_of_payments_ends_in_the_same_account(debtors: Debtors) -> None:
    payments = [(9_000_00, after(-5)), (7_000_00, after(20)), (4_000_00, after(40))]
    accounts = []
    for order in permutations(payments):
        owed = await debtors.owe(PENSION, STAFF)
        for amount_fen, paid_on in order:
            await debtors.pay(owed, amount_fen, paid_on, booked_on=after(60))
        accounts.append(await account(debtors, owed))
    assert all(one == accounts[0] for one in accounts), accounts
    _, charged_fen, suspended = accounts[0]  # type: ignore[misc]
    assert charged_fen > 0
    assert suspended, "4000.00 and 1000.00 less the charge were paid too much"


async def test_money_that_was_paid_in_time_takes_a_late_fee_back(debtors: Debtors) -> None:
    owed = await debtors.owe(PENSION, STAFF)
    await debtors.pay(owed, WHOLE_FEN, after(26))
    assert parse_yuan((await debtors.charges(owed))[0]["amount"]) > 0
    await debtors.pay(owed, WHOLE_FEN, after(-5), booked_on=after(30))
    bills, charged_fen, suspended = await account(debtors, owed)  # type: ignore[misc]
    assert charged_fen == 0
    assert [one for _, one in bills] == ["0.00"]
    assert [row[2] for row in suspended] == [WHOLE_FEN]
    kinds = [one["kind"] for one in await debtors.vouchers_of(owed, "receipt", "reallocation")]
    assert kinds.count("reallocation") == 2, "the late receipt's, and the charge that is none"
    listed = await debtors.get(f"/v1/units/{owed.credit_code}/reallocations")
    assert len(listed["items"]) == 1, "one change of the account, booked by two vouchers"
    assert (await debtors.arrears(owed, after(90)))["total"] == "0.00"


async def test_business_and_statistics_agree_whatever_the_order(debtors: Debtors) -> None:
    """After everything above: late fees taken back, money in suspense, payments in any order."""
    assert await apart_on_any_day(debtors) == {}
    told = await debtors.get("/v1/closing-control", as_of=after(90))
    charged = [one["items"]["late_fees_charged"]["business"] for one in told["funds"].values()]
    assert any(parse_yuan(fen) > 0 for fen in charged)


async def test_a_part_paid_bill_is_lowered_and_nothing_is_overdue(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "10000.00", period="2021-07")
    await bill(office, db, first, bill_date="2021-08-12")
    await pay(office, unit, "2000.00", "2021-07", "2021-08-20")
    paper = await corrected(office, first, unit, "5000.00")
    await bill(office, db, paper, bill_date="2021-08-24")
    await run_due(db, "tianjin")
    lowered = await bill_of(office, first)
    assert (lowered["status"], lowered["open"], lowered["settled"]) == (
        "settled",
        "0.00",
        "2000.00",
    )
    standing = await credits_of(office, unit, standing=True)
    left_fen = sum(parse_yuan(one["left"]) for one in standing)
    assert left_fen == 2000_00 - parse_yuan(first["total"]) - parse_yuan(paper["total"])
    arrears = await office.get(
        "payout_service", f"/v1/units/{unit.code}/arrears", as_of="2021-10-25"
    )
    found = arrears.json()
    assert (found["total"], found["overdue"], found["late_fee"]) == ("0.00", False, "0.00")
    body = {"period_from": "2021-07", "period_to": "2021-07", "as_of": "2021-10-25"}
    issued = await office.post("district_clerk", f"/v1/units/{unit.code}/certificates", body)
    assert issued.status_code == 201, issued.text
    await assert_ties(office, unit)


async def test_money_that_came_before_its_bill_settles_it(office: Office, db: Database) -> None:
    unit = await a_unit(office)
    first = await declared(office, unit, "10000.00", period="2021-07")
    await pay(office, unit, first["total"], "2021-07", "2021-08-05")
    await bill(office, db, first, bill_date="2021-08-12")
    assert (await bill_of(office, first))["status"] == "open"
    assert await run_due(db, "tianjin") >= 1
    settled = await bill_of(office, first)
    assert (settled["status"], settled["open"]) == ("settled", "0.00")
    assert await run_due(db, "tianjin") == 0
    await assert_ties(office, unit)
