"""Payout: batches of payments that a bank carries out, and its results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from wuxian_client.call import Call, Pages, operation
from wuxian_client.collection import BankAccount, LineTotals, RejectedResult


@dataclass(frozen=True, slots=True)
class PaymentBatch:
    """A batch of payments out of one fund."""

    id: str
    status: str
    reason: str | None
    fund: str
    pay_date: date
    control: LineTotals
    open_lines: int
    paid: Decimal
    refused: Decimal
    returned: Decimal


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """A payment of a batch."""

    line: int
    payee_name: str
    bank_account: BankAccount
    amount: Decimal
    status: str
    bank_serial: str | None
    paid_on: date | None
    reason_code: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """The bank's result of one payment."""

    line: int
    outcome: Literal["paid", "refused", "returned", "unknown"]
    bank_serial: str
    amount: Decimal
    value_date: date | None = None
    reason_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentResults:
    """The counts of a file of results."""

    paid: int
    refused: int
    returned: int
    unknown: int
    replayed: int
    rejected: list[RejectedResult]
    batch_status: str


_BATCHES = operation(
    "payout",
    "list_payment_batches",
    "GET",
    "/v1/payment-batches",
    *("status", "fund", "limit", "cursor"),
)
_LINES = operation(
    "payout",
    "list_payment_lines",
    "GET",
    "/v1/payment-batches/{batch}/lines",
    *("limit", "cursor"),
)
_RESULTS = operation("payout", "report_payment_results", "POST", "/v1/payment-results")


def list_payment_batches(
    *, status: str | None = None, fund: str | None = None, limit: int | None = None
) -> Pages[PaymentBatch]:
    """List batches of payments; those to fetch have the status "ready"."""
    query = {"status": status, "fund": fund, "limit": limit}
    return Pages(Call(_BATCHES, Any, query=query), PaymentBatch)


def list_payment_lines(batch: str, limit: int | None = None) -> Pages[PaymentLine]:
    """List the payments of a batch."""
    return Pages(Call(_LINES, Any, path={"batch": batch}, query={"limit": limit}), PaymentLine)


def report_payment_results(batch: str, results: Sequence[PaymentResult]) -> Call[PaymentResults]:
    """Report the bank's results of payments."""
    return Call(_RESULTS, PaymentResults, body={"batch": batch, "results": list(results)})
