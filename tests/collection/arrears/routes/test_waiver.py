"""Late fees are waived by two people of the centre, as far as they are open, and the books follow."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.collection.app import build
from services.ledger.app import build as build_ledger
from shared.ids import Ref
from shared.money import parse_yuan
from shared.references import Reference
from tests.collection.support.debtors import PENSION, Debtors, after, keys
from tests.collection.support.money import Owed, fetch
from tests.collection.support.totals import apart
from tests.conftest import Bearer, ClientOf, SettingsFor

AUDITOR, HEAD = "centre_auditor", "department_head"
PAID_ON = after(30)
DECIDED_ON = after(40)


@pytest.fixture(scope="module")
async def office(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Debtors]:
    async with client_of(build(settings_for())) as api:
        yield Debtors(api, bearer, database_url)


async def charged(office: Debtors, **other: Any) -> tuple[Owed, str]:
    """A unit that paid its principal late, to the fen, and the charge bill of 150.00 for it."""
    owed = await office.owe(**other)
    await office.pay(owed, owed.total_fen, PAID_ON)
    (bill,) = [row for row in await office.bills(owed) if row["kind"] == "charge"]
    assert (bill["total"], bill["open"]) == ("150.00", "150.00")
    return owed, bill["id"]


def a_waiver(**other: Any) -> dict[str, Any]:
    return {"reason": "AGENCY_CAUSE", "evidence": "津减〔2021〕1号", "asked_on": PAID_ON} | other


async def filed(office: Debtors, bill: str, **other: Any) -> dict[str, Any]:
    answer = await office.post(f"/v1/bills/{bill}/waivers", a_waiver(**other), AUDITOR)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def approve(office: Debtors, waiver: str, role: str = HEAD, **other: Any) -> Any:
    body = {"decided_on": DECIDED_ON}
    return await office.post(f"/v1/waivers/{waiver}/approvals", body, role, **other)


async def the_bill(office: Debtors, bill: str) -> dict[str, Any]:
    found: dict[str, Any] = await office.get(f"/v1/bills/{bill}")
    return found


async def test_a_waiver_changes_nothing_before_another_person_approves_it(office: Debtors) -> None:
    _, bill = await charged(office)
    reasons = await office.get("/v1/waiver-reasons")
    assert a_waiver()["reason"] in {one["code"] for one in reasons["items"]}
    waiver = await filed(office, bill)
    assert (waiver["status"], waiver["amount"], waiver["lines"][0]["kind"]) == (
        "filed",
        "150.00",
        "late_fee",
    )
    assert (await the_bill(office, bill))["open"] == "150.00"
    answer = await approve(office, waiver["id"])
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "approved"
    found = await the_bill(office, bill)
    assert (found["total"], found["waived"], found["status"]) == ("0.00", "150.00", "settled")
    trail = await office.get(f"/v1/waivers/{waiver['id']}/trail")
    assert [(step["step"], step["signs"]) for step in trail["items"]] == [
        ("file", True),
        ("approve", True),
    ]
    assert trail["items"][0]["detail"]["evidence"] == "津减〔2021〕1号"


async def test_the_memo_book_ties_with_what_is_open(office: Debtors) -> None:
    owed, bill = await charged(office)
    waiver = await filed(office, bill, amount="100.00")
    await approve(office, waiver["id"])
    (voucher,) = await office.vouchers_of(owed, "waiver")
    assert voucher["book_date"] == DECIDED_ON
    receivable = 0
    for kind in ("late_fee", "waiver"):
        for made in await office.vouchers_of(owed, kind):
            for entry in made["entries"]:
                if entry["account"] == "memo_receivable":
                    sign = 1 if entry["side"] == "debit" else -1
                    receivable += sign * parse_yuan(entry["amount"])
    assert receivable == 50_00
    assert (await the_bill(office, bill))["open"] == "50.00"
    await office.pay(owed, 50_00, after(50))
    assert (await the_bill(office, bill))["status"] == "settled"


async def test_the_ledger_takes_the_memo_of_a_waiver_once(
    office: Debtors, settings_for: SettingsFor, client_of: ClientOf
) -> None:
    owed, bill = await charged(office)
    await approve(office, (await filed(office, bill, amount="100.00"))["id"])
    made = await office.vouchers_of(owed, "late_fee", "waiver")
    headers = office.bearer("collection_service")
    async with client_of(build_ledger(settings_for())) as ledger:
        for outcome in ("posted", "replayed"):
            body = {"vouchers": made}
            answer = await ledger.post("/v1/voucher-batches", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            assert [one["outcome"] for one in answer.json()["results"]] == [outcome] * 2
        answer = await ledger.get(
            "/v1/funds/balances", params={"as_of": DECIDED_ON}, headers=office.bearer("supervisor")
        )
    funds = {row["fund"]: row["accounts"] for row in answer.json()["funds"]}
    assert funds["pension"]["memo_receivable"] == "50.00"


async def test_a_waiver_counts_at_a_closing_from_its_day_on(office: Debtors) -> None:
    async def receivable(day: str) -> int:
        found = await office.get("/v1/closing-control", as_of=day)
        return parse_yuan(found["funds"]["pension"]["receivable"])

    _, bill = await charged(office)
    waiver = await filed(office, bill, amount="100.00")
    before = [await receivable(day) for day in (after(39), DECIDED_ON)]
    await approve(office, waiver["id"])
    assert [await receivable(day) for day in (after(39), DECIDED_ON)] == [
        before[0],
        before[1] - 100_00,
    ]


async def test_charges_and_waivers_are_the_same_in_business_and_statistics(
    office: Debtors,
) -> None:
    _, bill = await charged(office)
    await approve(office, (await filed(office, bill, amount="100.00"))["id"])
    control = await office.get("/v1/closing-control", as_of=DECIDED_ON)
    assert apart(control, leave_out={"levied"}) == {}
    items = control["funds"]["pension"]["items"]
    assert parse_yuan(items["late_fees_charged"]["statistics"]) > 0


async def test_totals_of_charges_are_the_amounts_due_now(office: Debtors) -> None:
    before = (await office.get("/v1/totals"))["charges"]
    _, bill = await charged(office)
    await approve(office, (await filed(office, bill, amount="149.99"))["id"])
    found = (await office.get("/v1/totals"))["charges"]
    grown = {name: parse_yuan(found[name]) - parse_yuan(before[name]) for name in found}
    assert grown == {"billed": 1, "collected": 0, "open": 1}


async def test_what_was_paid_of_a_charge_is_not_waived(office: Debtors) -> None:
    owed, bill = await charged(office)
    waiver = await filed(office, bill)
    await office.pay(owed, 100, after(35))
    answer = await approve(office, waiver["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "OPEN_LESS_THAN_WAIVED")
    assert (await office.get(f"/v1/waivers/{waiver['id']}"))["status"] == "filed"
    refusal = {"decided_on": DECIDED_ON, "why": "已部分缴纳"}
    answer = await office.post(f"/v1/waivers/{waiver['id']}/refusals", refusal, HEAD)
    assert (answer.status_code, answer.json()["status"]) == (201, "refused")
    again = await filed(office, bill)
    assert again["amount"] == "149.00"
    assert (await approve(office, again["id"])).status_code == 201
    found = await the_bill(office, bill)
    assert (found["total"], found["settled"], found["waived"], found["status"]) == (
        "1.00",
        "1.00",
        "149.00",
        "settled",
    )


async def test_arrears_of_an_earlier_day_still_show_what_was_waived_later(office: Debtors) -> None:
    owed, bill = await charged(office)
    await approve(office, (await filed(office, bill))["id"])
    assert (await office.arrears(owed, after(39)))["total"] == "150.00"
    assert (await office.arrears(owed, DECIDED_ON))["total"] == "0.00"


async def test_nobody_asks_and_approves(office: Debtors, database_url: str) -> None:
    _, bill = await charged(office)
    refused = await office.post(f"/v1/bills/{bill}/waivers", a_waiver(), "district_clerk")
    assert refused.status_code == 403
    answer = await office.post(f"/v1/bills/{bill}/waivers", a_waiver(), AUDITOR, subject="zhao")
    waiver = answer.json()["id"]
    assert (await approve(office, waiver, AUDITOR)).status_code == 403
    answer = await approve(office, waiver, HEAD, subject="zhao")
    assert (answer.status_code, answer.json()["code"]) == (409, "SAME_PERSON_TWICE")
    (row,) = await fetch(
        database_url,
        "SELECT status FROM waiver WHERE id = $1",
        Ref.parse(Reference.WAIVER, waiver).id,
    )
    assert row["status"] == "filed"


async def test_every_fault_of_a_request_is_named(office: Debtors) -> None:
    _, bill = await charged(office)
    body = a_waiver(reason="NO_SUCH_REASON", amount="150.01", asked_on="2021-08-01")
    answer = await office.post(f"/v1/bills/{bill}/waivers", body, AUDITOR)
    assert answer.status_code == 422
    assert {fault["code"] for fault in answer.json()["errors"]} == {
        "REASON_UNKNOWN",
        "AMOUNT_ABOVE_OPEN",
        "BEFORE_THE_BILL",
    }
    answer = await office.post(
        f"/v1/bills/{bill}/waivers", a_waiver(reason="STAGE_DEFERRAL_2022"), AUDITOR
    )
    assert [fault["code"] for fault in answer.json()["errors"]] == ["REASON_NOT_IN_FORCE"]
    answer = await office.post(
        f"/v1/bills/{bill}/waivers", a_waiver(asked_on="2100-01-01"), AUDITOR
    )
    assert answer.json()["code"] == "DAY_IN_FUTURE"


async def test_one_waiver_of_a_bill_waits_at_a_time(office: Debtors) -> None:
    owed, bill = await charged(office)
    await filed(office, bill, amount="1.00")
    answer = await office.post(f"/v1/bills/{bill}/waivers", a_waiver(), AUDITOR)
    assert (answer.status_code, answer.json()["code"]) == (409, "WAIVER_WAITS")
    found = await office.get("/v1/waivers", credit_code=owed.credit_code, status="filed")
    assert [row["amount"] for row in found["items"]] == ["1.00"]


async def test_a_bill_of_contributions_is_not_waived(office: Debtors) -> None:
    owed = await office.owe(PENSION)
    bill = Ref(owed.unit_id, owed.bill_id).text(Reference.BILL)
    answer = await office.post(f"/v1/bills/{bill}/waivers", a_waiver(), AUDITOR)
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_A_CHARGE_BILL")


async def test_a_bill_that_the_bank_has_is_not_waived(office: Debtors) -> None:
    _, bill = await charged(office, collector="bank_debit", period="2021-06", due_on="2021-08-25")
    headers = office.bearer("centre_cashier") | {"Idempotency-Key": f"w-{next(keys)}"}
    batch = {"period": "2021-06", "debit_date": after(35)}
    made = await office.api.post("/v1/debit-batches", json=batch, headers=headers)
    assert made.status_code == 201, made.text
    waiver = await filed(office, bill)
    answer = await approve(office, waiver["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "BILL_BEING_DEBITED")
    assert (await the_bill(office, bill))["waived"] == "0.00"


async def test_two_approvals_at_once_waive_once(office: Debtors) -> None:
    owed, bill = await charged(office)
    waiver = await filed(office, bill, amount="40.00")
    answers = await asyncio.gather(
        *(approve(office, waiver["id"], HEAD, subject=name) for name in ("qian", "sun", "li"))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    found = await the_bill(office, bill)
    assert (found["total"], found["waived"]) == ("110.00", "40.00")
    assert len(await office.vouchers_of(owed, "waiver")) == 1


async def test_the_database_keeps_what_a_charge_bill_was_issued_over(
    office: Debtors, database_url: str
) -> None:
    owed, _ = await charged(office)
    with pytest.raises(Exception, match="never changes"):
        await fetch(
            database_url,
            "UPDATE bill SET total_fen = total_fen - 1 WHERE unit_id = $1 AND kind = 'charge'",
            owed.unit_id,
        )


async def receivable_fen(office: Debtors, owed: Owed) -> int:
    """Return the balance of the unit's charges in the memo book."""
    fen = 0
    for voucher in await office.vouchers_of(owed, "late_fee", "interest", "waiver"):
        for entry in voucher["entries"]:
            if entry["account"] == "memo_receivable":
                fen += parse_yuan(entry["amount"]) * (1 if entry["side"] == "debit" else -1)
    return fen


@pytest.mark.parametrize("waived", ["150.00", "60.00"])
async def test_a_payment_and_an_approval_at_once_take_turns(office: Debtors, waived: str) -> None:
    """Whoever comes second finds what the first left: never more is settled or waived than asked."""
    owed, bill = await charged(office)
    waiver = await filed(office, bill, amount=waived)
    approved, _ = await asyncio.gather(
        approve(office, waiver["id"]), office.pay(owed, 120_00, after(45))
    )
    assert approved.status_code in {201, 409}, approved.text
    found = await the_bill(office, bill)
    total, settled, open_, off = (
        parse_yuan(found[name]) for name in ("total", "settled", "open", "waived")
    )
    assert total + off == 150_00
    assert 0 <= settled <= total
    assert off == (parse_yuan(waived) if approved.status_code == 201 else 0)
    assert sum(parse_yuan(line["settled"]) for line in found["lines"]) == settled
    assert await receivable_fen(office, owed) == open_


async def test_a_debit_batch_and_an_approval_at_once_ask_for_one_amount(
    office: Debtors, database_url: str
) -> None:
    """The bank is asked for what the bill asks for, or the waiver waits until the bank has answered."""
    for number in range(4):
        period = f"2021-0{number + 1}"
        _, bill = await charged(office, collector="bank_debit", period=period, due_on="2021-08-25")
        waiver = await filed(office, bill, amount="60.00")
        headers = office.bearer("centre_cashier") | {"Idempotency-Key": f"wd-{next(keys)}"}
        batch = {"period": period, "debit_date": after(45)}
        approved, made = await asyncio.gather(
            approve(office, waiver["id"]),
            office.api.post("/v1/debit-batches", json=batch, headers=headers),
        )
        assert made.status_code == 201, made.text
        rows = await fetch(
            database_url,
            "SELECT amount_fen FROM debit_line WHERE bill_id = $1",
            Ref.parse(Reference.BILL, bill).id,
        )
        asked_fen = [row["amount_fen"] for row in rows]
        if approved.status_code == 201:
            assert asked_fen == [90_00]
        else:
            assert approved.json()["code"] == "BILL_BEING_DEBITED"
            assert asked_fen == [150_00]
