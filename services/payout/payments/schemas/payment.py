"""Shapes of payment batches, results and totals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import BankAccountOut, Day, Note, RefText, masked_name
from services.payout.payments.domain.batch import CLAIMS_MAX, BatchStatus, PaymentBatch
from services.payout.payments.domain.payment import BankReport, LineStatus, Outcome, ReportRejection
from services.payout.payments.flows.result import FileResult
from services.payout.payments.store.result import PaymentLineRow
from services.payout.payments.store.total import FundTotals
from shared.references import Reference
from shared.schema import Code, In, Out, PositiveYuan, Serial, YuanOut


class PaymentBatchIn(In):
    """Approved claims of one fund, and the day the bank is to pay them."""

    claims: list[RefText] = Field(min_length=1, max_length=CLAIMS_MAX)
    pay_date: Day


class RepaymentBatchIn(In):
    """A batch of all failed payments of a fund on corrected accounts; of a district, or of all."""

    fund: Code = Field(examples=["pension"])
    district: Code | None = None
    pay_date: Day


class CancellationIn(In):
    """The reason for cancelling a batch."""

    note: Annotated[Note, StringConstraints(min_length=1)]


class FundingCheckIn(In):
    """An empty body: the ledger is requested again to hold the money."""


class BatchControlOut(Out):
    """Control totals: the number of lines and their sum."""

    lines: int
    total: YuanOut


class PaymentBatchOut(Out):
    """A batch's head, with the sums of what the bank has reported so far."""

    id: str = Field(examples=[Reference.PAYMENT_BATCH.example])
    status: BatchStatus
    reason: str | None = Field(description="未落实资金的原因 (why the ledger refused the money)")
    fund: str
    pay_date: date
    control: BatchControlOut
    hold: str | None
    open_lines: int
    paid: YuanOut
    refused: YuanOut
    returned: YuanOut
    created_by: str

    @classmethod
    def of(cls, batch: PaymentBatch) -> PaymentBatchOut:
        """Build it from a batch."""
        return cls(
            id=batch.ref.text(Reference.PAYMENT_BATCH),
            status=batch.status,
            reason=batch.reason,
            fund=batch.fund,
            pay_date=batch.pay_date,
            control=BatchControlOut(lines=batch.lines, total=batch.total_fen),
            hold=batch.hold,
            open_lines=batch.open_lines,
            paid=batch.paid_fen,
            refused=batch.refused_fen,
            returned=batch.returned_fen,
            created_by=batch.created_by,
        )


class PaymentLineOut(Out):
    """One line of the list to the bank."""

    line: int
    payee_name: str
    bank_account: BankAccountOut
    amount: YuanOut
    status: LineStatus
    bank_serial: str | None
    paid_on: date | None
    reason_code: str | None
    reason: str | None

    @classmethod
    def of(cls, row: PaymentLineRow, keys: PersonKeys, *, full: bool) -> PaymentLineOut:
        """Build it from a stored line; `full` shows the whole name and account, for the bank."""
        name = keys.name.open(row.payee_name)
        return cls(
            line=row.line_no,
            payee_name=name if full else masked_name(name),
            bank_account=BankAccountOut.of(
                row.bank,
                keys.bank_number.open(row.bank_number),
                keys.bank_holder.open(row.bank_holder),
                full=full,
            ),
            amount=row.amount_fen,
            status=LineStatus(row.status),
            bank_serial=row.bank_serial,
            paid_on=row.paid_on,
            reason_code=row.reason_code,
            reason=row.reason,
        )


class PaymentResultIn(In):
    """The bank's report about one line; `paid` and `returned` need a value date."""

    line: int = Field(ge=1, le=2_000_000_000)
    outcome: Outcome
    bank_serial: Serial
    amount: PositiveYuan
    value_date: Day | None = None
    reason_code: Serial | None = None
    reason: Note | None = None

    def report(self) -> BankReport:
        """Turn it into the domain's report."""
        return BankReport(
            line_no=self.line,
            outcome=self.outcome,
            bank_serial=self.bank_serial,
            amount_fen=self.amount,
            value_date=self.value_date,
            reason_code=self.reason_code,
            reason=self.reason,
        )


class PaymentResultsIn(In):
    """A result file about one batch. A batch may have many, in any order, even repeated."""

    batch: RefText = Field(examples=[Reference.PAYMENT_BATCH.example])
    results: list[PaymentResultIn] = Field(min_length=1, max_length=10_000)


class ReportRejectionOut(Out):
    """A report that was not accepted."""

    line: int
    code: str
    message: str

    @classmethod
    def of(cls, rejection: ReportRejection) -> ReportRejectionOut:
        """Build it from a rejection."""
        return cls(line=rejection.report.line_no, code=rejection.code, message=rejection.message)


class PaymentResultsOut(Out):
    """The effect of a result file: new reports by outcome, repeats, and rejected reports."""

    paid: int
    refused: int
    returned: int
    unknown: int
    replayed: int
    rejected: list[ReportRejectionOut]
    batch_status: str

    @classmethod
    def of(cls, result: FileResult) -> PaymentResultsOut:
        """Build it from a reviewed file."""
        review = result.review
        return cls(
            paid=review.count(Outcome.PAID),
            refused=review.count(Outcome.REFUSED),
            returned=review.count(Outcome.RETURNED),
            unknown=review.count(Outcome.UNKNOWN),
            replayed=len(review.replayed),
            rejected=[ReportRejectionOut.of(rejection) for rejection in review.rejected],
            batch_status=result.status,
        )

    @classmethod
    def sum_of(cls, parts: Sequence[PaymentResultsOut]) -> PaymentResultsOut:
        """Add up the effects of the parts of a file."""
        return cls(
            paid=sum(part.paid for part in parts),
            refused=sum(part.refused for part in parts),
            returned=sum(part.returned for part in parts),
            unknown=sum(part.unknown for part in parts),
            replayed=sum(part.replayed for part in parts),
            rejected=[one for part in parts for one in part.rejected],
            batch_status=parts[-1].batch_status,
        )


class FundTotalsOut(Out):
    """One fund's payouts. `paid` includes what later came back; `returned` shows that part."""

    approved: YuanOut
    paid: YuanOut
    refused: YuanOut
    returned: YuanOut
    in_flight: YuanOut

    @classmethod
    def of(cls, row: FundTotals) -> FundTotalsOut:
        """Build it from stored sums."""
        return cls(
            approved=row.approved_fen,
            paid=row.paid_fen,
            refused=row.refused_fen,
            returned=row.returned_fen,
            in_flight=row.in_flight_fen,
        )


class TotalsOut(Out):
    """Payouts by fund."""

    currency: str = "CNY"
    funds: dict[str, FundTotalsOut]

    @classmethod
    def of(cls, rows: list[FundTotals]) -> TotalsOut:
        """Build it from the sums of each fund."""
        return cls(funds={row.fund: FundTotalsOut.of(row) for row in rows})
