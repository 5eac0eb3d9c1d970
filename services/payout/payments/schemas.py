"""Shapes of payment batches, results and totals."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.payout.common.schemas import BankAccountOut, Day, Note, RefText, bank_account
from services.payout.payments.domain.batch import CLAIMS_MAX, Batch, BatchStatus
from services.payout.payments.domain.payment import Hearing, LineStatus, Outcome, Rejection, Report
from services.payout.payments.flows.result import Heard
from services.payout.payments.store.result import Payee
from services.payout.payments.store.total import FundTotals
from shared.cursor import write_cursor
from shared.references import Reference
from shared.schema import In, Out, PositiveYuan, Serial, YuanOut


class PaymentBatchIn(In):
    """Approved claims of one fund, and the day the bank is to pay them."""

    claims: list[RefText] = Field(min_length=1, max_length=CLAIMS_MAX)
    pay_date: Day


class CancelIn(In):
    """Why a batch is given up."""

    note: Annotated[Note, StringConstraints(min_length=1)]


class FundingCheckIn(In):
    """Nothing to say: the ledger is asked again."""


class ControlOut(Out):
    """How many lines, and their sum."""

    lines: int
    total: YuanOut


class PaymentBatchOut(Out):
    """A batch's head and what the bank has said so far."""

    id: str = Field(examples=[Reference.PAYMENT_BATCH.example])
    status: BatchStatus
    reason: str | None = Field(description="未落实资金的原因 (why there is no money)")
    fund: str
    pay_date: date
    control: ControlOut
    hold: str | None
    open_lines: int
    paid: YuanOut
    refused: YuanOut
    returned: YuanOut
    created_by: str

    @classmethod
    def of(cls, batch: Batch) -> PaymentBatchOut:
        """From the domain's batch."""
        return cls(
            id=batch.ref.text(Reference.PAYMENT_BATCH),
            status=batch.status,
            reason=batch.reason,
            fund=batch.fund,
            pay_date=batch.pay_date,
            control=ControlOut(lines=batch.lines, total=batch.total_fen),
            hold=batch.hold,
            open_lines=batch.open_lines,
            paid=batch.paid_fen,
            refused=batch.refused_fen,
            returned=batch.returned_fen,
            created_by=batch.created_by,
        )


class PaymentBatchesOut(Out):
    """A page of batches."""

    items: list[PaymentBatchOut]
    next_cursor: str | None
    has_more: bool

    @classmethod
    def of(cls, rows: list[Batch], limit: int, filters: dict[str, str | None]) -> PaymentBatchesOut:
        """From `limit` + 1 rows."""
        shown = rows[:limit]
        more = len(rows) > limit
        return cls(
            items=[PaymentBatchOut.of(row) for row in shown],
            next_cursor=write_cursor([shown[-1].ref.id.hex], filters) if more else None,
            has_more=more,
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
    def of(cls, row: Payee, *, full: bool) -> PaymentLineOut:
        """From a stored line; `full` shows the account number as the bank needs it."""
        return cls(
            line=row.line_no,
            payee_name=row.payee_name,
            bank_account=bank_account(row.bank, row.bank_number, row.bank_holder, full=full),
            amount=row.amount_fen,
            status=LineStatus(row.status),
            bank_serial=row.bank_serial,
            paid_on=row.paid_on,
            reason_code=row.reason_code,
            reason=row.reason,
        )


class PaymentLinesOut(Out):
    """A page of a batch's lines."""

    items: list[PaymentLineOut]
    next_cursor: str | None
    has_more: bool

    @classmethod
    def of(
        cls, rows: list[PaymentLineOut], limit: int, filters: dict[str, str | None]
    ) -> PaymentLinesOut:
        """From `limit` + 1 lines."""
        shown = rows[:limit]
        more = len(rows) > limit
        return cls(
            items=shown,
            next_cursor=write_cursor([shown[-1].line], filters) if more else None,
            has_more=more,
        )


class PaymentResultIn(In):
    """What the bank says of one line; `paid` and `returned` carry a value date."""

    line: int = Field(ge=1, le=2_000_000_000)
    outcome: Outcome
    bank_serial: Serial
    amount: PositiveYuan
    value_date: Day | None = None
    reason_code: Serial | None = None
    reason: Note | None = None

    def report(self) -> Report:
        """As the domain reads it."""
        return Report(
            line_no=self.line,
            outcome=self.outcome,
            bank_serial=self.bank_serial,
            amount_fen=self.amount,
            value_date=self.value_date,
            reason_code=self.reason_code,
            reason=self.reason,
        )


class PaymentResultsIn(In):
    """A result file about one batch; a batch may have many, in any order, more than once."""

    batch: RefText = Field(examples=[Reference.PAYMENT_BATCH.example])
    results: list[PaymentResultIn] = Field(min_length=1, max_length=10_000)


class RejectedOut(Out):
    """A report that was not believed."""

    line: int
    code: str
    message: str

    @classmethod
    def of(cls, rejection: Rejection) -> RejectedOut:
        """From the domain's rejection."""
        return cls(line=rejection.report.line_no, code=rejection.code, message=rejection.message)


class PaymentResultsOut(Out):
    """What a result file came to: new words by outcome, repeats, and those not believed."""

    paid: int
    refused: int
    returned: int
    unknown: int
    replayed: int
    rejected: list[RejectedOut]
    batch_status: str

    @classmethod
    def of(cls, heard: Heard) -> PaymentResultsOut:
        """From what the flow heard."""
        hearing: Hearing = heard.hearing
        return cls(
            paid=hearing.count(Outcome.PAID),
            refused=hearing.count(Outcome.REFUSED),
            returned=hearing.count(Outcome.RETURNED),
            unknown=hearing.count(Outcome.UNKNOWN),
            replayed=len(hearing.replayed),
            rejected=[RejectedOut.of(rejection) for rejection in hearing.rejected],
            batch_status=heard.status,
        )


class FundTotalsOut(Out):
    """One fund's payouts. `paid` counts what later came back, which `returned` shows."""

    approved: YuanOut
    paid: YuanOut
    refused: YuanOut
    returned: YuanOut
    in_flight: YuanOut

    @classmethod
    def of(cls, row: FundTotals) -> FundTotalsOut:
        """From a stored sum."""
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
        """From stored sums."""
        return cls(funds={row.fund: FundTotalsOut.of(row) for row in rows})
