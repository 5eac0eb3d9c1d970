"""Overpaid months, covered and lowered; shares of a case; the books of recovered money."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payout.recoveries.domain.case import CaseLine, drafts_of
from services.payout.recoveries.domain.overpaid import (
    CaseCover,
    MonthBalance,
    PaidPart,
    lower_lines,
    uncovered_parts,
)
from services.payout.recoveries.domain.receipt import notice_in
from services.payout.recoveries.domain.settle import (
    RecoveryTooLarge,
    SettlementHead,
    Way,
    deduction_voucher,
    expense_fen,
    repayment_voucher,
    shares_of,
)
from shared.ids import Ref
from shared.period import Period

CLAIM = Ref(1, UUID(int=1))


def part(
    number: int, amount_fen: int, year: int | None = 2021, cash: int | None = None
) -> PaidPart:
    cash_fen = amount_fen if cash is None else cash
    return PaidPart(
        part=number,
        claim=CLAIM,
        line_no=number,
        district="heping",
        fund="pension",
        account="benefit.basic_pension",
        amount_fen=amount_fen,
        cash_fen=cash_fen,
        paid_fen=cash_fen if year else 0,
        paid_year=year,
        filed_year=2021,
    )


def cover(number: int, fen: int) -> CaseCover:
    return CaseCover(case=Ref(7, UUID(int=number)), line_no=1, amount_fen=fen, covered_fen=fen)


def month(
    due_fen: int, *parts: PaidPart, recovered_fen: int = 0, covers: list[CaseCover] | None = None
) -> MonthBalance:
    return MonthBalance(
        key=7,
        blind=b"b",
        period=Period(2021, 5),
        due_fen=due_fen,
        recovered_fen=recovered_fen,
        parts=parts,
        covers=covers or [],
    )


def line(number: int, period: Period, amount_fen: int, year: int = 2021) -> CaseLine:
    return CaseLine(
        line_no=number,
        period=period,
        claim=CLAIM,
        claim_line_no=1,
        district="heping",
        account="benefit.basic_pension",
        paid_year=year,
        amount_fen=amount_fen,
    )


@pytest.mark.parametrize(
    ("balance", "found"),
    [
        (month(0, part(1, 1000), part(2, 100)), [(2, 100), (1, 1000)]),
        (month(1000, part(1, 1000), part(2, 100)), [(2, 100)]),
        (month(1100, part(1, 1000), part(2, 100)), []),
        (month(0, part(1, 1000, None)), []),  # the bank has not paid yet
        (month(0, part(1, 1000, None, cash=800)), [(1, 200)]),  # what settled a debt was received
        (month(0, part(1, 1000), recovered_fen=300), [(1, 700)]),
        (month(0, part(1, 1000), part(2, 100), covers=[cover(1, 300)]), [(1, 800)]),
        (month(0, part(1, 1000), covers=[cover(1, 1000)]), []),
    ],
)
def test_what_no_case_covers_comes_from_the_latest_part_back(
    balance: MonthBalance, found: list[tuple[int, int]]
) -> None:
    assert [(one.part.part, one.amount_fen) for one in uncovered_parts([balance])] == found


def test_the_newest_case_shrinks_first() -> None:
    balance = month(600, part(1, 1000), covers=[cover(1, 300), cover(2, 700)])
    assert [(one.case.id.int, one.by_fen) for one in lower_lines([balance])] == [(2, 600)]
    nothing_due = month(0, part(1, 1000), covers=[cover(1, 1000)])
    assert lower_lines([nothing_due]) == []


@given(
    paid=st.lists(st.integers(1, 500), min_size=1, max_size=4),
    due_fen=st.integers(0, 1500),
    cases=st.lists(st.integers(1, 500), max_size=3),
    recovered_fen=st.integers(0, 300),
)
def test_after_opening_and_lowering_the_cases_cover_what_is_overpaid(
    paid: list[int], due_fen: int, cases: list[int], recovered_fen: int
) -> None:
    parts = [part(number, fen) for number, fen in enumerate(paid, start=1)]
    recovered_fen = min(recovered_fen, sum(paid))
    covers = [cover(number, fen) for number, fen in enumerate(cases, start=1)]
    balance = month(due_fen, *parts, recovered_fen=recovered_fen, covers=covers)
    opened = sum(one.amount_fen for one in uncovered_parts([balance]))
    lowered = sum(one.by_fen for one in lower_lines([balance]))
    assert balance.covered_fen + opened - lowered == balance.overpaid_fen


def test_one_case_for_each_person_and_fund() -> None:
    balances = [month(0, part(1, 1000)), month(0, part(1, 50), part(2, 5))]
    (draft,) = drafts_of(uncovered_parts(balances))
    assert [(one.line_no, one.amount_fen) for one in draft.lines] == [(1, 1000), (2, 50), (3, 5)]


def test_money_settles_the_oldest_month_first_and_never_more_than_is_open() -> None:
    lines = [line(1, Period(2021, 6), 100), line(2, Period(2020, 12), 50, 2020)]
    shares = shares_of(lines, 120)
    assert [(share.line.line_no, share.fen) for share in shares] == [(2, 50), (1, 70)]
    with pytest.raises(RecoveryTooLarge):
        shares_of(lines, 151)


def test_the_books_tell_the_year_of_the_payment_from_an_earlier_one() -> None:
    lines = [line(1, Period(2021, 6), 100), line(2, Period(2020, 12), 50, 2020)]
    shares = shares_of(lines, 150)
    head = SettlementHead(
        event_id="e", fund="pension", book_date=date(2021, 9, 1), value_date=None, references={}
    )
    voucher = repayment_voucher(head, shares)
    assert [(one.side, one.account, one.amount_fen) for one in voucher.entries] == [
        ("debit", "expenditure_deposit", 150),
        ("credit", "benefit.basic_pension", 100),
        ("credit", "other_income", 50),
    ]
    kept = deduction_voucher(head, shares, account="benefit.basic_pension", district="hexi")
    assert [(one.side, one.account, one.amount_fen) for one in kept.entries] == [
        ("debit", "benefit.basic_pension", 150),
        ("credit", "benefit.basic_pension", 100),
        ("credit", "other_income", 50),
    ]
    assert expense_fen(shares, Way.REPAYMENT, 2021) == -100
    assert expense_fen(shares, Way.DEDUCTION, 2021) == 50


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("退养老金 zh20210901 7a3c5e007e1a 谢谢", "ZH202109017A3C5E007E1A"),
        ("ZH202109017A3C5E007E1A", "ZH202109017A3C5E007E1A"),
        ("ZH20210901", None),
        ("", None),
    ],
)
def test_a_notice_is_found_in_the_payers_words(text: str, found: str | None) -> None:
    assert notice_in(text) == found
