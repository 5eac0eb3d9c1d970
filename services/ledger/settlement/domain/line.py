"""Entry lines of settlements."""

from __future__ import annotations

from services.ledger.posting.domain.entries import Line
from shared.entry import Account, Book


def debit_line(fund: str, account: str, district: str, amount_fen: int) -> Line:
    """Build a debit in the statutory book."""
    return Line(Book.STATUTORY.value, fund, account, district, amount_fen, 0)


def credit_line(fund: str, account: str, district: str, amount_fen: int) -> Line:
    """Build a credit in the statutory book."""
    return Line(Book.STATUTORY.value, fund, account, district, 0, amount_fen)


def signed_line(fund: str, account: str, district: str, net_fen: int) -> Line:
    """Build a debit, or below zero a credit."""
    if net_fen < 0:
        return credit_line(fund, account, district, -net_fen)
    return debit_line(fund, account, district, net_fen)


def memo_lines(fund: str, district: str, amount_fen: int) -> tuple[Line, Line]:
    """Build the memo entries of a refunded credit: it was receivable less, and is collected less."""
    return (
        Line(Book.MEMO.value, fund, Account.MEMO_RECEIVABLE, district, amount_fen, 0),
        Line(Book.MEMO.value, fund, Account.MEMO_COLLECTED, district, 0, amount_fen),
    )
