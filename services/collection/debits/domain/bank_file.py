"""Files to and from banks: a batch as orders, and a bank's answer as results of batches. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Final
from uuid import UUID

from services.collection.debits.domain.debit import DebitLine, DebitOutcome, DebitResult
from shared.bank_files.values import BankOutcome, BankResult, FileRefusal
from shared.errors import Kind, Refusal

PIECE_LINES: Final = 2_500
"""The most results that one transaction takes. Between pieces the vouchers of earlier ones go out."""

_OUTCOMES: Final = {
    BankOutcome.SETTLED: DebitOutcome.SETTLED,
    BankOutcome.REFUSED: DebitOutcome.REFUSED,
    BankOutcome.RETURNED: DebitOutcome.RETURNED,
    BankOutcome.UNKNOWN: DebitOutcome.UNKNOWN,
}


class FileOfNoBatch(Refusal):
    """文件中有不属于该行批次的明细,整份不收 (lines of files that were not sent to this bank)"""

    kind = Kind.INVALID
    code = "FILE_OF_NO_BATCH"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePiece:
    """A part of a bank's answer about one batch, taken in one transaction."""

    batch_id: UUID
    results: Sequence[BankResult]
    refusal: FileRefusal | None = None


@dataclass(slots=True, kw_only=True)
class AnswerFile:
    """A bank's answer, divided into pieces."""

    sha256: bytes
    number: str
    others: int
    pieces: list[FilePiece] = field(default_factory=list)


def pieces_of(
    results: Iterable[BankResult],
    refusals: Iterable[FileRefusal],
    batches: Mapping[str, UUID],
) -> Iterator[FilePiece]:
    """Divide an answer by batch, and a long one into pieces."""
    by_batch: dict[UUID, list[BankResult]] = {}
    for result in results:
        by_batch.setdefault(batches[result.file_no], []).append(result)
    for batch_id, found in by_batch.items():
        rows = iter(found)
        while piece := list(islice(rows, PIECE_LINES)):
            yield FilePiece(batch_id=batch_id, results=piece)
    for refusal in refusals:
        yield FilePiece(batch_id=batches[refusal.file_no], results=(), refusal=refusal)


def debit_results(
    results: Iterable[BankResult], lines: Mapping[int, DebitLine], today: date
) -> list[DebitResult]:
    """Turn a bank's results into those of lines; what the bank leaves out is the line's own."""
    return [
        DebitResult(
            line_no=one.line_no,
            outcome=_OUTCOMES[one.outcome],
            serial=one.serial,
            amount_fen=_amount(one, lines.get(one.line_no)),
            value_date=one.value_date or today,
            reason_code=one.reason_code,
            reason=one.reason,
        )
        for one in results
    ]


def _amount(result: BankResult, line: DebitLine | None) -> int:
    if result.amount_fen is not None:
        return result.amount_fen
    return line.amount_fen if line else 0


def refused_lines(
    refusal: FileRefusal, lines: Iterable[DebitLine], today: date
) -> list[DebitResult]:
    """Turn the refusal of a whole file into refusals of the lines that nothing is known about."""
    return [
        DebitResult(
            line_no=line.line_no,
            outcome=DebitOutcome.REFUSED,
            serial=refusal.file_no,
            amount_fen=line.amount_fen,
            value_date=today,
            reason_code=refusal.reason_code,
            reason=refusal.reason,
        )
        for line in lines
    ]
