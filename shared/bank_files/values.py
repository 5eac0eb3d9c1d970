"""Values of bank files, the same for every format. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple


class OrderKind(StrEnum):
    """Kind of an order to a bank."""

    DEBIT = "debit"  # 扣款: the bank collects from the accounts of payers
    PAYMENT = "payment"  # 付款: the bank pays into the accounts of payees


class BankOutcome(StrEnum):
    """Outcome of an order that a bank reports."""

    SETTLED = "settled"
    REFUSED = "refused"
    RETURNED = "returned"
    UNKNOWN = "unknown"


class BankAccount(NamedTuple):
    """An account, its holder and its bank. `bank` is the bank's name, `bank_code` its 联行号.

    Accounts, orders and results are tuples: a city's month has 600,000 of each, and a frozen
    dataclass takes three times as long to make.
    """

    number: str
    name: str
    bank: str = ""
    bank_code: str = ""


class BankOrder(NamedTuple):
    """One line of a file to a bank.

    `mandate` and `signed_on` name the agreement under which an account is debited.
    """

    line_no: int
    account: BankAccount
    amount_fen: int
    purpose: str = ""
    mandate: str = ""
    signed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFile:
    """A file of orders to one bank. `number` is its unique number (at most 24 characters)."""

    kind: OrderKind
    number: str
    created_at: datetime
    due_on: date
    own: BankAccount
    own_id: str
    orders: tuple[BankOrder, ...]

    @property
    def total_fen(self) -> int:
        """Return the control sum."""
        return sum(order.amount_fen for order in self.orders)


def order_id(number: str, line_no: int) -> str:
    """Return the identifier of one order, which the bank repeats in its answers."""
    return f"{number}-{line_no}"


def order_of(text: str) -> tuple[str, int] | None:
    """Read the number of a file and of a line out of an identifier; None when it is none of ours."""
    number, dash, line = text.strip().rpartition("-")
    if not dash or not number or not (line.isascii() and line.isdigit()) or len(line) > 8:
        return None
    return number, int(line)


class BankResult(NamedTuple):
    """Report of a bank about one order. `file_no` is the number of the file that ordered it.

    The amount is None where the bank does not repeat it; then the order's amount is meant.
    """

    file_no: str
    line_no: int
    outcome: BankOutcome
    serial: str
    amount_fen: int | None
    value_date: date | None = None
    reason_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class FileRefusal:
    """A file of orders that the bank refuses whole, and why."""

    file_no: str
    reason_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A bank's answer file: results of orders, and files that it refuses whole.

    `others` counts movements that name no order of ours; they are read from the statement.
    """

    number: str
    results: tuple[BankResult, ...]
    refused_files: tuple[FileRefusal, ...] = ()
    others: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementEntry:
    """A movement on an account. The amount is positive when money came in.

    `serial` is the bank's own number of the movement; `reference` is what the payer or the order
    says (a bill's number, an order's identifier). `raw` holds the members of the file as they came.
    """

    line_no: int
    booked_on: date
    amount_fen: int
    serial: str
    reference: str = ""
    value_date: date | None = None
    counter_account: str = ""
    counter_name: str = ""
    bank_code: str = ""
    text: str = ""
    raw: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatement:
    """The movements of one account over a span of days. Balances are None when the bank gives none."""

    account: str
    number: str
    first_day: date | None
    last_day: date | None
    opening_fen: int | None
    closing_fen: int | None
    entries: tuple[StatementEntry, ...]

    @property
    def total_fen(self) -> int:
        """Return the sum of the movements."""
        return sum(entry.amount_fen for entry in self.entries)
