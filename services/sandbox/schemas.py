"""Shapes at the sandbox's doors."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from services.sandbox.bank import Move, Transfer
from services.sandbox.statements import EntryError, Statement
from shared.schema import In, Out, PeriodField, PositiveYuan, Serial, ShortText, YuanOut, plain_day

OwnAccount = Literal["income", "fiscal", "expenditure", "treasury"]


def _in_living_memory(day: date) -> date:
    if not 1990 <= day.year <= 2100:
        raise PydanticCustomError(
            "date_out_of_range", "日期须在 1990 至 2100 年之间 (1990 to 2100)"
        )
    return day


Day = Annotated[date, AfterValidator(_in_living_memory), BeforeValidator(plain_day)]


class TransferIn(In):
    """An online-banking order. A repeat of a reference is answered with the first serial."""

    reference: Serial = Field(description="业务编号 (the orderer's own number)")
    payer: OwnAccount = Field(examples=["income"])
    payee: OwnAccount = Field(examples=["fiscal"])
    amount: PositiveYuan
    day: Day
    summary: ShortText = "划款"


class TransferOut(Out):
    """A transfer as the bank knows it by its serial."""

    serial: str
    status: str = Field(description="done | refused", examples=["done"])
    payer: str
    payee: str
    amount: YuanOut
    day: date
    replayed: bool = False

    @classmethod
    def of(cls, done: Transfer | Move, *, replayed: bool = False) -> TransferOut:
        """Build it from money that moved."""
        return cls(
            serial=done.serial,
            status="done",
            payer=done.payer,
            payee=done.payee,
            amount=done.amount_fen,
            day=done.day,
            replayed=replayed,
        )


class AccountOut(Out):
    """One of the centre's accounts."""

    account: str
    name: str
    balance: YuanOut


class AccountsOut(Out):
    """The centre's accounts; `position` is the sum over every account of the bank, always zero."""

    items: list[AccountOut]
    position: YuanOut


class MovementOut(Out):
    """A statement's line; the amount is positive when money came in."""

    serial: str
    day: date
    amount: YuanOut
    reference: str
    counterparty: str
    summary: str


class StatementOut(Out):
    """A statement: the balances are of the whole span, the items one page of it."""

    account: str
    name: str
    opening: YuanOut
    received: YuanOut
    paid: YuanOut
    closing: YuanOut
    count: int
    items: list[MovementOut]
    next_cursor: int | None
    has_more: bool

    @classmethod
    def of(cls, found: Statement, limit: int) -> StatementOut:
        """Build the answer from a statement whose lines are one page of it."""
        full = len(found.lines) == limit
        return cls(
            account=found.account,
            name=found.name,
            opening=found.opening_fen,
            received=found.received_fen,
            paid=found.paid_fen,
            closing=found.closing_fen,
            count=found.count,
            items=[
                MovementOut(
                    serial=line.serial,
                    day=line.day,
                    amount=line.amount_fen,
                    reference=line.reference,
                    counterparty=line.counterparty,
                    summary=line.summary,
                )
                for line in found.lines
            ],
            next_cursor=found.lines[-1].seq if full else None,
            has_more=full,
        )


class AnswersOut(Out):
    """The services' answers to messages: counts by outcome."""

    letters: int
    counts: dict[str, int]
    rejected: list[dict[str, Any]]


class RoundOut(Out):
    """One round of the bank over a trade's batches."""

    batches: int
    decided: int
    reported: int
    waiting: int = Field(description="尚待终局回执的笔数 (lines whose last word is still to come)")
    unknown: list[str] = Field(description="状态不明,待查询的流水号 (serials to be queried)")
    answers: AnswersOut


class ReturnedRefundIn(In):
    """A refund to an account that is closed: paid on a day, sent back on a later one."""

    reference: Serial = Field(description="业务编号 (the orderer's own number)")
    account: OwnAccount = Field(examples=["treasury"])
    amount: PositiveYuan
    day: Day = Field(examples=["2021-08-24"])
    returned_on: Day = Field(examples=["2021-08-25"])


class ReturnedRefundOut(Out):
    """The bank's serial of the return."""

    serial: str


class CreditIn(In):
    """Money that somebody transfers to one of the centre's accounts."""

    reference: Serial = Field(description="业务编号 (the orderer's own number)")
    account: OwnAccount = Field(examples=["expenditure"])
    payer: ShortText = Field(examples=["张建国"])
    amount: PositiveYuan
    day: Day = Field(examples=["2021-08-26"])
    remark: ShortText = Field(description="附言 (what the payer wrote)")


class CreditOut(Out):
    """The bank's serial of the credit."""

    serial: str


class ReturnIn(In):
    """A settled debit that the payer's bank takes back, or a payment that the payee's sends back."""

    serial: Serial = Field(description="流水号 (the bank's serial of the debit or payment)")
    day: Day = Field(examples=["2021-07-24"])


class StatementErrorsIn(In):
    """Let the bank make mistakes in an account's statement of these days, as the script says."""

    account: OwnAccount = Field(examples=["treasury"])
    first: Day = Field(examples=["2021-07-01"])
    last: Day = Field(examples=["2021-07-27"])


class StatementErrorsOut(Out):
    """Mistakes made, by kind."""

    missing: int
    late: int
    twice: int
    extra: int


class EntryInquiryIn(In):
    """Ask the bank about an entry of a statement, or one that is missing."""

    account: OwnAccount = Field(examples=["treasury"])
    serial: Serial
    day: Day = Field(description="更正记账日 (the day on which a mistake is corrected)")


class EntryInquiryOut(Out):
    """The bank's mistake, which it corrects; `none`: it finds none."""

    error: EntryError


class TicketInquiryIn(In):
    """Ask the bureau about money in the treasury that it has not pushed."""

    serial: Serial


class TicketRefundIn(In):
    """Let the bureau give back the money of a ticket on a day (退库)."""

    serial: Serial
    day: Day = Field(examples=["2021-07-27"])
    reason: ShortText = "误收"


class PushIn(In):
    """Let the tax bureau collect for a period on a day."""

    period: PeriodField = Field(examples=["2021-07"])
    day: Day = Field(examples=["2021-07-22"])
    wrong_payers: int = Field(
        default=0,
        ge=0,
        le=10,
        description="误记到另一纳税人名下的笔数 (payments pushed under another taxpayer's code)",
    )


class MisregisteredOut(Out):
    """A payment pushed under a wrong code, with the payer as a telephone call would tell."""

    serial: str
    pushed_as: str
    credit_code: str
    period: str
    amount: YuanOut


class PushOut(Out):
    """The taxes that the bureau collected, and the answers to its push."""

    payments: int
    total: YuanOut
    repeated: int
    misregistered: list[MisregisteredOut] = Field(description="under a code that nobody has")
    wrong_payers: list[MisregisteredOut] = Field(description="under another taxpayer's code")
    answers: AnswersOut


class ClockIn(In):
    """The business day to play."""

    today: Day


class ClockOut(Out):
    """The business day that the services go by, and the real one."""

    today: date
    real_today: date


class MonthIn(In):
    """A new unit that is taken through a month until it has a bill."""

    period: PeriodField = Field(examples=["2021-07"])
    district: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")] = "heping"
    collector: Literal["tax", "bank_debit"] = "tax"
    people: Annotated[int, Field(ge=1, le=20)] = 2
    bill_date: Day = Field(examples=["2021-07-12"])


class MonthOut(Out):
    """The unit and its bill."""

    credit_code: str
    bill: str
    total: str
    due_on: date


class DebitOrderIn(In):
    """A debit batch to form, as the cashier does."""

    period: PeriodField
    day: Day


class PaymentOrderIn(In):
    """A benefit to pay, as a district and the centre do; money must have been collected before."""

    day: Day
    amount: PositiveYuan = Field(examples=["100.00"])


class PaymentOrderOut(Out):
    """The payment batch that was formed; its money is held."""

    batch: str
    lines: int
    total: str


class DebitOrderOut(Out):
    """The batch that was formed."""

    batch: str
    lines: int
    total: str
