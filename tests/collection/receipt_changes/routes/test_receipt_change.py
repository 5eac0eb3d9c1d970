"""Through the doors: two people take a receipt back, or move it to the unit that it belongs to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from services.collection.app import build
from shared.money import parse_yuan
from tests.collection.support.banking import (
    approve,
    file_move,
    file_return,
    moved,
    new_serial,
    receipts_of,
    taken_back,
)
from tests.collection.support.books import sums_of
from tests.collection.support.debtors import PENSION, STAFF, Debtors, after
from tests.collection.support.money import Owed, connect, line, push
from tests.collection.support.totals import apart_on_any_day
from tests.conftest import Bearer, ClientOf, SettingsFor

WHOLE_FEN, WHOLE = 15_000_00, "15000.00"


@pytest.fixture(scope="module")
async def debtors(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Debtors]:
    async with client_of(build(settings_for())) as api:
        yield Debtors(api, bearer, database_url)


async def account(debtors: Debtors, owed: Owed) -> Any:
    """The open amounts of bills, the charges, and the sums of the books."""
    bills = await debtors.bills(owed)
    charges = await debtors.charges(owed)
    return (
        sorted((one["kind"], one["total"], one["open"]) for one in bills if one["total"] != "0.00"),
        sum(parse_yuan(one["amount"]) for one in charges),
        await sums_of(debtors, owed),
    )


async def receipt_of(debtors: Debtors, owed: Owed) -> str:
    (receipt,) = await receipts_of(debtors, owed)
    return str(receipt["id"])


async def test_a_receipt_is_taken_back_by_two_people(debtors: Debtors) -> None:
    owed = await debtors.owe(PENSION, STAFF)
    await debtors.pay(owed, WHOLE_FEN, after(-5))
    receipt = await receipt_of(debtors, owed)
    filed = await file_return(debtors, receipt, after(-3))
    assert (filed.json()["status"], filed.json()["amount"]) == ("filed", WHOLE)
    assert (await account(debtors, owed))[0] == [("contribution", WHOLE, "0.00")]
    approved = await approve(debtors, "return", filed.json()["id"])
    assert approved.json()["status"] == "approved", approved.text
    assert await account(debtors, owed) == ([("contribution", WHOLE, WHOLE)], 0, {})
    shown = await debtors.get(f"/v1/receipts/{receipt}")
    assert (shown["status"], shown["returned"]) == ("returned", WHOLE)
    trail = await debtors.get(f"/v1/receipt-returns/{filed.json()['id']}/trail")
    assert [step["step"] for step in trail["items"]] == ["file", "approve"]
    assert len({step["person"] for step in trail["items"]}) == 2
    again = await file_return(debtors, receipt, after(-3))
    assert again.json()["code"] == "RECEIPT_HOLDS_LESS"


async def test_totals_show_what_was_received_returned_and_is_left(debtors: Debtors) -> None:
    async def received() -> list[int]:
        found = await debtors.get("/v1/totals")
        parts = [found["received"], found["returned"], found["net_received"]]
        return [sum(parse_yuan(amount) for amount in one.values()) for one in parts]

    before = await received()
    owed = await debtors.owe(PENSION)
    await debtors.pay(owed, 10_000_00, after(-5))
    await taken_back(debtors, await receipt_of(debtors, owed), after(-3), amount="4000.00")
    changes = [now - then for now, then in zip(await received(), before, strict=True)]
    assert changes == [10_000_00, 4_000_00, 6_000_00]


async def test_one_person_cannot_do_both(debtors: Debtors) -> None:
    owed = await debtors.owe(PENSION)
    await debtors.pay(owed, 10_000_00, after(-5))
    receipt = await receipt_of(debtors, owed)
    filed = (await file_return(debtors, receipt, after(-3))).json()
    for role, district in (("fund_accountant", "centre"), ("district_clerk", "heping")):
        answer = await debtors.post(
            f"/v1/receipt-returns/{filed['id']}/approvals", {}, role, district
        )
        assert answer.status_code == 403
    answer = await debtors.post(
        f"/v1/receipt-returns/{filed['id']}/approvals",
        {},
        "department_head",
        subject=filed["filed_by"],
    )
    assert answer.json()["code"] == "SAME_PERSON_TWICE"
    db = await connect(debtors.url)
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await db.execute(
                "UPDATE receipt_change SET status = 'approved', decided_by = filed_by,"
                " decided_on = on_day WHERE status = 'filed'"
            )
    finally:
        await db.close()


async def test_a_refused_return_changes_nothing(debtors: Debtors) -> None:
    owed = await debtors.owe(PENSION)
    await debtors.pay(owed, 10_000_00, after(-5))
    receipt = await receipt_of(debtors, owed)
    before = await account(debtors, owed)
    serial = new_serial("TH")
    filed = (await file_return(debtors, receipt, after(-3), bank_serial=serial)).json()
    waiting = await file_return(debtors, receipt, after(-3))
    assert waiting.json()["code"] == "RECEIPT_CHANGE_WAITS"
    path = f"/v1/receipt-returns/{filed['id']}"
    refused = await debtors.post(f"{path}/refusals", {"why": "查无退票"}, "department_head")
    assert refused.json()["status"] == "refused"
    assert await account(debtors, owed) == before
    assert (await approve(debtors, "return", filed["id"])).status_code == 409
    assert (await taken_back(debtors, receipt, after(-3), bank_serial=serial))["status"]


async def test_a_serial_of_the_bank_belongs_to_one_return(debtors: Debtors) -> None:
    owed = await debtors.owe(PENSION)
    await debtors.pay(owed, 4_000_00, after(-5))
    await debtors.pay(owed, 6_000_00, after(-4))
    first, second = (one["id"] for one in await receipts_of(debtors, owed))
    serial = new_serial("TH")
    filed = (await file_return(debtors, second, after(-3), bank_serial=serial)).json()
    await taken_back(debtors, first, after(-3), bank_serial=serial)
    refused = await approve(debtors, "return", filed["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "RETURN_SERIAL_USED")
    refused = await file_return(debtors, first, after(-3), bank_serial=serial)
    assert refused.json()["code"] == "RETURN_SERIAL_USED"


async def test_what_a_return_cannot_be_is_named(debtors: Debtors) -> None:
    owed = await debtors.owe(PENSION)
    await debtors.pay(owed, 10_000_00, after(-5))
    receipt = await receipt_of(debtors, owed)
    early = await file_return(debtors, receipt, after(-6))
    assert early.json()["errors"][0]["code"] == "BEFORE_THE_RECEIPT"
    assert (await file_return(debtors, receipt, "2099-01-01")).status_code == 422
    more = await file_return(debtors, receipt, after(-3), amount="10000.01")
    assert more.json()["code"] == "RECEIPT_HOLDS_LESS"
    for amount in ("0.00", "-1.00", "1e2"):
        assert (await file_return(debtors, receipt, after(-3), amount=amount)).status_code == 422
    other = f"rcp_{'0' * 48}"
    assert (await file_return(debtors, other, after(-3))).json()["code"] == "RECEIPT_UNKNOWN"
    assert (await approve(debtors, "return", f"rrt_{'0' * 48}")).status_code == 404


async def test_a_late_receipt_takes_its_charges_along(debtors: Debtors) -> None:
    owed = await debtors.owe(PENSION, STAFF)
    await debtors.pay(owed, WHOLE_FEN, after(26))
    (charge,) = [one for one in await debtors.bills(owed) if one["kind"] == "charge"]
    await debtors.pay(owed, parse_yuan(charge["open"]), after(30))
    first = (await receipts_of(debtors, owed))[0]
    await taken_back(debtors, first["id"], after(40))
    bills, charged_fen, sums = await account(debtors, owed)
    fee_fen = parse_yuan(charge["total"])
    open_of = {kind: parse_yuan(left) for kind, _, left in bills}
    assert open_of["contribution"] == WHOLE_FEN - fee_fen, "the fee's money pays contributions"
    assert charged_fen == open_of["charge"] > 0, "and is late itself, by its own day"
    assert sum(sums.values()) == 0
    deposits = {key: fen for key, fen in sums.items() if key[0].endswith("_deposit")}
    assert sum(deposits.values()) == fee_fen


async def test_a_return_and_a_return_in_parts_end_alike(debtors: Debtors) -> None:
    ends = []
    for parts in ((None,), ("9000.00", None), ("1.00", "2.00", None)):
        owed = await debtors.owe(PENSION, STAFF)
        await debtors.pay(owed, 9_000_00, after(20))
        await debtors.pay(owed, 9_000_00, after(40))
        first = (await receipts_of(debtors, owed))[0]["id"]
        for part in parts:
            if part == "9000.00":
                continue
            await taken_back(debtors, first, after(50), **({"amount": part} if part else {}))
        ends.append(await account(debtors, owed))
    assert all(end == ends[0] for end in ends), ends


async def test_paid_returned_and_paid_is_as_paid_once(debtors: Debtors) -> None:
    ends = []
    for story in ("once", "returned"):
        owed = await debtors.owe(PENSION, STAFF)
        if story == "returned":
            await debtors.pay(owed, WHOLE_FEN, after(-5))
            await taken_back(debtors, await receipt_of(debtors, owed), after(3))
        await debtors.pay(owed, WHOLE_FEN, after(10))
        ends.append(await account(debtors, owed))
    assert ends[0] == ends[1]
    assert ends[0][1] > 0


async def test_a_receipt_of_nobody_is_returned(debtors: Debtors) -> None:
    serial = new_serial("N")
    code = "91120101MA00099999"
    row = line(serial, code, 3_000_00, paid_on=after(-5))
    await debtors.push(push(serial, [row], collected_on=after(-5)))
    owed = Owed(code, 0, None, "2021-07", 0)  # type: ignore[arg-type]
    (receipt,) = await receipts_of(debtors, owed)
    assert receipt["suspended"] == "3000.00"
    await taken_back(debtors, receipt["id"], after(-3), amount="1000.00")
    await taken_back(debtors, receipt["id"], after(-2))
    shown = await debtors.get(f"/v1/receipts/{receipt['id']}")
    assert (shown["status"], shown["suspended"]) == ("returned", "0.00")
    assert await sums_of(debtors, owners=("unidentified",)) == {}


async def test_a_matched_receipt_is_returned(debtors: Debtors) -> None:
    wrong = "91120101MA00088888"
    serial = new_serial("M")
    row = line(serial, wrong, WHOLE_FEN + 100, paid_on=after(-5))
    await debtors.push(push(serial, [row], collected_on=after(-5)))
    (receipt,) = await receipts_of(debtors, Owed(wrong, 0, None, "2021-07", 0))  # type: ignore[arg-type]
    owed = await debtors.owe(PENSION, STAFF)
    body = {"credit_code": owed.credit_code, "period": owed.period, "matched_on": after(2)}
    answer = await debtors.post(f"/v1/receipts/{receipt['id']}/matches", body, "fund_accountant")
    assert answer.status_code == 201, answer.text
    await taken_back(debtors, receipt["id"], after(-2))
    assert (await account(debtors, owed))[0] == [("contribution", WHOLE, WHOLE)]
    shown = await debtors.get(f"/v1/receipts/{receipt['id']}")
    assert (shown["returned"], shown["suspended"]) == ("15001.00", "0.00")
    (voucher,) = await debtors.vouchers_of(owed, "receipt_return")
    assert (voucher["book_date"], voucher["value_date"]) == (after(2), after(-2))
    assert await sums_of(debtors, owed, owners=("unidentified",)) == {}


async def test_a_wrong_payer_is_moved(debtors: Debtors) -> None:
    wrong = await debtors.owe(PENSION, STAFF)
    right = await debtors.owe(PENSION, STAFF)
    await debtors.pay(wrong, WHOLE_FEN, after(-5))
    receipt = await receipt_of(debtors, wrong)
    filed = (await file_move(debtors, receipt, right, after(30))).json()
    assert (await account(debtors, right))[0] == [("contribution", WHOLE, WHOLE)]
    assert (await approve(debtors, "move", filed["id"])).status_code == 201
    assert await account(debtors, wrong) == ([("contribution", WHOLE, WHOLE)], 0, {})
    bills, charged_fen, sums = await account(debtors, right)
    assert (bills, charged_fen) == ([("contribution", WHOLE, "0.00")], 0), "paid in time"
    assert sum(fen for (name, _), fen in sums.items() if name.endswith("deposit")) == WHOLE_FEN
    kinds = await debtors.vouchers_of(right, "reallocation")
    assert {(one["book_date"], one["value_date"]) for one in kinds} == {(after(30), after(-5))}
    back = await file_move(debtors, receipt, right, after(31))
    assert back.json()["code"] == "NOTHING_TO_MOVE"
    await moved(debtors, receipt, wrong, after(32))
    assert (await account(debtors, wrong))[0] == [("contribution", WHOLE, "0.00")]
    assert await account(debtors, right) == ([("contribution", WHOLE, WHOLE)], 0, {})


async def test_a_move_is_as_if_the_money_had_come_to_the_right_unit(debtors: Debtors) -> None:
    ends = []
    for story in ("right at once", "moved"):
        wrong = await debtors.owe(PENSION, STAFF)
        right = await debtors.owe(PENSION, STAFF)
        if story == "moved":
            await debtors.pay(wrong, WHOLE_FEN, after(20))
            await debtors.pay(wrong, 5_000_00, after(25))
            await debtors.pay(right, 4_000_00, after(40))
            first = (await receipts_of(debtors, wrong))[0]["id"]
            await moved(debtors, first, right, after(50))
        else:
            await debtors.pay(right, WHOLE_FEN, after(20))
            await debtors.pay(wrong, 5_000_00, after(25))
            await debtors.pay(right, 4_000_00, after(40))
        ends.append((await account(debtors, wrong), await account(debtors, right)))
    assert ends[0] == ends[1]


async def test_a_part_is_moved_to_another_period_of_the_same_unit(debtors: Debtors) -> None:
    owed = await debtors.owe(PENSION)
    (other,) = [
        await debtors.owe(PENSION, period="2021-08", due_on="2021-09-25", codes=[owed.credit_code])
    ]
    await debtors.pay(owed, 10_000_00, after(-5))
    receipt = await receipt_of(debtors, owed)
    await moved(debtors, receipt, other, after(1), amount="2500.00")
    bills = {one["period"]: one["open"] for one in await debtors.bills(owed)}
    assert bills == {"2021-07": "2500.00", "2021-08": "7500.00"}
    await taken_back(debtors, receipt, after(2))
    bills = {one["period"]: one["open"] for one in await debtors.bills(owed)}
    assert bills == {"2021-07": "10000.00", "2021-08": "10000.00"}
    assert await sums_of(debtors, owed) == {}


async def test_what_a_move_cannot_be_is_named(debtors: Debtors) -> None:
    owed, right = await debtors.owe(PENSION), await debtors.owe(PENSION)
    await debtors.pay(owed, 10_000_00, after(-5))
    receipt = await receipt_of(debtors, owed)
    unknown = await file_move(debtors, receipt, right, after(1), credit_code="91120101MA05K0TH17")
    assert unknown.json()["code"] == "UNIT_UNKNOWN"
    more = await file_move(debtors, receipt, right, after(1), amount="10000.01")
    assert more.json()["code"] == "RECEIPT_HOLDS_LESS"
    early = await file_move(debtors, receipt, right, after(-6))
    assert early.json()["errors"][0]["code"] == "BEFORE_THE_RECEIPT"
    listed = await debtors.get("/v1/receipt-moves", status="filed")
    assert receipt not in [one["receipt"] for one in listed["items"]]


async def test_later_months_that_were_paid_meanwhile_stay_paid(debtors: Debtors) -> None:
    first = await debtors.owe(PENSION)
    later = await debtors.owe(
        PENSION, period="2021-08", due_on="2021-09-25", codes=[first.credit_code]
    )
    await debtors.pay(first, 10_000_00, after(-5))
    await debtors.pay(later, 10_000_00, after(20))
    returned = (await receipts_of(debtors, first))[0]["id"]
    await taken_back(debtors, returned, after(25))
    bills = {one["period"]: one["open"] for one in await debtors.bills(first)}
    assert bills["2021-08"] == "0.00"
    assert bills["2021-07"] == "10000.00"


async def test_returns_and_moves_are_listed_and_shown_to_the_centre(debtors: Debtors) -> None:
    owed, right = await debtors.owe(PENSION), await debtors.owe(PENSION)
    await debtors.pay(owed, 10_000_00, after(-5))
    receipt = await receipt_of(debtors, owed)
    for kind in ("return", "move"):
        filed = await (
            file_return(debtors, receipt, after(-3))
            if kind == "return"
            else file_move(debtors, receipt, right, after(1))
        )
        assert filed.status_code == 201, filed.text
        path = f"/v1/receipt-{kind}s"
        listed = await debtors.get(path, status="filed", limit=500)
        assert filed.json() in listed["items"]
        assert await debtors.get(f"{path}/{filed.json()['id']}") == filed.json()
        why = {"why": "查无此事"}
        refused = await debtors.post(
            f"{path}/{filed.json()['id']}/refusals", why, "department_head"
        )
        assert refused.json()["status"] == "refused"
        trail = await debtors.get(f"{path}/{filed.json()['id']}/trail")
        assert [step["step"] for step in trail["items"]] == ["file", "refuse"]
        answer = await debtors.api.get(path, headers=debtors.bearer("district_clerk", "heping"))
        assert answer.status_code == 403


async def test_business_and_statistics_agree_after_returns_and_moves(debtors: Debtors) -> None:
    """After everything above, on every day."""
    assert await apart_on_any_day(debtors) == {}
