"""Shapes of the success of direct debits."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.collection.debits.domain.debit import DebitReasonClass, DebitStatus
from services.collection.debits.domain.success import DebitSuccess
from services.collection.debits.flows.debit import batch_ref
from services.collection.debits.store.success import DebitedLine
from shared.references import Reference
from shared.schema import Out, RateOut, YuanOut


class DebitSuccessOut(Out):
    """The lines of one bank, unit or reason; `rate` is settled of those with a final result.

    lines = settled + refused + returned + open.
    """

    key: str = Field(
        examples=["icbc"],
        description="银行代码、单位或“原因类:原始代码” (bank, credit code or class:raw code)",
    )
    lines: int
    total: YuanOut
    settled: int
    settled_amount: YuanOut
    refused: int
    returned: int
    open: int
    rate: RateOut | None = Field(description="成功率 (0.8 is 80 %)")

    @classmethod
    def of(cls, row: DebitSuccess) -> DebitSuccessOut:
        """Build the answer from a counted row."""
        return cls(
            key=row.key,
            lines=row.lines,
            total=row.total_fen,
            settled=row.settled_lines,
            settled_amount=row.settled_fen,
            refused=row.refused_lines,
            returned=row.returned_lines,
            open=row.open_lines,
            rate=row.rate_ppm,
        )


class DebitedLineOut(Out):
    """A line of a batch, behind a report of success."""

    batch: str = Field(examples=[Reference.DEBIT_BATCH.example])
    line: int
    bank: str
    debit_date: date
    credit_code: str
    name: str
    period: str
    amount: YuanOut
    status: DebitStatus
    reason_class: DebitReasonClass | None
    reason_code: str | None
    reason: str | None

    @classmethod
    def of(cls, row: DebitedLine) -> DebitedLineOut:
        """Build the answer from a stored line."""
        return cls(
            batch=batch_ref(row.batch_id).text(Reference.DEBIT_BATCH),
            line=row.line_no,
            bank=row.bank,
            debit_date=row.debit_date,
            credit_code=row.credit_code,
            name=row.name,
            period=row.period,
            amount=row.amount_fen,
            status=DebitStatus(row.status),
            reason_class=DebitReasonClass(row.reason_class) if row.reason_class else None,
            reason_code=row.reason_code,
            reason=row.reason,
        )
