"""Through the doors: the bank returns a debit that it had settled, or settles one it had refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import permutations

import pytest

from services.collection.app import build
from tests.collection.support.banking import (
    batch_of,
    new_serial,
    receipts_of,
    say,
    shown,
    taken_back,
    word,
)
from tests.collection.support.books import sums_of
from tests.collection.support.debtors import PENSION, STAFF, Debtors, after
from tests.collection.support.money import Owed
from tests.conftest import Bearer, ClientOf, SettingsFor

PERIODS = iter(f"{year}-{month:02d}" for year in range(2010, 2021) for month in range(1, 13))
WHOLE = "15000.00"
SETTLED, RETURNED = after(-5), after(-3)


@pytest.fixture(scope="module")
async def debtors(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Debtors]:
    async with client_of(build(settings_for())) as api:
        yield Debtors(api, bearer, database_url)


async def a_debit(debtors: Debtors) -> tuple[Owed, str, str]:
    """A unit with one bill, the batch that debits it, and a serial of the bank."""
    owed = await debtors.owe(PENSION, STAFF, collector="bank_debit", period=next(PERIODS))
    return owed, await batch_of(debtors, owed, SETTLED), new_serial("D")


async def open_of(debtors: Debtors, owed: Owed) -> str:
    """The open amount of the unit's bill over contributions."""
    bills = [one for one in await debtors.bills(owed) if one["kind"] != "charge"]
    return str(bills[0]["open"])


async def test_a_settled_debit_is_returned(debtors: Debtors) -> None:
    owed, batch, serial = await a_debit(debtors)
    settled = word("settled", WHOLE, SETTLED, serial)
    returned = word("refused", WHOLE, RETURNED, serial, reason="退票")
    assert (await say(debtors, batch, settled))["settled"] == 1
    assert await open_of(debtors, owed) == "0.00"
    heard = await say(debtors, batch, returned)
    assert (heard["returned"], heard["rejected"]) == (1, [])
    assert await open_of(debtors, owed) == WHOLE
    (receipt,) = await receipts_of(debtors, owed)
    assert (receipt["status"], receipt["returned"], receipt["allocated"]) == (
        "returned",
        WHOLE,
        "0.00",
    )
    counted = await shown(debtors, batch)
    assert (counted["status"], counted["settled"]["lines"], counted["waiting"]["lines"]) == (
        "closed",
        0,
        0,
    )
    assert counted["returned"] == {"lines": 1, "total": WHOLE}
    (voucher,) = await debtors.vouchers_of(owed, "receipt_return")
    assert (voucher["book_date"], voucher["value_date"]) == (RETURNED, RETURNED)
    assert await sums_of(debtors, owed) == {}, "no money is left in any account"
    for again in (settled, returned):
        assert (await say(debtors, batch, again))["replayed"] == 1
    assert len(await debtors.vouchers_of(owed, "receipt_return")) == 1


async def test_two_sources_may_use_the_same_serial_for_a_return(debtors: Debtors) -> None:
    owed, batch, serial = await a_debit(debtors)
    await say(debtors, batch, word("settled", WHOLE, SETTLED, serial))
    other = await debtors.owe(PENSION)
    await debtors.pay(other, 4_000_00, SETTLED)
    back = new_serial("TH")
    for unit in (owed, other):
        (receipt,) = await receipts_of(debtors, unit)
        await taken_back(debtors, receipt["id"], RETURNED, bank_serial=back)
        (receipt,) = await receipts_of(debtors, unit)
        assert receipt["status"] == "returned"


async def test_a_returned_debit_is_debited_again(debtors: Debtors) -> None:
    owed, batch, serial = await a_debit(debtors)
    await say(debtors, batch, word("settled", WHOLE, SETTLED, serial))
    await say(debtors, batch, word("returned", WHOLE, RETURNED, serial))
    second = await batch_of(debtors, owed, after(0))
    heard = await say(debtors, second, word("settled", WHOLE, after(0), new_serial("D")))
    assert heard["settled"] == 1
    assert await open_of(debtors, owed) == "0.00"
    assert await debtors.charges(owed) == []


async def test_a_refused_debit_went_through_after_all(debtors: Debtors) -> None:
    owed, batch, serial = await a_debit(debtors)
    await say(debtors, batch, word("refused", WHOLE, SETTLED, serial, reason_code="RJ03"))
    heard = await say(debtors, batch, word("settled", WHOLE, RETURNED, serial))
    assert (heard["settled"], heard["rejected"]) == (1, [])
    assert await open_of(debtors, owed) == "0.00"
    counted = await shown(debtors, batch)
    assert (counted["settled"]["lines"], counted["refused"]["lines"]) == (1, 0)


async def test_money_that_came_after_all_for_a_paid_bill_is_in_suspense(debtors: Debtors) -> None:
    owed, batch, serial = await a_debit(debtors)
    await say(debtors, batch, word("refused", WHOLE, SETTLED, serial, reason_code="RJ03"))
    await debtors.pay(owed, 15_000_00, SETTLED)
    await say(debtors, batch, word("settled", WHOLE, RETURNED, serial))
    suspended = {one["channel"]: one["suspended"] for one in await receipts_of(debtors, owed)}
    assert suspended == {"tax": "0.00", "bank_debit": WHOLE}


async def test_results_of_one_day_that_contradict_each_other_are_for_people(
    debtors: Debtors,
) -> None:
    owed, batch, serial = await a_debit(debtors)
    await say(debtors, batch, word("settled", WHOLE, SETTLED, serial))
    heard = await say(debtors, batch, word("refused", WHOLE, SETTLED, serial))
    assert [one["code"] for one in heard["rejected"]] == ["OUTCOME_CONTRADICTED"]
    assert await open_of(debtors, owed) == "0.00"


async def test_any_order_of_results_ends_in_the_same_account(debtors: Debtors) -> None:
    ends = []
    for order in permutations(
        [("refused", after(-6)), ("settled", SETTLED), ("refused", RETURNED), ("unknown", SETTLED)]
    ):
        owed, batch, serial = await a_debit(debtors)
        for outcome, day in order:
            heard = await say(debtors, batch, word(outcome, WHOLE, day, serial))
            assert heard["rejected"] == [], order
        counted = await shown(debtors, batch)
        counts = {name: counted[name] for name in ("settled", "refused", "returned", "waiting")}
        ends.append((await open_of(debtors, owed), counts, await sums_of(debtors, owed)))
    assert all(end == ends[0] for end in ends), ends
    assert ends[0][0] == WHOLE


async def test_a_part_is_returned(debtors: Debtors) -> None:
    owed, batch, serial = await a_debit(debtors)
    await say(debtors, batch, word("settled", WHOLE, SETTLED, serial))
    part = word("returned", "4000.00", RETURNED, serial)
    assert (await say(debtors, batch, part))["returned"] == 1
    assert await open_of(debtors, owed) == "4000.00"
    assert (await say(debtors, batch, part))["replayed"] == 1
    too_much = word("returned", "12000.00", after(-2), serial)
    heard = await say(debtors, batch, too_much, word("returned", "1.00", RETURNED, serial))
    assert [one["code"] for one in heard["rejected"]] == ["RETURN_EXCEEDS_LINE", "AMOUNT_DIFFERS"]
    rest = word("returned", "11000.00", after(-2), serial)
    assert (await say(debtors, batch, rest))["returned"] == 1
    assert await open_of(debtors, owed) == WHOLE
    assert (await shown(debtors, batch))["returned"] == {"lines": 1, "total": WHOLE}
    assert await sums_of(debtors, owed) == {}


async def test_two_people_came_before_the_bank(debtors: Debtors) -> None:
    owed, batch, serial = await a_debit(debtors)
    await say(debtors, batch, word("settled", WHOLE, SETTLED, serial))
    (receipt,) = await receipts_of(debtors, owed)
    await taken_back(debtors, receipt["id"], RETURNED)
    assert await open_of(debtors, owed) == WHOLE
    assert (await shown(debtors, batch))["returned"] == {"lines": 1, "total": WHOLE}
    heard = await say(debtors, batch, word("refused", WHOLE, RETURNED, serial))
    assert (heard["replayed"], heard["rejected"]) == (1, [])
    assert len(await debtors.vouchers_of(owed, "receipt_return")) == 1


async def test_a_returned_debit_bears_the_charges_of_a_bill_that_was_not_paid(
    debtors: Debtors,
) -> None:
    owed, batch, serial = await a_debit(debtors)
    await say(debtors, batch, word("settled", WHOLE, SETTLED, serial))
    await say(debtors, batch, word("returned", WHOLE, RETURNED, serial))
    arrears = await debtors.arrears(owed, after(40))
    assert (arrears["total"] != "0.00", arrears["overdue"]) == (True, True)
    await debtors.pay(owed, 15_000_00, after(40))
    assert await debtors.charges(owed) != []


async def test_a_certificate_that_was_issued_meanwhile_is_marked(debtors: Debtors) -> None:
    owed, batch, serial = await a_debit(debtors)
    await say(debtors, batch, word("settled", WHOLE, SETTLED, serial))
    path = f"/v1/units/{owed.credit_code}/certificates"
    body = {"period_from": owed.period, "period_to": owed.period}
    issued = {}
    for as_of in (SETTLED, after(40)):
        answer = await debtors.post(path, body | {"as_of": as_of})
        assert answer.status_code == 201, answer.text
        assert answer.json()["mark"] is None
        issued[as_of] = answer.json()["id"]
    await say(debtors, batch, word("returned", WHOLE, RETURNED, serial, reason="退票"))
    refused = await debtors.post(path, body | {"as_of": after(40)})
    assert refused.status_code == 409, "what is owed is not certified"
    (returned,) = [
        one
        for one in (await debtors.get("/v1/receipt-returns", limit=500))["items"]
        if one["bank_serial"] == serial
    ]
    assert (returned["by_bank"], returned["status"]) == (True, "approved")
    marks = {one["id"]: one["mark"] for one in (await debtors.get(path))["items"]}
    mark = {"reason": "退票", "paper": returned["id"], "day": RETURNED}
    assert marks == {issued[SETTLED]: None, issued[after(40)]: mark}
    shown_one = await debtors.get(f"/v1/certificates/{issued[after(40)]}")
    assert shown_one["mark"] == mark
    page = await debtors.api.get(
        f"/v1/certificates/{issued[after(40)]}/print", headers=debtors.bearer("supervisor")
    )
    assert returned["id"] in page.text
