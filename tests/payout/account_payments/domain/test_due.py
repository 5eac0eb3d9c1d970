"""Amounts due of a personal account, in any order of knowing."""

from itertools import permutations

import pytest

from services.payout.account_payments.domain import NothingDue, PooledPart, due_of
from services.payout.draws.domain import (
    AccountPartUnknown,
    DrawnPension,
    PensionDrawn,
    require_inheritable,
)
from services.payout.formulas.domain.person import PersonRecord, PersonYear
from services.payout.formulas.domain.transfer import PooledShare
from services.payout.withdrawals.domain import AccountBalance, Withdrawal, WithdrawalKind, due_fen
from shared.ids import Ref


def taken(account_fen: int, pooled_fen: int = 0) -> Withdrawal:
    return Withdrawal(
        person_id=7,
        fund="pension",
        kind=WithdrawalKind.TRANSFER,
        account_fen=account_fen,
        pooled_fen=pooled_fen,
        claim=Ref.new(7),
    )


def whole(fen: int) -> PooledPart:
    return PooledPart(whole_fen=fen, formula="", row="")


def test_a_withdrawal_that_the_ledger_has_not_booked_is_not_due_again() -> None:
    first = taken(60_00)
    waiting = AccountBalance(balance_fen=100_00)
    booked = AccountBalance(balance_fen=40_00, taken_fen={first.paper: 60_00})
    assert due_of(waiting, [first], None).account_fen == 40_00
    assert due_of(booked, [first], None).account_fen == 40_00


def test_nothing_is_due_of_an_account_that_is_paid_or_overpaid() -> None:
    for balance_fen in (0, -5_00):
        with pytest.raises(NothingDue):
            due_of(AccountBalance(balance_fen=balance_fen), [], None)
    overpaid = due_of(AccountBalance(balance_fen=-5_00), [], whole(12_00))
    assert (overpaid.account_fen, overpaid.pooled_fen) == (0, 12_00)


def test_late_credits_are_due_once_whatever_the_order() -> None:
    """Three credits and a claim after each: the claims add up to the credits in every order."""
    for credits in permutations([(10_00, 3_00), (25_00, 1_50), (1, 40_00)]):
        balance_fen = pooled_fen = 0
        claims: list[Withdrawal] = []
        for account, pooled in credits:
            balance_fen += account
            pooled_fen += pooled
            due = due_of(AccountBalance(balance_fen=balance_fen), claims, whole(pooled_fen))
            claims.append(taken(due.account_fen, due.pooled_fen))
        assert sum(one.account_fen for one in claims) == 35_01
        assert sum(one.pooled_fen for one in claims) == 44_50


def test_pensions_take_what_is_due_of_the_account_however_much_the_ledger_has_drawn() -> None:
    """Drawn already, on its way, or put back after a death: the heirs get the same."""
    pension = DrawnPension(exists=True, died=True, drawn_fen=30_00, months=3)
    for drawn_fen in (0, 10_00, 30_00, 50_00):
        balance = AccountBalance(balance_fen=100_00 - drawn_fen, pensions_fen=drawn_fen)
        due = due_of(balance, [], None, pension)
        assert due.account_fen == 70_00
        assert due.basis["pensions_due"] == "30.00"
        paid = taken(70_00)
        waiting = due_fen(balance, [paid], pension.drawn_fen)
        booked = AccountBalance(
            balance_fen=balance.balance_fen - 70_00,
            pensions_fen=drawn_fen,
            taken_fen={paid.paper: 70_00},
        )
        assert waiting == due_fen(booked, [paid], pension.drawn_fen) == 0


def test_an_account_that_pensions_have_used_up_leaves_nothing_and_owes_nothing() -> None:
    used_up = AccountBalance(balance_fen=0, pensions_fen=100_00)
    assert due_fen(used_up, [], 500_00) == 0
    with pytest.raises(NothingDue):
        due_of(used_up, [], None, DrawnPension(exists=True, died=True, drawn_fen=500_00))
    # The death was withdrawn after the heirs were paid: that is too much, up to what they got.
    paid = taken(70_00)
    after = AccountBalance(balance_fen=0, pensions_fen=30_00, taken_fen={paid.paper: 70_00})
    assert due_fen(after, [paid], 60_00) == -30_00
    assert due_fen(after, [paid], 500_00) == -70_00


def test_only_heirs_are_paid_an_account_that_pays_a_pension() -> None:
    living, unknown = (
        DrawnPension(exists=True),
        DrawnPension(exists=True, died=True, is_known=False),
    )
    require_inheritable(DrawnPension(exists=True, died=True))
    with pytest.raises(PensionDrawn):
        require_inheritable(living)
    with pytest.raises(AccountPartUnknown):
        require_inheritable(unknown)


def test_the_pooled_part_counts_pension_months_from_the_year_of_the_row() -> None:
    years = (
        PersonYear(insurance="pension", year=1997, months=12, bases_fen=9_999_99),
        PersonYear(insurance="pension", year=1998, months=12, bases_fen=12_000_01),
        PersonYear(insurance="pension", year=2021, months=7, bases_fen=35_000_00),
        PersonYear(insurance="medical", year=2021, months=7, bases_fen=35_000_00),
    )
    record = PersonRecord(
        person="",
        districts=(),
        birth=None,
        is_female=None,
        years=years,
        last_bases_fen={},
        account_fen=0,
    )
    share = PooledShare(ratio_ppm=120_000, from_year=1998)
    assert share.pooled_fen(record) == 5_640_00
    assert share.formula(record) == "47000.01 × 12% = 5640.00"
