"""The bank's two trades, debits and payments: their paths and words, and what names a line."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from services.sandbox.script import Plan, plan_debit, plan_payment


@dataclass(frozen=True, slots=True)
class Trade:
    """One of the bank's two trades: its paths, and the words of its batches and results.

    `order` is the ISO 20022 message that its orders come in.
    """

    purpose: str
    peer: str
    batches: str
    ready: str
    day: str
    results: str
    done: str
    order: str
    plan: Callable[..., Plan]


DEBIT: Final = Trade(
    purpose="debit",
    peer="collection",
    batches="/v1/debit-batches",
    ready="created",
    day="debit_date",
    results="/v1/debit-results",
    done="settled",
    order="pain.008.001.08",
    plan=plan_debit,
)
PAYMENT: Final = Trade(
    purpose="payment",
    peer="payout",
    batches="/v1/payment-batches",
    ready="ready",
    day="pay_date",
    results="/v1/payment-results",
    done="paid",
    order="pain.001.001.09",
    plan=plan_payment,
)


def reference_of(purpose: str, batch: dict[str, Any], line: dict[str, Any]) -> str:
    """Return a line's reference in words that every run of the same city shares."""
    if purpose == DEBIT.purpose:
        return f"{line['credit_code']}/{batch['period']}"
    account = line["bank_account"]["number"]
    return f"{account}/{batch['fund']}/{batch['pay_date']}/{line['amount']}"


def attempts(tx: sqlite3.Connection, purpose: str, reference: str) -> int:
    """Count the earlier instructions of a reference."""
    row = tx.execute(
        "SELECT COUNT(*) AS before FROM instruction WHERE purpose = ? AND reference = ?",
        (purpose, reference),
    ).fetchone()
    return int(row["before"])
