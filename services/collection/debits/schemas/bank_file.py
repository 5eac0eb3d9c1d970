"""Shapes of files to and from banks."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from services.collection.debits.domain.bank_file import AnswerFile
from services.collection.debits.schemas.debit import DebitResultsOut
from shared.references import Reference
from shared.schema import Out


class RejectedFileLineOut(Out):
    """A rejected result of a file, and the reason."""

    batch: str = Field(examples=[Reference.DEBIT_BATCH.example])
    line: int
    code: str
    message: str


class BankFileOut(Out):
    """Counts of a bank's answer file over all its batches.

    `others` counts movements that name no order of ours; they are read from the statement.
    """

    number: str
    sha256: str
    batches: list[str] = Field(examples=[[Reference.DEBIT_BATCH.example]])
    settled: int
    refused: int
    returned: int
    unknown: int
    replayed: int
    others: int
    rejected: list[RejectedFileLineOut]

    @classmethod
    def of(cls, answer: AnswerFile, parts: Sequence[tuple[str, DebitResultsOut]]) -> BankFileOut:
        """Build the answer from a file and the results of its parts, each with its batch."""
        return cls(
            number=answer.number,
            sha256=answer.sha256.hex(),
            batches=list(dict.fromkeys(batch for batch, _ in parts)),
            settled=sum(part.settled for _, part in parts),
            refused=sum(part.refused for _, part in parts),
            returned=sum(part.returned for _, part in parts),
            unknown=sum(part.unknown for _, part in parts),
            replayed=sum(part.replayed for _, part in parts),
            others=answer.others,
            rejected=[
                RejectedFileLineOut(batch=batch, line=one.line, code=one.code, message=one.message)
                for batch, part in parts
                for one in part.rejected
            ],
        )
