"""Files to and from the paying bank: a batch as orders, and the bank's answer as reports. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from services.payout.payments.domain.batch import PaymentBatch
from services.payout.payments.domain.payment import BankReport, Outcome, PaymentLine
from shared.bank_files.values import BankOutcome, BankResult
from shared.errors import Fault, Kind, Refusal

PIECE_LINES: Final = 10_000
"""The most results that one transaction takes."""

_OUTCOMES: Final = {
    BankOutcome.SETTLED: Outcome.PAID,
    BankOutcome.REFUSED: Outcome.REFUSED,
    BankOutcome.RETURNED: Outcome.RETURNED,
    BankOutcome.UNKNOWN: Outcome.UNKNOWN,
}


class FileOfAnotherBatch(Refusal):
    """文件中有不属于该批次的明细,整份不收 (the file tells of orders of another batch)"""

    kind = Kind.INVALID
    code = "FILE_OF_ANOTHER_BATCH"


def file_number(batch: PaymentBatch) -> str:
    """Return the unique number of a batch's file."""
    return f"P{batch.pay_date:%Y%m%d}-{batch.ref.id.hex[-12:]}"


def faults_of(results: Iterable[BankResult], number: str) -> list[Fault]:
    """Find the results that are not about a file."""
    named = sorted({one.file_no for one in results} - {number})
    return [
        Fault(
            f"file_no/{name[:64]}", "FILE_UNKNOWN", "不是该批次的文件 (not the file of this batch)"
        )
        for name in named
    ]


def pieces_of(results: Sequence[BankResult]) -> Iterator[list[BankResult]]:
    """Divide a long answer into pieces."""
    rows = iter(results)
    while piece := list(islice(rows, PIECE_LINES)):
        yield piece


def bank_reports(
    results: Iterable[BankResult], lines: Mapping[int, PaymentLine]
) -> list[BankReport]:
    """Turn a bank's results into reports; an amount that the bank leaves out is the line's own."""
    return [
        BankReport(
            line_no=one.line_no,
            outcome=_OUTCOMES[one.outcome],
            bank_serial=one.serial,
            amount_fen=_amount(one, lines.get(one.line_no)),
            value_date=one.value_date,
            reason_code=one.reason_code,
            reason=one.reason,
        )
        for one in results
    ]


def _amount(result: BankResult, line: PaymentLine | None) -> int:
    if result.amount_fen is not None:
        return result.amount_fen
    return line.amount_fen if line else 0
