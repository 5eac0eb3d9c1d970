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
from services.sandbox.script import Script, StatementRates
from services.sandbox.statements import EntryError, Statements
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
def statements(journal: Journal) -> Statements:
    return Statements(journal)


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


def test_a_statement_adds_up(bank: Bank, statements: Statements) -> None:
    bank.transfer(replace(SWEEP, day=date(2021, 7, 31)))
    statement = statements.read("income", date(2021, 7, 21), date(2021, 7, 31))
    assert (statement.opening_fen, statement.received_fen, statement.paid_fen) == (
        100_000,
        0,
        60_000,
    )
    assert statement.closing_fen == 40_000
    assert [line.amount_fen for line in statement.lines] == [-60_000]


def test_statements_are_read_by_pages(bank: Bank, statements: Statements) -> None:
    bank.transfer(SWEEP)
    first = statements.read("income", DAY, DAY, limit=1)
    rest = statements.read("income", DAY, DAY, after=first.lines[-1].seq)
    assert [line.amount_fen for line in first.lines + rest.lines] == [100_000, -60_000]


def test_an_unknown_account_has_no_statement(bank: Bank, statements: Statements) -> None:
    with pytest.raises(NotFound):
        statements.read("nobody", DAY, DAY)


def test_a_refund_that_comes_back_leaves_the_balance_as_it_was(
    bank: Bank, statements: Statements
) -> None:
    back = date(2021, 7, 22)
    for _ in range(2):
        serial = bank.refund("rfd-1", "income", 30_000, paid=DAY, returned=back)
    statement = statements.read("income", back, back)
    assert [(one.serial, one.amount_fen) for one in statement.lines] == [(serial, 30_000)]
    assert (statement.opening_fen, statement.closing_fen) == (70_000, 100_000)
    assert bank.position_fen() == 0


def test_a_refund_beyond_the_balance_is_refused(bank: Bank) -> None:
    with pytest.raises(Overdrawn):
        bank.refund("rfd-1", "income", 100_001, paid=DAY, returned=DAY)


@pytest.mark.parametrize(
    ("kind", "shown", "corrected"),
    [
        ("missing", [], [("27", "D1", 100_000)]),
        ("late", [("23", "D1", 100_000)], [("23", "D1", 100_000)]),
        (
            "twice",
            [("20", "D1", 100_000), ("20", "D1D", 100_000)],
            [("20", "D1", 100_000), ("20", "D1D", 100_000), ("27", "D1K", -100_000)],
        ),
    ],
)
def test_a_mistake_in_a_statement_is_corrected_after_an_inquiry(
    bank: Bank,
    statements: Statements,
    kind: str,
    shown: list[tuple[str, str, int]],
    corrected: list[tuple[str, str, int]],
) -> None:
    script = Script(statement=StatementRates(**{kind: "1"}))
    assert statements.err(script, "income", DAY, date(2021, 7, 25))[kind] == 1
    assert statements.err(script, "income", DAY, date(2021, 7, 25))[kind] == 0
    assert _lines(statements) == shown
    for day in (27, 28):
        found = statements.correct("income", "D1", date(2021, 7, day))
        assert found is EntryError(kind)
    assert _lines(statements) == corrected
    assert bank.balances()["income"] == 100_000


def test_an_entry_of_anothers_money_is_taken_out_again(bank: Bank, statements: Statements) -> None:
    statements.err(Script(statement=StatementRates(extra="1")), "income", DAY, DAY)
    _, (_, serial, fen) = _lines(statements)
    assert statements.correct("income", "nothing", DAY) is EntryError.NONE
    assert statements.correct("income", serial, date(2021, 7, 27)) is EntryError.EXTRA
    assert _lines(statements)[-1] == ("27", f"{serial}K", -fen)
    assert statements.read("income", DAY, date(2021, 7, 31)).closing_fen == 100_000
    assert bank.position_fen() == 0


def _lines(statements: Statements) -> list[tuple[str, str, int]]:
    found = statements.read("income", DAY, date(2021, 7, 31))
    return [(f"{one.day:%d}", one.serial, one.amount_fen) for one in found.lines]
