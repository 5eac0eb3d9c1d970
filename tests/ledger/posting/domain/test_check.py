"""The shipped chart, funds and flow matrix, and what they let through."""

from datetime import date, timedelta
from itertools import product

import pytest

from services.ledger.posting.domain.check import Checker
from services.ledger.posting.domain.reversal import reversal
from services.ledger.posting.domain.voucher import Draft
from services.ledger.rules.domain.chart import Catalogue
from shared.effective import overlaps
from shared.entry import BENEFITS, Account
from tests.ledger.support.making import DAY, FIVE, centre_draft, line, lines, receipt_draft, shipped


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return shipped()


@pytest.fixture(scope="module")
def checker(catalogue: Catalogue) -> Checker:
    return Checker(catalogue)


def codes(checker: Checker, draft: Draft) -> set[str]:
    refusal = checker.check(draft, date(2021, 8, 31))
    return {fault.code for fault in refusal.faults} if refusal else set()


def test_every_account_that_the_services_name_is_in_the_chart(catalogue: Catalogue) -> None:
    named = [value for name, value in vars(Account).items() if name.isupper()]
    named += [
        "benefit.basic_pension",
        "benefit.hospital",
        "benefit.maternity_allowance",
        "benefit.maternity_medical",
        "benefit.unemployment",
        "benefit.work_injury",
    ]
    for key in named:
        account = catalogue.account(key, DAY)
        assert account is not None, key
        assert account.postable, key


def test_no_day_has_two_rows_of_an_account_and_every_part_has_its_whole(
    catalogue: Catalogue,
) -> None:
    for rows in catalogue._accounts.values():
        assert overlaps(rows) == []
    today = catalogue.accounts(date(2026, 1, 1))
    keys = {account.key: account for account in today}
    for account in today:
        if account.parent:
            assert not keys[account.parent].postable
            assert account.key.startswith(account.parent + ".")
    official = [account.code for account in today if account.code]
    assert len(official) == len(set(official))


def test_codes_that_were_read_are_confirmed_and_the_others_say_so(catalogue: Catalogue) -> None:
    found = {row.key: (row.code, row.certainty) for row in catalogue.accounts(DAY)}
    assert found["expenditure_deposit"] == ("1004", "confirmed")
    assert found["benefit"] == ("5001", "confirmed")
    assert found["income_deposit"] == ("1002", "G")
    assert found["contribution_income"] == ("4001", "G")


def test_every_voucher_of_the_services_passes(checker: Checker) -> None:
    for fund, channel in product(FIVE, ("income_deposit", "treasury_deposit")):
        allocated = (
            line(channel, 300, 0, fund),
            line("contribution_income.pooled", 0, 200, fund),
            line("contribution_income.personal_account", 0, 100, fund),
            *lines("memo_collected", "memo_receivable", 300, fund, book="memo"),
        )
        assert codes(checker, receipt_draft(lines=allocated)) == set()
        suspense = lines(channel, "suspense_receipts", 500, fund)
        assert codes(checker, receipt_draft(lines=suspense, kind="suspense")) == set()
        matched = (*lines("suspense_receipts", channel, 500, fund), *allocated)
        assert (
            codes(
                checker, receipt_draft(lines=matched, kind="match", references={"receipt": "rcp_1"})
            )
            == set()
        )
    bill = lines("memo_receivable", "memo_levied", 9, book="memo")
    assert codes(checker, receipt_draft(lines=bill, kind="bill")) == set()
    for fund, benefit in [
        ("pension", "benefit.basic_pension"),
        ("medical", "benefit.hospital"),
        ("medical", "benefit.maternity_allowance"),
        ("maternity", "benefit.maternity_medical"),
        ("unemployment", "benefit.unemployment"),
        ("work_injury", "benefit.work_injury"),
    ]:
        paid = centre_draft("payment", benefit, "expenditure_deposit", 5, fund=fund, hold="hld_x")
        returned = centre_draft("payment_return", "expenditure_deposit", benefit, 5, fund=fund)
        late = centre_draft("payment_return", "expenditure_deposit", "other_income", 5, fund=fund)
        for one in (paid, returned, late):
            assert codes(checker, one) == set()


def test_the_income_account_only_leads_to_the_fiscal_account(catalogue: Catalogue) -> None:
    """收支两条线: outside the corrections of a receipt, nothing but a sweep takes money from it."""
    takers = {
        (flow.kind, flow.debit)
        for flows in catalogue._flows.values()
        for flow in flows
        if flow.credit == "income_deposit" and flow.debit != "income_deposit"
    }
    assert takers == {
        ("sweep", "fiscal_deposit"),
        ("match", "suspense_receipts"),
        ("transfer_in", "suspense_receipts"),  # between funds: the deposit gives and takes it
        *[
            (kind, debit)
            for kind in ("reallocation", "receipt_return")
            for debit in (
                "contribution_income.*",
                "interest_income",
                "other_income",
                "suspense_receipts",
                "treasury_deposit",
            )
        ],
        ("refund", "contribution_income.*"),
        ("refund", "suspense_receipts"),
        ("refund", "other_income"),
        ("refund", "interest_income"),
        # A payer who is identified late may have paid late fee or interest too.
        ("late_fee", "suspense_receipts"),
        ("interest", "suspense_receipts"),
        ("sweep_back", "fiscal_deposit"),
        # Money of receipts moves between incomes, suspense and their own accounts. A voucher of a
        # unit may correct receipts of both accounts, so each may stand against the other.
        *product(
            ("reallocation", "receipt_return"),
            (
                "contribution_income.*",
                "suspense_receipts",
                "other_income",
                "interest_income",
                "treasury_deposit",
            ),
        ),
    }


def test_only_a_negative_total_brings_money_back_from_the_fiscal_account(
    catalogue: Catalogue,
) -> None:
    takers = {
        (flow.kind, flow.debit)
        for flows in catalogue._flows.values()
        for flow in flows
        if flow.credit == "fiscal_deposit"
    }
    assert {taker for taker in takers if taker[1].endswith("_deposit")} == {
        ("expenditure_funding", "expenditure_deposit"),
        # A fund below zero takes back, while the bank moves the sum over all funds.
        ("sweep", "income_deposit"),
        ("sweep_back", "income_deposit"),
        ("treasury_remit", "treasury_deposit"),
    }


def test_the_expenditure_account_is_only_fed_from_the_fiscal_account(catalogue: Catalogue) -> None:
    feeders = {
        (flow.kind, flow.credit)
        for flows in catalogue._flows.values()
        for flow in flows
        if flow.debit == "expenditure_deposit"
    }
    assert feeders == {
        ("expenditure_funding", "fiscal_deposit"),
        *(("payment_return", account) for account in BENEFITS - {"benefit"}),
        ("payment_return", "benefit.*"),
        ("payment_return", "temporary_payment"),
        ("payment_return", "other_income"),
        ("payment_return", "suspense_receipts"),
        # What went to another city comes back by the bank's return, or by a letter of that city.
        *(("benefit_recovery", one) for one in BENEFITS - {"benefit", "transfer_expense"}),
        ("benefit_recovery", "benefit.*"),
        ("benefit_recovery", "other_income"),
        ("benefit_recovery", "temporary_payment"),
        ("interest", "interest_income"),
        ("interest_received", "interest_income"),
    }


def test_the_ledgers_own_kinds_are_its_own(checker: Checker) -> None:
    sweep = centre_draft("sweep", "fiscal_deposit", "income_deposit", 5)
    assert codes(checker, sweep) == {"SENDER_FORBIDDEN"}
    own = centre_draft("sweep", "fiscal_deposit", "income_deposit", 5, source="ledger")
    assert codes(checker, own) == set()


def test_every_fault_is_named_with_its_place(checker: Checker) -> None:
    wrong = receipt_draft(
        book_date=date(2021, 9, 1),
        lines=(
            line("income_deposit", 5, 0),
            line("nonsense", 0, 5),
            line("income_deposit", 1, 0, fund="nonsense"),
            line("memo_collected", 0, 0),
        ),
    )
    refusal = checker.check(wrong, date(2021, 8, 31))
    assert refusal is not None
    assert refusal.code == "VOUCHER_UNBALANCED"
    assert {(fault.pointer, fault.code) for fault in refusal.faults} >= {
        ("/entries", "VOUCHER_UNBALANCED"),
        ("/entries/3/amount", "AMOUNT_NOT_POSITIVE"),
        ("/entries/1/account", "ACCOUNT_UNKNOWN"),
        ("/entries/2/fund", "FUND_UNKNOWN"),
        ("/entries/3/book", "ACCOUNT_NOT_IN_BOOK"),
        ("/book_date", "BOOK_DATE_IN_FUTURE"),
    }


def test_a_day_before_the_rules_has_no_accounts(checker: Checker) -> None:
    assert codes(checker, receipt_draft(book_date=date(1999, 6, 30))) >= {"ACCOUNT_UNKNOWN"}
    assert codes(checker, receipt_draft(book_date=date(2008, 6, 30))) == set()


def test_today_is_not_the_future(checker: Checker) -> None:
    today = date(2021, 8, 31)
    assert checker.check(receipt_draft(book_date=today, value_date=today), today) is None
    tomorrow = receipt_draft(book_date=today, value_date=today + timedelta(days=1))
    refusal = checker.check(tomorrow, today)
    assert refusal is not None
    assert [fault.pointer for fault in refusal.faults] == ["/value_date"]


def test_red_letters_only_reverse(checker: Checker) -> None:
    red_lines = lines("income_deposit", "contribution_income.pooled", -5)
    assert codes(checker, receipt_draft(lines=red_lines)) == {"AMOUNT_NOT_POSITIVE"}
    red = reversal(receipt_draft(), 1, source="x", event_id="r", book_date=DAY, summary="s")
    assert codes(checker, red) == set()


def test_a_verdict_on_a_pattern_holds_for_other_amounts(checker: Checker) -> None:
    """The memory of patterns must not let amounts or senders through unseen."""
    assert codes(checker, receipt_draft(1)) == set()
    crooked = (line("income_deposit", 2, 0), line("contribution_income.pooled", 0, 1))
    assert codes(checker, receipt_draft(lines=crooked)) == {"VOUCHER_UNBALANCED"}
    own = centre_draft("sweep", "fiscal_deposit", "income_deposit", 5, source="ledger")
    assert codes(checker, own) == set()
    spoofed = centre_draft("sweep", "fiscal_deposit", "income_deposit", 5, source="x")
    assert codes(checker, spoofed) == {"SENDER_FORBIDDEN"}
