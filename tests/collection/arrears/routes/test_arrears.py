"""Arrears accrue by the day, are fixed when they are paid, and are paid by what comes later."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.collection.app import build
from services.ledger.app import build as build_ledger
from shared.ids import Ref
from shared.money import format_yuan, parse_yuan
from shared.references import Reference
from tests.collection.support.debtors import DUE, PENSION, STAFF, Debtors, after, keys
from tests.collection.support.money import (
    TOTAL_FEN,
    Owed,
    fetch,
    line,
    new_code,
    owe,
    push,
    state,
    vouchers,
)
from tests.conftest import Bearer, ClientOf, SettingsFor

CASES = json.loads((Path(__file__).parents[2] / "cases" / "late_fee.json").read_text())["late_fee"]


@pytest.fixture(scope="module")
async def office(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Debtors]:
    async with client_of(build(settings_for())) as api:
        yield Debtors(api, bearer, database_url)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
async def test_published_cases_are_exact_as_memo_and_when_paid(office: Debtors, case) -> None:
    principal_fen = parse_yuan(case["principal"])
    owed = await office.owe((*PENSION[:-1], principal_fen))
    found = await office.arrears(owed, after(case["days"]), explain=True)
    assert (found["late_fee"], found["interest"]) == (case["fee"], "0.00")
    (accrual,) = found["accruals"]
    assert accrual["explanation"]["product"] == case["fee"]
    (piece,) = accrual["explanation"]["pieces"]
    assert (piece["days"], piece["rate"]) == (case["days"], case["daily_rate"])
    assert piece["rule"] == "late_fee.2011"
    assert await office.charges(owed) == [], "a memo is not stored"
    await office.pay(owed, principal_fen, after(case["days"]))
    (charge,) = await office.charges(owed)
    assert (charge["amount"], charge["days"]) == (case["fee"], case["days"])
    assert charge["explanation"] == accrual["explanation"]


async def test_a_debt_that_spans_the_change_of_2011_is_computed_piecewise(office: Debtors) -> None:
    owed = await office.owe(period="2011-04", due_on="2011-05-25")
    found = await office.arrears(owed, "2011-07-31", explain=True)
    pieces = found["accruals"][0]["explanation"]["pieces"]
    assert [(one["rule"], one["days"], one["product"]) for one in pieces] == [
        ("late_fee.1999", 36, "720.00"),
        ("late_fee.2011", 31, "155.00"),
    ]
    assert found["late_fee"] == "875.00"


async def test_the_fee_stops_at_the_principal_since_2012(office: Debtors) -> None:
    owed = await office.owe(period="2012-01", due_on="2012-02-25")
    found = await office.arrears(owed, "2021-01-01", explain=True)
    assert found["late_fee"] == "10000.00"
    assert found["accruals"][0]["explanation"]["cap"] == "late_fee.principal"


async def test_the_staff_share_never_bears_the_late_fee(office: Debtors) -> None:
    owed = await office.owe(PENSION, STAFF)
    found = await office.arrears(owed, after(30))
    assert {(one["party"], one["open"], one["late_fee"]) for one in found["insurances"]} == {
        ("unit", "10000.00", "150.00"),
        ("personal", "5000.00", "0.00"),
    }
    await office.pay(owed, 15_000_00, after(30))
    (charge,) = await office.charges(owed)
    assert (charge["line"], charge["amount"]) == (1, "150.00")


async def test_a_late_payment_is_charged_on_a_bill_of_its_own_that_a_later_receipt_pays(
    office: Debtors,
) -> None:
    owed = await office.owe(PENSION, STAFF)
    await office.pay(owed, 15_000_00, after(30))
    (charge,) = await office.charges(owed)
    first, second = await office.bills(owed)
    assert (first["kind"], first["status"], first["of_bill"]) == ("contribution", "settled", None)
    assert (second["kind"], second["status"], second["total"]) == ("charge", "open", "150.00")
    assert charge["charge_bill"] == second["id"]
    assert second["of_bill"] == first["id"] == charge["bill"]
    # LateAssessment in September, so due when contributions of September are.
    assert second["issued_on"] == after(30)
    assert second["due_on"] == "2021-10-25"
    found = await office.arrears(owed, "2021-10-25")
    assert [(one["kind"], one["open"]) for one in found["open"]] == [("charge", "150.00")]
    assert (found["overdue"], found["late_fee"]) == (False, "0.00")
    late = await office.arrears(owed, "2021-10-26")
    assert (late["overdue"], late["late_fee"]) == (True, "0.00"), "no fee on a fee"

    paid = await office.pay(owed, 150_00, "2021-11-01")
    assert (paid["matched"], paid["allocated_amount"]) == (1, "150.00")
    assert (await office.arrears(owed, "2021-11-01"))["total"] == "0.00"
    assert [one["status"] for one in await office.bills(owed)] == ["settled", "settled"]
    fixed, collected = await office.vouchers_of(owed, "late_fee", "interest")
    assert [(e["account"], e["side"], e["amount"]) for e in fixed["entries"]] == [
        ("memo_receivable", "debit", "150.00"),
        ("memo_levied", "credit", "150.00"),
    ]
    assert [(e["book"], e["account"], e["side"]) for e in collected["entries"]] == [
        ("statutory", "treasury_deposit", "debit"),
        ("statutory", "other_income", "credit"),
        ("memo", "memo_collected", "debit"),
        ("memo", "memo_receivable", "credit"),
    ]


async def test_lateness_is_judged_by_the_day_paid_not_by_the_day_booked(office: Debtors) -> None:
    owed = await office.owe()
    await office.pay(owed, 10_000_00, DUE, booked_on=after(60))
    assert await office.charges(owed) == []
    other = await office.owe()
    await office.pay(other, 10_000_00, after(1), booked_on=after(60))
    (charge,) = await office.charges(other)
    assert (charge["days"], charge["paid_on"], charge["fixed_on"]) == (1, after(1), after(60))


async def test_part_payments_fix_their_part_and_the_rest_accrues_on(office: Debtors) -> None:
    owed = await office.owe()
    await office.pay(owed, 4_000_00, after(10))
    found = await office.arrears(owed, after(20))
    kinds = {one["kind"]: one for one in found["open"]}
    assert (kinds["contribution"]["open"], kinds["contribution"]["late_fee"]) == (
        "6000.00",
        "60.00",
    )
    assert kinds["charge"]["open"] == "20.00"
    before = await office.arrears(owed, after(9))
    assert (before["total"], before["late_fee"]) == ("10000.00", "45.00"), "as it was then"
    paid = await office.pay(owed, 6_080_00, after(20))
    assert (paid["allocated_amount"], paid["suspended"]) == ("6080.00", 0)
    assert [one["amount"] for one in await office.charges(owed)] == ["20.00", "60.00"]
    assert (await office.arrears(owed, after(20)))["total"] == "0.00"


async def test_the_same_push_again_fixes_nothing_again(office: Debtors, database_url: str) -> None:
    owed = await office.owe()
    serial = f"L{next(keys)}"
    body = push(
        serial,
        [line(serial, owed.credit_code, 10_000_00, paid_on=after(30))],
        collected_on=after(30),
    )
    await office.push(body)
    before = await state(database_url)
    assert len([one for one in before["charge"] if one["bill_id"] == owed.bill_id]) == 1
    again = await office.push(body)
    assert again["replayed"] == 1
    assert await state(database_url) == before


async def test_identified_money_is_late_by_the_day_it_was_paid_and_pays_charges_too(
    office: Debtors,
) -> None:
    owed = await office.owe()
    unknown = Owed(new_code(), 0, owed.bill_id, owed.period, 0)
    await office.pay(unknown, 10_150_00, after(30))
    page = await office.get("/v1/receipts", status="suspended", limit=500)
    (receipt,) = [one for one in page["items"] if one["credit_code"] == unknown.credit_code]
    headers = office.bearer("fund_accountant") | {"Idempotency-Key": f"m{next(keys)}"}
    answer = await office.api.post(
        f"/v1/receipts/{receipt['id']}/matches",
        json={"credit_code": owed.credit_code, "period": owed.period, "matched_on": after(90)},
        headers=headers,
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["suspended"] == "0.00"
    (charge,) = await office.charges(owed)
    assert (charge["days"], charge["amount"], charge["fixed_on"]) == (30, "150.00", after(90))
    booked = [
        {(e["account"], e["side"]): e["amount"] for e in voucher["entries"]}
        for voucher in await office.vouchers_of(owed, "late_fee")
    ]
    assert {
        ("treasury_deposit", "debit"): "150.00",
        ("other_income", "credit"): "150.00",
        ("memo_collected", "debit"): "150.00",
        ("memo_receivable", "credit"): "150.00",
    } in booked
    assert (await office.arrears(owed, after(91)))["total"] == "0.00"


async def test_charges_are_debited_like_bills(office: Debtors) -> None:
    owed = await office.owe(period="2021-02", collector="bank_debit", due_on="2021-03-25")
    made = await debit(office, "2021-02", "2021-04-24", 10_000_00)
    assert made["lines"] == 1
    (charge,) = await office.charges(owed)
    assert charge["amount"] == "150.00"
    again = await debit(office, "2021-02", "2021-05-20", 150_00)
    assert again["total"] == "150.00"
    assert {one["status"] for one in await office.bills(owed)} == {"settled"}


async def debit(office: Debtors, period: str, day: str, amount_fen: int) -> dict[str, Any]:
    headers = office.bearer("centre_cashier") | {"Idempotency-Key": f"d{next(keys)}"}
    answer = await office.api.post(
        "/v1/debit-batches", json={"period": period, "debit_date": day}, headers=headers
    )
    assert answer.status_code == 201, answer.text
    batch = answer.json()
    results = [
        {
            "line": 1,
            "outcome": "settled",
            "bank_serial": f"B{next(keys)}",
            "amount": format_yuan(amount_fen),
            "value_date": day,
        }
    ]
    answer = await office.api.post(
        "/v1/debit-results",
        json={"batch": batch["id"], "results": results},
        headers=office.bearer("bank_gateway") | {"Idempotency-Key": f"r{next(keys)}"},
    )
    assert answer.json()["settled"] == 1, answer.text
    control: dict[str, Any] = batch["control"]
    return control


async def test_the_ledger_takes_every_voucher_of_charges_and_each_once(
    office: Debtors, settings_for: SettingsFor, client_of: ClientOf
) -> None:
    await office.pay(await office.owe(), 10_100_00, after(30))
    made = await vouchers(office.url, kinds=["late_fee", "interest"])
    assert {voucher["kind"] for voucher in made} == {"late_fee"}
    headers = office.bearer("collection_service")
    outcomes = []
    async with client_of(build_ledger(settings_for())) as ledger:
        for _ in range(2):
            answer = await ledger.post(
                "/v1/voucher-batches", json={"vouchers": made}, headers=headers
            )
            assert answer.status_code == 200, answer.text
            outcomes.append({one["outcome"] for one in answer.json()["results"]})
    assert outcomes == [{"posted"}, {"replayed"}]


async def test_memo_receivable_of_charges_is_what_their_bills_leave_open(office: Debtors) -> None:
    await office.pay(await office.owe(), 10_100_00, after(30))
    receivable = 0
    for voucher in await vouchers(office.url, kinds=["late_fee", "interest"]):
        for entry in voucher["entries"]:
            if entry["account"] == "memo_receivable":
                sign = 1 if entry["side"] == "debit" else -1
                receivable += sign * parse_yuan(entry["amount"])
    (row,) = await fetch(
        office.url,
        "SELECT sum(total_fen - settled_fen)::bigint AS open_fen, sum(total_fen)::bigint AS fen"
        " FROM bill WHERE kind = 'charge'",
    )
    (fixed,) = await fetch(office.url, "SELECT sum(amount_fen)::bigint AS fen FROM charge")
    assert receivable == row["open_fen"] > 0
    assert row["fen"] == fixed["fen"]


async def test_totals_keep_charges_apart_from_contributions(office: Debtors) -> None:
    owed = await office.owe(period="2021-03", due_on="2021-04-25")
    await office.pay(owed, 10_100_00, "2021-05-25")
    found = await office.get("/v1/totals", period_from="2021-03", period_to="2021-03")
    assert found["funds"]["pension"]["billed"] == "10000.00"
    assert found["charges"] == {"billed": "150.00", "collected": "100.00", "open": "50.00"}
    assert (found["bills"], found["open_bills"], found["received"]["tax"]) == (1, 0, "10100.00")


# --- many units at once ------------------------------------------------------------------------


async def ask(office: Debtors, codes: list[str], role: str = "supervisor", **other: Any) -> Any:
    headers = office.bearer(role, "heping" if role.startswith("district") else "centre")
    return await office.api.post(
        "/v1/arrears-queries", json={"credit_codes": codes} | other, headers=headers
    )


async def test_arrears_of_a_thousand_units_are_read_at_once(office: Debtors) -> None:
    owed = await owe(office.url, count=1000, period="2021-06", due_on="2021-07-26")
    codes = [one.credit_code for one in owed]
    answer = await ask(office, codes, as_of="2021-07-27")
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [one["credit_code"] for one in items] == codes
    single = await office.arrears(owed[0], "2021-07-27")
    assert items[0]["insurances"] == single["insurances"]
    assert {one["open"] for one in items} == {format_yuan(TOTAL_FEN)}
    assert {(one["overdue"], one["oldest"]) for one in items} == {(True, "2021-06")}
    assert (await ask(office, [*codes, new_code()])).status_code == 422


async def test_every_unknown_unit_is_named_and_districts_see_their_own(office: Debtors) -> None:
    known = await office.owe()
    foreign = await office.owe(district="nankai")
    answer = await ask(office, [new_code(), known.credit_code, new_code()])
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
        ("/credit_codes/0", "UNIT_UNKNOWN"),
        ("/credit_codes/2", "UNIT_UNKNOWN"),
    ]
    codes = [known.credit_code, foreign.credit_code]
    assert (await ask(office, codes, "district_clerk")).status_code == 403
    own = await ask(office, [known.credit_code] * 2, "district_clerk")
    assert len(own.json()["items"]) == 1


async def test_charges_are_listed_in_pages(office: Debtors) -> None:
    owed = await office.owe(PENSION, ("medical", "unit", "pooled", "medical", 1_000_00))
    await office.pay(owed, 11_000_00, after(30))
    path = f"/v1/units/{owed.credit_code}/charges"
    first = await office.get(path, limit=1)
    second = await office.get(path, limit=1, cursor=first["next_cursor"])
    both = {one["insurance"] for one in first["items"] + second["items"]}
    assert both == {"pension", "medical"}
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert Ref.parse(Reference.CHARGE, first["items"][0]["id"]).key == owed.unit_id
    headers = office.bearer("district_clerk", "nankai")
    assert (await office.api.get(path, headers=headers)).status_code == 403
