"""The bank's reports about one line: any order and any repetition end the same."""

from datetime import date, timedelta

import pytest

from services.payout.payments.domain.payment import (
    BankReport,
    LineStatus,
    OpenDays,
    Outcome,
    PaymentLine,
    review_file,
)
from tests.payout.support.reports import DAY, TODAY, line, report


def after(*reports: BankReport) -> tuple[PaymentLine, list[str]]:
    review = review_file({1: line()}, reports, TODAY)
    return review.after.get(1, line()), [one.code for one in review.rejected]


def test_unknown_stays_until_a_later_report() -> None:
    unknown = report(Outcome.UNKNOWN)
    assert after(unknown)[0].status is LineStatus.UNKNOWN
    assert after(unknown, unknown)[0].status is LineStatus.UNKNOWN
    assert after(unknown, report(Outcome.PAID))[0].status is LineStatus.PAID
    assert after(unknown, report(Outcome.REFUSED))[0].status is LineStatus.REFUSED
    assert after(report(Outcome.PAID), unknown)[0].status is LineStatus.PAID


def test_a_return_reported_before_its_payment_waits_for_it() -> None:
    early, _ = after(report(Outcome.RETURNED))
    assert early.status is LineStatus.RETURN_EARLY
    assert not early.status.is_final
    assert after(report(Outcome.RETURNED), report(Outcome.PAID)) == after(
        report(Outcome.PAID), report(Outcome.RETURNED)
    )


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (Outcome.PAID, report(Outcome.REFUSED), "CONTRADICTS_PAYMENT"),
        (Outcome.RETURNED, report(Outcome.REFUSED), "CONTRADICTS_PAYMENT"),
        (Outcome.REFUSED, report(Outcome.PAID), "CONTRADICTS_REFUSAL"),
        (Outcome.REFUSED, report(Outcome.RETURNED), "CONTRADICTS_REFUSAL"),
        (Outcome.PAID, report(Outcome.PAID, bank_serial="OTHER"), "PAYMENT_DIFFERS"),
        (Outcome.PAID, report(Outcome.PAID, value_date=date(2021, 1, 1)), "PAYMENT_DIFFERS"),
        (Outcome.REFUSED, report(Outcome.REFUSED, bank_serial="OTHER"), "REFUSAL_DIFFERS"),
        (Outcome.RETURNED, report(Outcome.RETURNED, bank_serial="OTHER"), "RETURN_DIFFERS"),
        (
            Outcome.PAID,
            report(Outcome.RETURNED, value_date=DAY - timedelta(days=1)),
            "RETURN_BEFORE_PAYMENT",
        ),
        (
            Outcome.RETURNED,
            report(Outcome.PAID, value_date=DAY + timedelta(days=2)),
            "RETURN_BEFORE_PAYMENT",
        ),
        (Outcome.UNKNOWN, report(Outcome.PAID, amount_fen=99), "AMOUNT_DIFFERS"),
        (Outcome.UNKNOWN, report(Outcome.PAID, value_date=None), "VALUE_DATE_MISSING"),
        (Outcome.UNKNOWN, report(Outcome.RETURNED, value_date=None), "VALUE_DATE_MISSING"),
        (
            Outcome.UNKNOWN,
            report(Outcome.PAID, value_date=TODAY + timedelta(days=1)),
            "VALUE_DATE_IN_FUTURE",
        ),
        (Outcome.UNKNOWN, report(Outcome.PAID, line_no=9), "LINE_UNKNOWN"),
    ],
)
def test_a_contradiction_is_rejected_and_changes_nothing(
    first: Outcome, second: BankReport, code: str
) -> None:
    assert after(report(first), second) == (after(report(first))[0], [code])


def test_money_of_a_closed_day_is_booked_on_the_first_open_day() -> None:
    books = OpenDays(first_open=DAY + timedelta(days=10))
    reports = [report(Outcome.PAID), report(Outcome.RETURNED)]
    review = review_file({1: line()}, reports, TODAY, books)
    paid, returned = review.after[1].paid, review.after[1].returned
    assert paid is not None
    assert returned is not None
    assert (paid.on, paid.booked_on) == (DAY, books.first_open)
    assert (returned.on, returned.booked_on) == (DAY + timedelta(days=1), books.first_open)


def test_an_early_return_is_booked_when_its_payment_is_known() -> None:
    early = review_file({1: line()}, [report(Outcome.RETURNED)], TODAY).after[1]
    books = OpenDays(first_open=DAY + timedelta(days=10))
    late = review_file({1: early}, [report(Outcome.PAID)], TODAY, books).after[1]
    assert late.returned is not None
    assert late.returned.booked_on == books.first_open


def test_a_day_before_the_chart_is_rejected() -> None:
    books = OpenDays(first_charted=DAY + timedelta(days=1))
    review = review_file({1: line()}, [report(Outcome.PAID)], TODAY, books)
    assert [one.code for one in review.rejected] == ["VALUE_DATE_BEFORE_CHART"]
