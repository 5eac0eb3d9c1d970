"""Closings over HTTP: refusals, order, two people, and closed days."""

from typing import Any

import asyncpg
import pytest

from services.ledger.closing.domain.closing import REMEDIES
from services.ledger.closing.domain.errors import (
    ReceiptsUnmatched,
)
from shared.roles import Role
from tests.coordinator import only_postgresql
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import receipt
from tests.ledger.support.reversing import reverse
from tests.ledger.support.year import (
    RECEIPT,
    approve,
    bill,
    close,
    collect,
    identify,
    post,
    propose,
    reopen,
    suspend,
)


def codes(answer: Any) -> set[str]:
    return {fault["code"] for fault in answer.json()["errors"]}


async def test_a_closed_day_refuses_postings_and_an_open_one_takes_them(ledger: Ledger) -> None:
    first = await collect(ledger, "pension", "10.00", "2021-07-15")
    done = await close(ledger, "day", "2021-07-15")
    assert (done["status"], done["closed_until"]) == ("done", "2021-07-15")
    for day in ("2021-07-15", "2021-07-01", "1999-12-31"):
        answer = await ledger.post("/v1/vouchers", receipt(book_date=day))
        assert (answer.status_code, answer.json()["code"]) == (409, "DAY_CLOSED")
        [fault] = answer.json()["errors"]
        assert fault["pointer"] == "/book_date"
        assert "(the first open day is 2021-07-16)" in fault["message"]
        assert "first_open_day=2021-07-16" in answer.json()["detail"]
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
    """The same message is accepted once the day is reopened."""
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
    refused = await reverse(ledger, posted["id"], book_date="2021-07-18")
    assert (refused.status_code, refused.json()["code"]) == (409, "DAY_CLOSED")
    done = await reverse(ledger, posted["id"], book_date="2021-07-21")
    assert done.status_code == 200
    red = (await ledger.get(f"/v1/vouchers/{done.json()['reversal']}")).json()
    assert (red["reverses"], red["book_date"]) == (posted["id"], "2021-07-21")


async def test_a_settlement_into_a_closed_day_is_refused(ledger: Ledger) -> None:
    await collect(ledger, "pension", "10.00", "2021-07-15")
    proposed = await ledger.post(
        "/v1/settlements", {"kind": "sweep", "day": "2021-07-15"}, Role.FUND_ACCOUNTANT
    )
    await close(ledger, "day", "2021-07-15")
    path = f"/v1/settlements/{proposed.json()['id']}/approvals"
    answer = await ledger.post(path, {}, Role.DEPARTMENT_HEAD)
    assert (answer.status_code, answer.json()["code"]) == (409, "DAY_CLOSED")
    late = await ledger.post(
        "/v1/settlements", {"kind": "sweep", "day": "2021-07-14"}, Role.FUND_ACCOUNTANT
    )
    assert (late.status_code, late.json()["code"]) == (409, "DAY_CLOSED")
    [fault] = late.json()["errors"]
    assert (fault["pointer"], "2021-07-16" in fault["message"]) == ("/day", True)


async def test_a_day_before_the_chart_is_neither_closed_nor_reopened_nor_settled(
    ledger: Ledger,
) -> None:
    reopening = {"from_day": "1999-06-30", "reason": "补记"}
    for path, body, pointer in (
        ("/v1/closings", {"level": "month", "period": "1999-06"}, "/period"),
        ("/v1/closings", {"level": "day", "period": "1999-06-30"}, "/period"),
        ("/v1/reopenings", reopening, "/from_day"),
        ("/v1/settlements", {"kind": "sweep", "day": "1999-06-30"}, "/day"),
    ):
        answer = await ledger.post(path, body, Role.FUND_ACCOUNTANT)
        assert (answer.status_code, answer.json()["code"]) == (422, "DAY_BEFORE_CHART")
        [fault] = answer.json()["errors"]
        assert (fault["pointer"], "1999-07-01" in fault["message"]) == (pointer, True)


@only_postgresql
async def test_the_database_itself_refuses_a_closed_day(ledger: Ledger) -> None:
    """A trigger on the vouchers stops any writer, whatever it knows of closings."""
    await collect(ledger, "pension", "10.00", "2021-07-15")
    await close(ledger, "day", "2021-07-15")
    connection = await asyncpg.connect(ledger.url, server_settings={"search_path": "ledger"})
    try:
        with pytest.raises(asyncpg.CheckViolationError, match="is closed"):
            await connection.execute("""
                INSERT INTO voucher (slot, seq, source, event_id, body_hash, owner, kind, book_date,
                                     summary, refs, hash, recorded_at, places, amounts)
                SELECT slot, seq + 1, source, 'late', body_hash, owner, kind, book_date, summary,
                       refs, hash, recorded_at, places, amounts
                  FROM voucher
                 WHERE book_date = '2021-07-15'
                 ORDER BY seq DESC
                 LIMIT 1""")
    finally:
        await connection.close()


async def test_unmatched_receipts_prevent_a_closing_and_are_named(ledger: Ledger) -> None:
    await bill(ledger, "pension", "100.00", "2021-07-05")
    await suspend(ledger, "100.00", "2021-07-15")
    refused = await propose(ledger, "day", "2021-07-15")
    assert (refused.status_code, refused.json()["code"]) == (409, "RECEIPTS_UNMATCHED")
    [message] = [f["message"] for f in refused.json()["errors"]]
    assert (
        message
        == f"pension/heping: 100.00, since 2021-07-15 (0 days) · {REMEDIES[ReceiptsUnmatched]}"
    )
    items = (await ledger.get("/v1/suspense", as_of="2021-07-15")).json()["items"]
    assert [(one["receipt"], one["amount"]) for one in items] == [(RECEIPT, "100.00")]
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


async def test_all_reasons_are_named_at_once(ledger: Ledger) -> None:
    await collect(ledger, "pension", "10.00", "2021-07-15")
    await suspend(ledger, "5.00", "2021-07-15")
    refused = await propose(ledger, "month", "2021-07", control={"funds": {}})
    assert codes(refused) == {
        "RECEIPTS_UNMATCHED",
        "INCOME_ACCOUNT_NOT_EMPTY",
        "BUSINESS_NOT_BOOKS",
        "CONTROL_TOTALS_EXPECTED",
    }


async def test_the_approval_checks_the_books_again(ledger: Ledger) -> None:
    proposed = (await propose(ledger, "day", "2021-07-15")).json()
    await collect(ledger, "pension", "10.00", "2021-07-15")
    refused = await approve(ledger, proposed["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "BUSINESS_NOT_BOOKS")
    assert (await ledger.get(f"/v1/closings/{proposed['id']}")).json()["status"] == "proposed"


async def test_an_operator_can_end_a_rule(ledger: Ledger) -> None:
    await suspend(ledger, "5.00", "2021-07-15")
    connection = await asyncpg.connect(ledger.url, server_settings={"search_path": "ledger"})
    await connection.execute(
        "UPDATE closing_rule SET in_force_to = '2020-12-31'"
        " WHERE level = 'day' AND rule = 'receipts_matched'"
    )
    await connection.close()
    assert (await propose(ledger, "day", "2021-07-15")).status_code == 201


async def test_closings_are_done_in_order_and_once(ledger: Ledger) -> None:
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
    proposed = (await propose(ledger, "day", "2021-07-15")).json()
    own = await approve(ledger, proposed["id"], subject="fund_accountant")
    assert (own.status_code, own.json()["code"]) == (409, "SAME_PERSON_TWICE")
    for role in (Role.FUND_ACCOUNTANT, Role.SUPERVISOR, Role.CENTRE_CASHIER):
        assert (await approve(ledger, proposed["id"], role=role)).status_code == 403
    done = await approve(ledger, proposed["id"], role=Role.CENTRE_LEADER)
    again = await approve(ledger, proposed["id"], role=Role.CENTRE_LEADER)
    assert (done.status_code, again.status_code, again.json()) == (200, 200, done.json())
    other = await approve(ledger, proposed["id"])
    assert (other.status_code, other.json()["code"]) == (409, "STATE_CONFLICT")
    trail = (await ledger.get(f"/v1/closings/{proposed['id']}/trail")).json()["items"]
    assert [(one["step"], one["person"]) for one in trail] == [
        ("proposed", "fund_accountant"),
        ("approved", "centre_leader"),
    ]
    connection = await asyncpg.connect(ledger.url, server_settings={"search_path": "ledger"})
    try:
        told = await connection.fetch(
            "SELECT type, data ->> 'period' AS period FROM event WHERE data ->> 'id' = $1",
            proposed["id"],
        )
    finally:
        await connection.close()
    assert [(row["type"], row["period"]) for row in told] == [("period.closed", "2021-07-15")]


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
