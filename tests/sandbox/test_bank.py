"""The simulated bank keeps books that a statement can be asked of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from services.sandbox.bank import (
    Bank,
    FlowNotAllowed,
    Move,
    Overdrawn,
    ReferenceReused,
    Transfer,
    move,
    open_account,
)
from services.sandbox.journal import Journal
from shared.errors import NotFound

DAY = date(2021, 7, 20)
SWEEP = Transfer(
    reference="stl-1", payer="income", payee="fiscal", amount_fen=60_000, day=DAY, summary="归集"
)


@pytest.fixture
def journal() -> Iterator[Journal]:
    opened = Journal(":memory:")
    yield opened
    opened.close()


@pytest.fixture
def bank(journal: Journal) -> Bank:
    """A bank where a unit has paid 1,000 yuan into the income account."""
    bank = Bank(journal)
    with journal.transaction() as tx:
        open_account(tx, "6222", "海河公司")
        move(
            tx,
            Move(
                serial="D1", payer="6222", payee="income", amount_fen=100_000, day=DAY, summary=""
            ),
        )
    return bank


def test_money_that_leaves_one_account_enters_another(bank: Bank) -> None:
    assert bank.transfer(SWEEP)
    assert bank.balances() == {"income": 40_000, "fiscal": 60_000, "expenditure": 0, "treasury": 0}
    assert bank.position_fen() == 0


def test_a_repeated_order_moves_nothing(bank: Bank) -> None:
    assert bank.transfer(SWEEP)
    assert not bank.transfer(SWEEP)
    assert bank.balances()["income"] == 40_000


def test_a_reference_belongs_to_one_order(bank: Bank) -> None:
    bank.transfer(SWEEP)
    with pytest.raises(ReferenceReused):
        bank.transfer(replace(SWEEP, amount_fen=1))


def test_the_centres_accounts_are_never_overdrawn(bank: Bank) -> None:
    with pytest.raises(Overdrawn):
        bank.transfer(replace(SWEEP, amount_fen=100_001))
    assert bank.balances()["income"] == 100_000
    assert bank.position_fen() == 0


@pytest.mark.parametrize(
    ("payer", "payee"), [("income", "expenditure"), ("expenditure", "income"), ("fiscal", "income")]
)
def test_money_flows_along_the_two_lines_only(bank: Bank, payer: str, payee: str) -> None:
    with pytest.raises(FlowNotAllowed):
        bank.transfer(replace(SWEEP, payer=payer, payee=payee))


def test_a_statement_adds_up(bank: Bank) -> None:
    bank.transfer(replace(SWEEP, day=date(2021, 7, 31)))
    statement = bank.statement("income", date(2021, 7, 21), date(2021, 7, 31))
    assert (statement.opening_fen, statement.received_fen, statement.paid_fen) == (
        100_000,
        0,
        60_000,
    )
    assert statement.closing_fen == 40_000
    assert [line.amount_fen for line in statement.lines] == [-60_000]


def test_statements_are_read_by_pages(bank: Bank) -> None:
    bank.transfer(SWEEP)
    first = bank.statement("income", DAY, DAY, limit=1)
    rest = bank.statement("income", DAY, DAY, after=first.lines[-1].seq)
    assert [line.amount_fen for line in first.lines + rest.lines] == [100_000, -60_000]


def test_an_unknown_account_has_no_statement(bank: Bank) -> None:
    with pytest.raises(NotFound):
        bank.statement("nobody", DAY, DAY)


def test_a_refund_that_comes_back_leaves_the_balance_as_it_was(bank: Bank) -> None:
    back = date(2021, 7, 22)
    for _ in range(2):
        serial = bank.refund("rfd-1", "income", 30_000, paid=DAY, returned=back)
    statement = bank.statement("income", back, back)
    assert [(one.serial, one.amount_fen) for one in statement.lines] == [(serial, 30_000)]
    assert (statement.opening_fen, statement.closing_fen) == (70_000, 100_000)
    assert bank.position_fen() == 0


def test_a_refund_beyond_the_balance_is_refused(bank: Bank) -> None:
    with pytest.raises(Overdrawn):
        bank.refund("rfd-1", "income", 100_001, paid=DAY, returned=DAY)
