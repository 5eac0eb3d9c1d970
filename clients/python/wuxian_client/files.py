"""Files to collection: a day of tax collections, a bank's statement, a bank's answer.

A file is bytes or a path. The same file again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from wuxian_client.call import Call, File, operation
from wuxian_client.codec import money

CSV = "text/csv"
NDJSON = "application/x-ndjson"
XML = "application/xml"
JSON = "application/json"
Content = bytes | Path

# --- tax pushes by file ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an operation; `total` is the announced count."""

    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Operation:
    """A long operation that was requested."""

    id: str
    kind: str
    status: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class TaxPushFile:
    """A push by file, and what became of its lines so far."""

    push_no: str
    collected_on: date
    lines: int
    total: Decimal
    done: int
    matched: int
    suspended: int
    replayed: int
    rejected: int
    allocated_amount: Decimal
    suspended_amount: Decimal


_PUSH = operation(
    "collection",
    "push_tax_file",
    "POST",
    "/v1/tax-push-files",
    *("push_no", "collected_on", "control_count", "control_total", "authority"),
)
_PUSHED = operation(
    "collection", "get_tax_push_file", "GET", "/v1/tax-push-files/{push_no}", "authority"
)


def push_tax_file(
    content: Content,
    *,
    push_no: str,
    collected_on: date,
    count: int,
    total: Decimal,
    authority: str | None = None,
    media_type: Literal["text/csv", "application/x-ndjson"] = "text/csv",
) -> Call[Operation]:
    """Push a file of up to a million lines with its control totals; ask for its progress after."""
    query = {
        "push_no": push_no,
        "collected_on": collected_on,
        "control_count": count,
        "control_total": money(total),
        "authority": authority,
    }
    return Call(_PUSH, Operation, query=query, file=File(content, media_type))


def get_tax_push_file(push_no: str, authority: str | None = None) -> Call[TaxPushFile]:
    """Read how far a file is taken."""
    return Call(_PUSHED, TaxPushFile, path={"push_no": push_no}, query={"authority": authority})


# --- statements --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatementDay:
    """One day of a statement with its balances."""

    day: date
    opening: Decimal
    closing: Decimal
    lines: int


@dataclass(frozen=True, slots=True)
class TakenStatement:
    """The days of a statement that were taken; `replayed` when the file was known before."""

    account: str
    days: list[StatementDay]
    replayed: bool


_STATEMENT = operation(
    "collection",
    "take_bank_statement",
    "POST",
    "/v1/bank-statements",
    *("account", "first", "last", "opening", "closing", "format"),
)


def take_bank_statement(
    content: Content,
    *,
    account: str,
    first: date,
    last: date,
    opening: Decimal,
    closing: Decimal,
    format: str = "csv",
) -> Call[TakenStatement]:
    """Upload the statement of an account over some days: csv, iso20022, json, gbk_xml:<profile>."""
    query = {
        "account": account,
        "first": first,
        "last": last,
        "opening": money(opening),
        "closing": money(closing),
        "format": format,
    }
    file = File(content, _media_type(format))
    return Call(_STATEMENT, TakenStatement, query=query, file=file)


# --- answers to direct debits ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RejectedFileLine:
    """A line that was not taken, with the reason."""

    batch: str
    line: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class DebitFileResult:
    """The counts of a bank's answer file over all its batches."""

    number: str
    sha256: str
    batches: list[str]
    settled: int
    refused: int
    returned: int
    unknown: int
    replayed: int
    others: int
    rejected: list[RejectedFileLine]


_ANSWER = operation("collection", "report_debit_file", "POST", "/v1/bank-files", "bank")


def report_debit_file(
    content: Content, *, bank: str, format: str, signature: str | None = None
) -> Call[DebitFileResult]:
    """Hand in a bank's answer in its format, with its detached signature where the bank signs."""
    file = File(content, _media_type(format), signature)
    return Call(_ANSWER, DebitFileResult, query={"bank": bank}, file=file)


def _media_type(format: str) -> str:
    return {"csv": CSV, "json": JSON}.get(format, XML)
