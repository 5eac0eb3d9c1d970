"""Closing days, months and years: every refusal by its name, four eyes, carry-over exactly once."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import asyncpg
import pytest

from services.ledger.closing.domain.closing import REMEDIES
from services.ledger.closing.domain.errors import (
    BusinessNotBooks,
    ReceiptsUnmatched,
    TrialBalanceNotZero,
)
from shared.money import format_yuan, parse_yuan
from shared.roles import Role
from shared.wire.closing import control_hash
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import fresh, pair, receipt
from tests.ledger.support.year import (
    approve,
    bill,
    close,
    collect,
    control,
    identify,
    new_ledger,
    pay,
    play,
    post,
    propose,
    reopen,
    suspend,
)


@pytest.fixture
async def ledger(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as running:
        yield running


def codes(answer: Any) -> set[str]:
    return {fault["code"] for fault in answer.json()["errors"]}


async def test_a_closed_day_refuses_postings_and_an_open_one_takes_them(ledger: Ledger) -> None:
    first = await collect(ledger, "pension", "10.00", "2021-07-15")
    done = await close(ledger, "day", "2021-07-15")
    assert (done["status"], done["closed_until"]) == ("done", "2021-07-15")
    for day in ("2021-07-15", "2021-07-01", "1999-12-31"):
        answer = await ledger.post("/v1/vouchers", receipt(book_date=day))
        assert (answer.status_code, answer.json()["code"]) == (409, "DAY_CLOSED")
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/book_date"]
    assert (await ledger.post("/v1/vouchers", receipt(book_date="2021-07-16"))).status_code == 201
    read = (await ledger.get("/v1/closed-until")).json()
    assert read == {"region": "tianjin", "closed_until": "2021-07-15", "month": None, "year": None}
    assert first["outcome"] == "posted"


async def test_what_was_posted_before_the_closing_still_replays(ledger: Ledger) -> None:
    body = receipt(book_date="2021-07-15")
    first = await ledger.post("/v1/vouchers", body)
    await close(ledger, "day", "2021-07-15")
    again = await ledger.post("/v1/vouchers", body)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])


async def test_a_closed_day_is_not_pinned_to_the_event(ledger: Ledger) -> None:
    """Once the day is open again the very same message goes through."""
    await close(ledger, "day", "2021-07-15")
    body = receipt(book_date="2021-07-15")
    assert (await ledger.post("/v1/vouchers", body)).json()["code"] == "DAY_CLOSED"
    await reopen(ledger, "2021-07-15")
    assert (await ledger.post("/v1/vouchers", body)).status_code == 201


async def test_a_reversal_into_a_closed_day_is_refused_and_today_it_is_linked(
    ledger: Ledger,
) -> None:
    posted = await post(ledger, receipt("7.00", book_date="2021-07-15"))
    await close(ledger, "day", "2021-07-20")
    path = f"/v1/vouchers/{posted['id']}/reversals"
    asked = {"event_id": fresh("reversal"), "book_date": "2021-07-18", "summary": "更正"}
    refused = await ledger.post(path, asked, Role.FUND_ACCOUNTANT)
    assert (refused.status_code, refused.json()["code"]) == (409, "DAY_CLOSED")
    done = await ledger.post(path, asked | {"book_date": "2021-07-21"}, Role.FUND_ACCOUNTANT)
    assert done.status_code == 201
    red = (await ledger.get(f"/v1/vouchers/{done.json()['id']}")).json()
    assert (red["reverses"], red["book_date"]) == (posted["id"], "2021-07-21")


async def test_a_settlement_into_a_closed_day_is_refused(ledger: Ledger) -> None:
    await collect(ledger, "pension", "10.00", "2021-07-15")
    asked = await ledger.post(
        "/v1/settlements", {"kind": "sweep", "day": "2021-07-15"}, Role.FUND_ACCOUNTANT
    )
    await close(ledger, "day", "2021-07-15")
    path = f"/v1/settlements/{asked.json()['id']}/approvals"
    answer = await ledger.post(path, {}, Role.DEPARTMENT_HEAD)
    assert (answer.status_code, answer.json()["code"]) == (409, "DAY_CLOSED")


async def test_the_database_itself_refuses_a_closed_day(ledger: Ledger) -> None:
    """Whoever writes, an older release for instance, meets the trigger on the buckets."""
    await collect(ledger, "pension", "10.00", "2021-07-15")
    await close(ledger, "day", "2021-07-15")
    connection = await asyncpg.connect(ledger.url, server_settings={"search_path": "ledger"})
    try:
        for statement in (
            "INSERT INTO bucket VALUES (1, 'statutory', 'pension', 'cash', 'x', '2021-07-15', 1, 1)",
            "UPDATE bucket SET debit_fen = debit_fen + 1 WHERE day = '2021-07-15'",
        ):
            with pytest.raises(asyncpg.CheckViolationError, match="is closed"):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_unmatched_receipts_hold_up_a_closing_and_are_named(ledger: Ledger) -> None:
    await bill(ledger, "pension", "100.00", "2021-07-05")
    await suspend(ledger, "100.00", "2021-07-15")
    refused = await propose(ledger, "day", "2021-07-15")
    assert (refused.status_code, refused.json()["code"]) == (409, "RECEIPTS_UNMATCHED")
    [said] = [f["message"] for f in refused.json()["errors"]]
    assert (
        said == f"pension/heping: 100.00, since 2021-07-15 (0 days) · {REMEDIES[ReceiptsUnmatched]}"
    )
    items = (await ledger.get("/v1/suspense", as_of="2021-07-15")).json()["items"]
    assert [(one["receipt"], one["amount"]) for one in items] == [("rcp_1", "100.00")]
    await identify(ledger, "100.00", "2021-07-15")
    assert (await ledger.get("/v1/suspense", as_of="2021-07-15")).json()["items"] == []
    assert (await propose(ledger, "day", "2021-07-15")).status_code == 201


async def test_a_month_is_not_closed_with_money_on_the_income_account(ledger: Ledger) -> None:
    await collect(ledger, "pension", "10.00", "2021-07-15")
    assert (await propose(ledger, "day", "2021-07-31")).status_code == 201  # a day may be
    refused = await propose(ledger, "month", "2021-07")
    assert (refused.status_code, refused.json()["code"]) == (409, "INCOME_ACCOUNT_NOT_EMPTY")
    await ledger.settle("sweep", "2021-07-28")
    assert (await propose(ledger, "month", "2021-07")).status_code == 201


async def test_business_and_books_must_tie_per_fund(ledger: Ledger) -> None:
    await bill(ledger, "pension", "100.00", "2021-07-05")
    await collect(ledger, "pension", "60.00", "2021-07-15")
    wrong = {
        "funds": {
            "pension": {"receivable": "40.01", "collected": "60.00"},
            "medical": {"receivable": "0.00", "collected": "5.00"},
        }
    }
    refused = await propose(ledger, "day", "2021-07-15", control=wrong)
    assert (refused.status_code, refused.json()["code"]) == (409, "BUSINESS_NOT_BOOKS")
    find_out = REMEDIES[BusinessNotBooks]
    assert [(f["pointer"], f["message"]) for f in refused.json()["errors"]] == [
        ("/control/funds/medical/collected", f"business=5.00, books=0.00 · {find_out}"),
        ("/control/funds/pension/receivable", f"business=40.01, books=40.00 · {find_out}"),
    ]
    absent = await propose(ledger, "day", "2021-07-15", control={"funds": {}})
    assert codes(absent) == {"BUSINESS_NOT_BOOKS"}
    none = await propose(ledger, "day", "2021-07-15", control=None)
    assert (none.status_code, none.json()["code"]) == (422, "CONTROL_TOTALS_EXPECTED")
    right = {"funds": {"pension": {"receivable": "40.00", "collected": "60.00"}}}
    assert (await propose(ledger, "day", "2021-07-15", control=right)).status_code == 201


async def test_all_reasons_are_named_at_once(ledger: Ledger) -> None:
    await collect(ledger, "pension", "10.00", "2021-07-15")
    await suspend(ledger, "5.00", "2021-07-15")
    refused = await propose(ledger, "month", "2021-07", control={"funds": {}})
    assert codes(refused) == {
        "RECEIPTS_UNMATCHED",
        "INCOME_ACCOUNT_NOT_EMPTY",
        "BUSINESS_NOT_BOOKS",
    }


async def test_what_changed_since_the_proposal_is_judged_at_the_approval(ledger: Ledger) -> None:
    asked = (await propose(ledger, "day", "2021-07-15")).json()
    await collect(ledger, "pension", "10.00", "2021-07-15")
    refused = await approve(ledger, asked["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "BUSINESS_NOT_BOOKS")
    assert (await ledger.get(f"/v1/closings/{asked['id']}")).json()["status"] == "proposed"


async def test_an_operator_may_lift_a_rule(ledger: Ledger) -> None:
    await suspend(ledger, "5.00", "2021-07-15")
    connection = await asyncpg.connect(ledger.url, server_settings={"search_path": "ledger"})
    await connection.execute(
        "UPDATE closing_rule SET in_force_to = '2020-12-31'"
        " WHERE level = 'day' AND rule = 'receipts_matched'"
    )
    await connection.close()
    assert (await propose(ledger, "day", "2021-07-15")).status_code == 201


async def test_order_and_repetition(ledger: Ledger) -> None:
    assert (await propose(ledger, "day", "2099-01-01")).json()["code"] == "BOOK_DATE_IN_FUTURE"
    assert (await propose(ledger, "year", "2021")).json()["code"] == "MONTHS_OPEN"
    await close(ledger, "month", "2021-07")
    assert (await propose(ledger, "month", "2021-07")).json()["code"] == "ALREADY_CLOSED"
    assert (await propose(ledger, "day", "2021-07-31")).json()["code"] == "ALREADY_CLOSED"
    assert (await propose(ledger, "month", "2021-09")).json()["code"] == "CLOSING_OUT_OF_ORDER"
    # Days may run ahead of their month's own closing.
    await close(ledger, "day", "2021-08-31")
    assert (await close(ledger, "month", "2021-08"))["closed_until"] == "2021-08-31"


async def test_two_approvals_of_one_period_close_it_once(ledger: Ledger) -> None:
    one, two = [(await propose(ledger, "month", "2021-07")).json()["id"] for _ in range(2)]
    assert (await approve(ledger, one)).status_code == 200
    late = await approve(ledger, two)
    assert (late.status_code, late.json()["code"]) == (409, "ALREADY_CLOSED")


async def test_four_eyes(ledger: Ledger) -> None:
    asked = (await propose(ledger, "day", "2021-07-15")).json()
    own = await approve(ledger, asked["id"], subject="fund_accountant")
    assert (own.status_code, own.json()["code"]) == (409, "SAME_PERSON_TWICE")
    for role in (Role.FUND_ACCOUNTANT, Role.SUPERVISOR, Role.CENTRE_CASHIER):
        assert (await approve(ledger, asked["id"], role=role)).status_code == 403
    done = await approve(ledger, asked["id"], role=Role.CENTRE_LEADER)
    again = await approve(ledger, asked["id"], role=Role.CENTRE_LEADER)
    assert (done.status_code, again.status_code, again.json()) == (200, 200, done.json())
    other = await approve(ledger, asked["id"])
    assert (other.status_code, other.json()["code"]) == (409, "STATE_CONFLICT")
    trail = (await ledger.get(f"/v1/closings/{asked['id']}/trail")).json()["items"]
    assert [(one["step"], one["person"]) for one in trail] == [
        ("proposed", "fund_accountant"),
        ("approved", "centre_leader"),
    ]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"level": "month", "period": "2021"}, "/period"),
        ({"level": "month", "period": "2021-13"}, "/period"),
        ({"level": "day", "period": "2021-02-30"}, "/period"),
        ({"level": "year", "period": "0000"}, "/period"),
        ({"level": "day", "period": "2021-07-15", "region": "beijing"}, "/region"),
    ],
)
async def test_malformed_papers_are_named(ledger: Ledger, body: Any, pointer: str) -> None:
    answer = await ledger.post("/v1/closings", body, Role.FUND_ACCOUNTANT)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_a_reopening_needs_a_reason_two_people_and_a_closed_day(ledger: Ledger) -> None:
    await close(ledger, "month", "2021-07")
    for body in ({"from_day": "2021-07-20"}, {"from_day": "2021-07-20", "reason": " "}):
        assert (await ledger.post("/v1/reopenings", body, Role.FUND_ACCOUNTANT)).status_code == 422
    ahead = {"from_day": "2021-08-01", "reason": "r"}
    answer = await ledger.post("/v1/reopenings", ahead, Role.FUND_ACCOUNTANT)
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_CLOSED")
    opened = await reopen(ledger, "2021-07-20", "银行补送回单")
    assert (opened["closed_until"], opened["reason"]) == ("2021-07-19", "银行补送回单")
    assert (await ledger.post("/v1/vouchers", receipt(book_date="2021-07-19"))).status_code == 409
    assert (await ledger.post("/v1/vouchers", receipt(book_date="2021-07-20"))).status_code == 201
    listed = (await ledger.get("/v1/closings")).json()["items"]
    assert [(one["action"], one["reopened_by"]) for one in listed] == [
        ("reopen", None),
        ("close", opened["id"]),
    ]


async def closed_year(ledger: Ledger) -> dict[str, Any]:
    await play(ledger)
    await close(ledger, "month", "2020-12")
    await close(ledger, "year", "2020")
    for month in range(1, 13):
        await close(ledger, "month", f"2021-{month:02d}")
    return await close(ledger, "year", "2021")


async def test_a_year_carries_over_exactly_once_per_fund(ledger: Ledger) -> None:
    done = await closed_year(ledger)
    assert [one["fund"] for one in done["carried"]] == ["medical", "pension"]
    of_pension = next(one for one in done["carried"] if one["fund"] == "pension")
    voucher = (await ledger.get(f"/v1/vouchers/{of_pension['voucher']}")).json()
    assert (voucher["event_id"], voucher["slot"], voucher["source"], voucher["book_date"]) == (
        "carry_over:2021:pension",
        0,
        "ledger",
        "2021-12-31",
    )
    assert [(e["account"], e["side"], e["amount"]) for e in voucher["entries"]] == [
        ("benefit.basic_pension", "credit", "12300.00"),
        ("contribution_income.personal_account", "debit", "300.50"),
        ("contribution_income.pooled", "debit", "1299.50"),
        ("fiscal_subsidy", "debit", "50000.00"),
        ("general_surplus", "credit", "51600.00"),
        ("general_surplus", "debit", "12300.00"),
    ]
    pension = await ledger.balances("pension", as_of="2021-12-31")
    assert pension["general_surplus"] == "39800.00"  # 500.00 of 2020, 39,300.00 of 2021
    for account in ("contribution_income.pooled", "fiscal_subsidy", "benefit.basic_pension"):
        assert pension[account] == "0.00"
    medical = await ledger.balances("medical", as_of="2021-12-31")
    assert medical["general_surplus"] == "1149.75"
    back = {"event_id": fresh("reversal"), "book_date": "2022-01-05", "summary": "s"}
    alone = await ledger.post(f"/v1/vouchers/{voucher['id']}/reversals", back, Role.FUND_ACCOUNTANT)
    assert (alone.status_code, alone.json()["code"]) == (409, "CARRY_OVER_NOT_REVERSIBLE")
    again = await propose(ledger, "year", "2021")
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_CLOSED")


async def test_nobody_else_can_post_a_carry_over(ledger: Ledger) -> None:
    entries = pair("pension", "contribution_income.pooled", "general_surplus", "1.00", "centre")
    answer = await ledger.post(
        "/v1/vouchers", receipt(kind="carry_over", owner="centre", entries=entries)
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "FLOW_FORBIDDEN")


async def test_a_year_opened_again_takes_its_carry_over_back_and_closes_anew(
    ledger: Ledger,
) -> None:
    first = await closed_year(ledger)
    opened = await reopen(ledger, "2021-12-15", "补记十二月收入")
    assert {one["fund"] for one in opened["carried"]} == {"medical", "pension"}
    pension = await ledger.balances("pension", as_of="2021-12-31")
    assert (pension["general_surplus"], pension["contribution_income.pooled"]) == (
        "500.00",
        "1299.50",
    )
    red = (await ledger.get(f"/v1/vouchers/{opened['carried'][0]['voucher']}")).json()
    assert red["reverses"] == first["carried"][0]["voucher"]
    await collect(ledger, "pension", "0.50", "2021-12-20")
    await ledger.settle("sweep", "2021-12-28")
    await close(ledger, "month", "2021-12")
    second = await close(ledger, "year", "2021")
    voucher = next(one for one in second["carried"] if one["fund"] == "pension")["voucher"]
    read = (await ledger.get(f"/v1/vouchers/{voucher}")).json()
    assert read["event_id"] == "carry_over:2021:pension:2"
    assert (await ledger.balances("pension", as_of="2021-12-31"))["general_surplus"] == "39800.50"
    assert (await ledger.get("/v1/closed-until")).json()["year"] == "2021"


async def test_the_chain_and_the_other_slots_stay_usable_after_closings(ledger: Ledger) -> None:
    await close(ledger, "day", "2021-07-15")
    for number in range(20):
        await post(ledger, receipt("1.00", owner=f"UNIT-{number}", book_date="2021-07-16"))
    await close(ledger, "day", "2021-07-16", control=await control(ledger, "2021-07-16"))


async def test_paid_benefits_must_tie_with_the_books(ledger: Ledger) -> None:
    await ledger.fund_expenditure("500.00")
    await pay(ledger, "pension", "benefit.basic_pension", "300.00", "2021-07-15")
    right = await control(ledger, "2021-07-31")
    assert right["funds"]["pension"]["benefits"] == "300.00"
    for said, code in [("299.99", "BUSINESS_NOT_BOOKS"), (None, "CONTROL_TOTALS_EXPECTED")]:
        funds = right["funds"] | {"pension": right["funds"]["pension"] | {"benefits": said}}
        refused = await propose(ledger, "day", "2021-07-31", control={"funds": funds})
        assert refused.json()["code"] == code
        assert [f["pointer"] for f in refused.json()["errors"]] == [
            "/control/funds/pension/benefits"
        ]
    assert (await propose(ledger, "day", "2021-07-31", control=right)).status_code == 201


async def test_personal_accounts_differ_from_the_books_only_with_a_reason(ledger: Ledger) -> None:
    personal = "contribution_income.personal_account"
    await collect(ledger, "pension", "100.00", "2021-07-15", account=personal)
    body = {
        "bills": [
            {
                "bill": fresh("bill"),
                "period": "2021-07",
                "settled_on": "2021-07-16",
                "credits": [
                    {"person": f"per_{1:016x}{1:032x}", "fund": "pension", "amount": "60.00"}
                ],
            }
        ]
    }
    assert (await ledger.post("/v1/personal-credits", body)).json()["credited"] == 1
    right = await control(ledger, "2021-07-31")
    own = right["funds"]["pension"]
    assert own["personal"] == {"received": "100.00", "credited": "60.00", "part_paid": "40.00"}

    async def said(personal: Any) -> list[tuple[str, str]]:
        funds = right["funds"] | {"pension": own | {"personal": personal}}
        answer = await propose(ledger, "month", "2021-07", control={"funds": funds})
        return [(f["pointer"], f["code"]) for f in answer.json().get("errors", [])]

    at = "/control/funds/pension/personal"
    await ledger.settle("sweep", "2021-07-28")
    assert await said(None) == [(at, "PERSONAL_UNEXPLAINED")]
    assert await said(own["personal"] | {"part_paid": "39.99"}) == [(at, "PERSONAL_UNEXPLAINED")]
    assert await said(own["personal"] | {"received": "99.00", "credited": "59.00"}) == [
        (f"{at}/received", "BUSINESS_NOT_BOOKS"),
        (f"{at}/credited", "BUSINESS_NOT_BOOKS"),
    ]
    parts = {
        "part_paid": "25.00",
        "in_delivery": "10.00",
        "standing_credits": "3.00",
        "unnamed": "2.00",
    }
    funds = right["funds"] | {"pension": own | {"personal": own["personal"] | parts}}
    done = await close(ledger, "month", "2021-07", control={"funds": funds})
    assert done["control"]["pension"]["personal"] == own["personal"] | parts
    read = (await ledger.get(f"/v1/closings/{done['id']}")).json()
    assert read["control"] == done["control"], "the paper says why they differed"


async def test_control_totals_are_held_against_their_hash_and_their_day(ledger: Ledger) -> None:
    await bill(ledger, "pension", "100.00", "2021-07-05")
    funds = {"pension": {"receivable": "100.00", "collected": "0.00"}}
    said = {"pension": {"receivable": 100_00}}
    day = date(2021, 7, 15)
    right = {
        "collection": control_hash("collection", day, said),
        "payout": control_hash("payout", day, {}),
    }
    wrong = {
        "collection": control_hash("collection", date(2021, 7, 14), said),
        "payout": control_hash("payout", day, {"pension": {"benefits": 1}}),
    }
    refused = await propose(ledger, "day", "2021-07-15", control={"funds": funds, "hashes": wrong})
    assert (refused.status_code, refused.json()["code"]) == (422, "CONTROL_HASH_DIFFERS")
    assert [fault["pointer"] for fault in refused.json()["errors"]] == [
        "/control/hashes/collection",
        "/control/hashes/payout",
    ]
    done = await propose(ledger, "day", "2021-07-15", control={"funds": funds, "hashes": right})
    assert done.status_code == 201, done.text


async def test_carried_years_do_not_count_twice_in_what_must_tie(ledger: Ledger) -> None:
    """After a year's end its income and benefits stand in the surplus; business still adds up all."""
    await play(ledger)
    for month in range(7, 13):
        await close(ledger, "month", f"2021-{month:02d}")
    before = await control(ledger, "2021-12-31")
    assert (await close(ledger, "year", "2021"))["carried"]
    await pay(ledger, "pension", "benefit.basic_pension", "1.00", "2022-01-10")
    after = before["funds"]["pension"]
    paid = format_yuan(parse_yuan(after["benefits"]) + 100)
    funds = before["funds"] | {"pension": after | {"benefits": paid}}
    done = await propose(ledger, "day", "2022-01-10", control={"funds": funds})
    assert done.status_code == 201, done.text


async def test_damaged_books_are_not_closed(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> None:
    async with new_ledger(
        server_url, template, settings_for, client_of, bearer, sound=False
    ) as broken:
        await collect(broken, "pension", "10.00", "2021-07-15")
        right = await control(broken, "2021-07-31")
        admin = await asyncpg.connect(broken.url, server_settings={"search_path": "ledger"})
        await admin.execute("ALTER TABLE bucket DISABLE TRIGGER ALL")
        await admin.execute(
            "UPDATE bucket SET credit_fen = credit_fen + 1"
            " WHERE book = 'statutory' AND account LIKE 'contribution_income%'"
        )
        await admin.close()
        refused = await propose(broken, "day", "2021-07-31", control=right)
        assert (refused.status_code, refused.json()["code"]) == (409, "TRIAL_BALANCE_NOT_ZERO")
        [fault] = refused.json()["errors"]
        assert fault["message"] == f"pension/statutory: -0.01 · {REMEDIES[TrialBalanceNotZero]}"
        early = await propose(broken, "day", "2021-07-14", control={"funds": {}})
        assert early.status_code == 201, "the books of the day before are whole"
