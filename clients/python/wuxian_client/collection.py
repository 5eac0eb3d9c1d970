"""Collection: what a tax bureau pushes, what a bank debits, and the bills behind both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from wuxian_client.call import Call, Pages, operation

# --- tax pushes --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One payment that the tax bureau collected."""

    serial: str
    credit_code: str
    period: str
    amount: Decimal
    paid_on: date


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that was not taken, with the reason."""

    serial: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class TaxPushResult:
    """The result of a push: every line is matched, suspended, replayed or rejected."""

    received: int
    matched: int
    suspended: int
    replayed: int
    allocated_amount: Decimal
    suspended_amount: Decimal
    rejected: list[RejectedLine]


_PUSH = operation("collection", "push_tax", "POST", "/v1/tax-pushes")


def push_tax(
    push_no: str, collected_on: date, lines: Sequence[TaxLine], authority: str | None = None
) -> Call[TaxPushResult]:
    """Push what was collected on a day; the control totals are computed from the lines."""
    control = {"count": len(lines), "total": sum((one.amount for one in lines), Decimal(0))}
    body = {
        "push_no": push_no,
        "collected_on": collected_on,
        "authority": authority,
        "control": control,
        "lines": list(lines),
    }
    return Call(_PUSH, TaxPushResult, body=body)


# --- bills -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill without its lines."""

    id: str
    declaration: str
    credit_code: str
    district: str
    period: str
    issued_on: date
    due_on: date
    total: Decimal
    settled: Decimal
    open: Decimal
    credited: Decimal
    waived: Decimal
    status: str
    collector: str
    kind: str


@dataclass(frozen=True, slots=True)
class BillLine:
    """A line of a bill: one insurance, party, account and fund."""

    line: int
    insurance: str
    party: str
    account: str
    fund: str
    amount: Decimal
    settled: Decimal
    credited: Decimal


@dataclass(frozen=True, slots=True)
class BillWithLines(Bill):
    """A bill with its lines."""

    lines: list[BillLine]
    by_fund: dict[str, Decimal]


_BILLS = operation(
    "collection",
    "list_bills",
    "GET",
    "/v1/bills",
    *("credit_code", "period", "status", "district", "limit", "cursor"),
)
_BILL = operation("collection", "get_bill", "GET", "/v1/bills/{bill}")


def list_bills(
    *,
    credit_code: str | None = None,
    period: str | None = None,
    status: str | None = None,
    limit: int | None = None,
) -> Pages[Bill]:
    """List bills."""
    query = {"credit_code": credit_code, "period": period, "status": status, "limit": limit}
    return Pages(Call(_BILLS, Any, query=query), Bill)


def get_bill(bill: str) -> Call[BillWithLines]:
    """Read a bill with its lines."""
    return Call(_BILL, BillWithLines, path={"bill": bill})


# --- direct debits -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineTotals:
    """A number of lines and their sum."""

    lines: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class DebitBatch:
    """A batch of direct debits with its control totals."""

    id: str
    period: str
    debit_date: date
    status: str
    control: LineTotals
    settled: LineTotals
    refused: LineTotals
    returned: LineTotals
    waiting: LineTotals
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A bank account."""

    bank: str
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class DebitLine:
    """A line of a debit batch."""

    line: int
    credit_code: str
    name: str
    bank_account: BankAccount
    amount: Decimal
    returned: Decimal
    status: str
    reason: str | None
    reason_code: str | None
    reason_class: str | None


@dataclass(frozen=True, slots=True)
class DebitResult:
    """The bank's result of one line."""

    line: int
    outcome: Literal["settled", "refused", "unknown", "returned"]
    bank_serial: str
    amount: Decimal
    value_date: date
    reason_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RejectedResult:
    """A result that was not taken, with the reason."""

    line: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class DebitResults:
    """The counts of a file of results."""

    settled: int
    refused: int
    returned: int
    unknown: int
    replayed: int
    rejected: list[RejectedResult]


_BATCHES = operation(
    "collection",
    "list_debit_batches",
    "GET",
    "/v1/debit-batches",
    *("status", "period", "limit", "cursor"),
)
_BATCH = operation("collection", "get_debit_batch", "GET", "/v1/debit-batches/{batch}")
_LINES = operation(
    "collection",
    "list_debit_lines",
    "GET",
    "/v1/debit-batches/{batch}/lines",
    *("limit", "cursor"),
)
_RESULTS = operation("collection", "report_debit_results", "POST", "/v1/debit-results")


def list_debit_batches(
    *, status: str | None = None, period: str | None = None, limit: int | None = None
) -> Pages[DebitBatch]:
    """List batches of direct debits."""
    query = {"status": status, "period": period, "limit": limit}
    return Pages(Call(_BATCHES, Any, query=query), DebitBatch)


def get_debit_batch(batch: str) -> Call[DebitBatch]:
    """Read a batch of direct debits."""
    return Call(_BATCH, DebitBatch, path={"batch": batch})


def list_debit_lines(batch: str, limit: int | None = None) -> Pages[DebitLine]:
    """List the lines of a batch; the bank gets whole account numbers."""
    return Pages(Call(_LINES, Any, path={"batch": batch}, query={"limit": limit}), DebitLine)


def report_debit_results(
    batch: str, results: Sequence[DebitResult], bank: str | None = None
) -> Call[DebitResults]:
    """Report the bank's results of lines of a batch."""
    body = {"batch": batch, "bank": bank, "results": list(results)}
    return Call(_RESULTS, DebitResults, body=body)
