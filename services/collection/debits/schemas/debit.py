"""Shapes of debit batches and of the bank's results."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from services.collection.common.schemas.common import Day
from services.collection.debits.domain.bank_profile import CITY_BANK
from services.collection.debits.domain.debit import DebitOutcome, DebitResult
from services.collection.debits.domain.debit_agreement import ExclusionReason
from services.collection.debits.flows.debit import DebitResultSummary, NewDebitBatch, batch_ref
from services.collection.debits.store.debit import DebitBatch, DebitLineRow
from services.collection.debits.store.selection import DebitExclusion
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, In, NonNegativeYuan, Out, PeriodField, Serial, ShortText, YuanOut

BatchId = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class DebitBatchIn(In):
    """A request to debit the open bills of a period on a day."""

    period: PeriodField
    debit_date: Day
    bank: Code = Field(
        default=CITY_BANK, description="代扣银行代码,不填为本市代扣银行 (code of the bank)"
    )


class LineTotalsOut(Out):
    """Number and sum of lines."""

    lines: int
    total: YuanOut


class DebitBatchOut(Out):
    """A debit batch. It closes when every line has a final result.

    control = settled + refused + returned + waiting.
    """

    id: str = Field(examples=[Reference.DEBIT_BATCH.example])
    period: str
    debit_date: date
    status: str = Field(examples=["created"], description="created | closed")
    bank: str = Field(examples=["city"])
    file_no: str = Field(
        examples=["D20210728-0a1b2c3d4e5f"], description="文件号,唯一 (unique number of the file)"
    )
    excluded: int = Field(description="未列入的通知单数 (open bills that are left out)")
    control: LineTotalsOut
    settled: LineTotalsOut
    refused: LineTotalsOut
    returned: LineTotalsOut = Field(
        description="退回:行数只计全额退回 (returned; lines count those returned in full)"
    )
    waiting: LineTotalsOut
    created_by: str
    created_at: datetime

    @classmethod
    def of(cls, batch: DebitBatch) -> DebitBatchOut:
        """Build the answer from a stored batch."""
        return cls(**cls.members(batch))

    @staticmethod
    def members(batch: DebitBatch) -> dict[str, Any]:
        """Return the members by name."""
        return {
            "id": batch_ref(batch.id).text(Reference.DEBIT_BATCH),
            "period": batch.period,
            "debit_date": batch.debit_date,
            "status": batch.status,
            "bank": batch.bank,
            "file_no": batch.file_no,
            "excluded": batch.excluded_lines,
            "control": LineTotalsOut(lines=batch.lines, total=batch.total_fen),
            "settled": LineTotalsOut(lines=batch.settled_lines, total=batch.settled_fen),
            "refused": LineTotalsOut(lines=batch.refused_lines, total=batch.refused_fen),
            "returned": LineTotalsOut(lines=batch.returned_lines, total=batch.returned_fen),
            "waiting": LineTotalsOut(
                lines=batch.lines
                - (batch.settled_lines + batch.refused_lines + batch.returned_lines),
                total=batch.total_fen
                - (batch.settled_fen + batch.refused_fen + batch.returned_fen),
            ),
            "created_by": batch.created_by,
            "created_at": batch.created_at,
        }


class DebitBatchCreatedOut(DebitBatchOut):
    """A new debit batch."""

    without_account: int = Field(
        description="未登记账户、未列入的通知单数 (open bills left out: the unit has given no account)"
    )

    @classmethod
    def created(cls, new: NewDebitBatch) -> DebitBatchCreatedOut:
        """Build the answer from a new batch."""
        return cls(**cls.members(new.batch), without_account=new.without_account)


class DebitAccountOut(Out):
    """The account to debit. Its number is whole for the bank gateway and masked for all others."""

    bank: str
    number: str
    name: str


class DebitLineOut(Out):
    """A line of a debit batch."""

    line: int
    credit_code: str
    name: str
    bank_account: DebitAccountOut
    amount: YuanOut
    returned: YuanOut = Field(description="银行退回金额 (returned by the bank)")
    status: str = Field(
        examples=["waiting"], description="waiting | unknown | settled | refused | returned"
    )
    reason: str | None
    reason_code: str | None
    reason_class: str | None

    @classmethod
    def of(cls, row: DebitLineRow) -> DebitLineOut:
        """Build the answer from a stored line."""
        return cls(
            line=row.line_no,
            credit_code=row.credit_code,
            name=row.name,
            bank_account=DebitAccountOut(
                bank=str(row.bank.get("bank", "")),
                number=str(row.bank.get("number", "")),
                name=str(row.bank.get("name", "")),
            ),
            amount=row.amount_fen,
            returned=row.returned_fen,
            status=row.status,
            reason=row.reason,
            reason_code=row.reason_code,
            reason_class=row.reason_class,
        )


class DebitExclusionOut(Out):
    """An open bill that is not in a batch, and the reason."""

    bill: str = Field(examples=[Reference.BILL.example])
    credit_code: str
    name: str
    amount: YuanOut
    reason: ExclusionReason

    @classmethod
    def of(cls, row: DebitExclusion) -> DebitExclusionOut:
        """Build the answer from a stored row."""
        return cls(
            bill=Ref(row.unit_id, row.bill_id).text(Reference.BILL),
            credit_code=row.credit_code,
            name=row.name,
            amount=row.amount_fen,
            reason=ExclusionReason(row.reason),
        )


class DebitResultIn(In):
    """The bank's result of one line. After `unknown` the line waits for another result.

    After `settled`, a `returned` or a `refused` of a later value date under the same serial takes
    the amount back. After `refused`, a `settled` of a later value date is booked.
    """

    line: int = Field(ge=1, le=10_000_000, strict=True)
    outcome: DebitOutcome
    bank_serial: Serial
    amount: NonNegativeYuan
    value_date: Day
    reason_code: Serial | None = None
    reason: ShortText | None = None

    def result(self) -> DebitResult:
        """Return the result as the flow takes it."""
        return DebitResult(
            line_no=self.line,
            outcome=self.outcome,
            serial=self.bank_serial,
            amount_fen=self.amount,
            value_date=self.value_date,
            reason_code=self.reason_code,
            reason=self.reason,
        )


class DebitResultsIn(In):
    """A result file of one batch. It may repeat results and come in any order."""

    batch: BatchId = Field(examples=[Reference.DEBIT_BATCH.example])
    bank: Code | None = Field(
        default=None,
        examples=["icbc"],
        description="代扣银行,流水号在其内唯一;不填即本市代扣银行 (the bank whose serials these are)",
    )
    results: list[DebitResultIn] = Field(min_length=1, max_length=10_000)


class RejectedResultOut(Out):
    """A rejected result and the reason."""

    line: int
    code: str
    message: str


class DebitResultsOut(Out):
    """Counts of the items; each is settled, refused, returned, unknown, replayed or rejected."""

    settled: int
    refused: int
    returned: int
    unknown: int
    replayed: int
    rejected: list[RejectedResultOut]

    @classmethod
    def of(cls, summary: DebitResultSummary) -> DebitResultsOut:
        """Build the answer from the flow's summary."""
        return cls(
            settled=summary.settled,
            refused=summary.refused,
            returned=summary.returned,
            unknown=summary.unknown,
            replayed=summary.replayed,
            rejected=[
                RejectedResultOut(line=int(one.item), code=one.code, message=one.message)
                for one in summary.rejected
            ],
        )
