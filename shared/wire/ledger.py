"""Messages of collection and payout to the ledger, and its answers."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints

from shared.entry import Book, RefundOrderSource, RefundOrderStatus, Side, Voucher
from shared.money import format_yuan
from shared.period import PERIOD_PATTERN
from shared.references import Reference
from shared.schema import Code, Day, In, Out, PositiveYuan, Problem, Serial, ShortText, YuanOut

_ACCOUNT_PATTERN = r"^[a-z][a-z0-9_]{1,47}(\.[a-z][a-z0-9_]{1,47})?$"
AccountKey = Annotated[str, StringConstraints(pattern=_ACCOUNT_PATTERN)]
"""Stable key of an account in the chart, such as income_deposit or benefit.basic_pension."""


class EntryIn(In):
    """One entry (分录)."""

    book: Book = Field(examples=["statutory"])
    fund: Code = Field(examples=["pension"])
    account: AccountKey = Field(examples=["income_deposit"])
    side: Side = Field(examples=["debit"])
    amount: PositiveYuan = Field(examples=["1234.56"])
    district: Code = Field(examples=["heping"])


ENTRIES_MAX = 400
"""Entries of one voucher."""
PERSONAL_CREDITS_MAX = 10_000
"""Credits of persons in one request, over all its bills."""


class IfClosed(StrEnum):
    """Treatment of a voucher whose book date is closed when it is posted."""

    REFUSE = "refuse"
    FIRST_OPEN_DAY = "first_open_day"


class VoucherHeadIn(In):
    """The head of a voucher: everything except its entries."""

    event_id: Serial = Field(examples=["receipt-0001"])
    owner: Serial = Field(
        examples=["91120101MA00000000"], description="单位或 centre (decides the slot)"
    )
    kind: Code = Field(examples=["receipt"])
    book_date: Day = Field(examples=["2021-07-15"])
    summary: ShortText = Field(examples=["2021-07 社会保险费到账"])
    period: Annotated[str, StringConstraints(pattern=PERIOD_PATTERN)] | None = None
    value_date: Day | None = None
    if_closed: IfClosed = Field(
        default=IfClosed.REFUSE,
        description="记账日已结账时:拒绝,或记入首个未结账之日并保留原日为起息日 (when the book date is"
        " closed: refuse it, or book it on the first open day with its own day as the value date)",
    )
    hold: Annotated[str, StringConstraints(max_length=80)] | None = Field(
        default=None, description="本凭证从该预留中支用 (draws on this hold)"
    )
    references: dict[Code, Annotated[str, StringConstraints(max_length=200)]] = Field(
        default={}, max_length=20, description="业务单据号 (the papers that it is about)"
    )


class VoucherIn(VoucherHeadIn):
    """A voucher to post. The sender is known from its token; `event_id` is the sender's own."""

    entries: list[EntryIn] = Field(min_length=2, max_length=ENTRIES_MAX)


VOUCHERS_MAX = 10_000
"""Vouchers of one batch."""


class VoucherBatchIn(In):
    """Up to 10,000 vouchers; each has its own outcome unless `atomic`."""

    vouchers: list[VoucherIn] = Field(min_length=1, max_length=VOUCHERS_MAX)
    atomic: bool = False


class PostingOutcome(StrEnum):
    """The outcome of one voucher."""

    POSTED = "posted"
    REPLAYED = "replayed"
    REFUSED = "refused"
    WOULD_POST = "would_post"
    """Rehearsed: it would have been posted."""


class FloorOut(Out):
    """An account with a floor right after a voucher; what may still be spent is `available`."""

    fund: str
    account: str
    balance: YuanOut
    held: YuanOut
    available: YuanOut


class PostedOut(Out):
    """The outcome of one voucher; `problem` when refused."""

    event_id: str
    outcome: PostingOutcome
    id: str | None = Field(default=None, examples=[Reference.VOUCHER.example])
    slot: int | None = None
    seq: int | None = None
    hash: str | None = None
    book_date: date | None = Field(
        default=None, description="实际记账日 (the day that it is booked on)"
    )
    problem: Problem | None = None
    floors: list[FloorOut] | None = Field(
        default=None, description="记账后余额,仅限不得透支的科目 (balances right after it)"
    )


class BatchOut(Out):
    """Outcomes in the order of the vouchers. A dry run answers `would_post` and books nothing."""

    posted: int
    replayed: int
    refused: int
    would_post: int = 0
    results: list[PostedOut]


class HoldIn(In):
    """Reserve money on an account until a payout is known to have happened or failed."""

    event_id: Serial
    fund: Code
    account: AccountKey = "expenditure_deposit"
    amount: PositiveYuan
    summary: ShortText
    expires_on: Day | None = None


class HoldOut(Out):
    """A hold and what remains of it."""

    id: str
    event_id: str
    fund: str
    account: str
    amount: YuanOut
    remaining: YuanOut
    status: str = Field(examples=["pending"])


class FundBalanceOut(Out):
    """One fund on one day: account key → balance on its normal side, in yuan."""

    fund: str
    name: str
    accounts: dict[str, YuanOut]
    held: YuanOut


class FundBalancesOut(Out):
    """Every fund's balances as of the end of a day."""

    as_of: date
    district: str | None
    currency: str = "CNY"
    funds: list[FundBalanceOut]


class RefundAmountIn(In):
    """An amount of a refund: the fund, account and district that it is taken from."""

    fund: Code = Field(examples=["pension"])
    account: AccountKey = Field(examples=["suspense_receipts"])
    district: Code = Field(examples=["heping"])
    amount: PositiveYuan = Field(examples=["3770.00"])


class TransferLetterIn(In):
    """The contact letter (联系函) that a receipt in suspense was sent for."""

    fund: Literal["pension", "medical"] = Field(
        description="有个人账户的基金 (a fund with accounts)"
    )
    city: ShortText = Field(examples=["上海市"], description="转出地 (the other city)")
    letter: Serial = Field(examples=["LXH-120000-2021-00009"], description="联系函号")
    supplement: int = Field(default=0, ge=0, le=99, strict=True, description="补转次数")


class RefundOrderIn(In):
    """An approved refund: the order to pay it. The refund's reference makes it arrive once.

    With a `transfer` letter the money is not paid back: it becomes the letter's transfer income.
    """

    refund: Annotated[str, StringConstraints(pattern=Reference.REFUND.pattern)] = Field(
        examples=[Reference.REFUND.example]
    )
    source: RefundOrderSource
    payee: Serial = Field(description="收款单位 (the payer who gets the money back)")
    receipt: Annotated[str, StringConstraints(pattern=Reference.RECEIPT.pattern)] | None = Field(
        default=None, description="原到账 (the receipt whose suspense is refunded)"
    )
    deposit: AccountKey = Field(
        examples=["treasury_deposit"], description="原路:到账的存款户 (the original route)"
    )
    reason: ShortText
    ordered_on: Day
    amounts: list[RefundAmountIn] = Field(min_length=1, max_length=200)
    transfer: TransferLetterIn | None = None


class RefundAmountOut(Out):
    """An amount of a refund order."""

    fund: str
    account: str
    district: str
    amount: YuanOut


class TransferLetterOut(Out):
    """The contact letter that a receipt in suspense was sent for."""

    fund: str
    city: str
    letter: str
    supplement: int


class RefundOrderOut(Out):
    """A refund order; once it is settled, with its settlement, the day and the paying account."""

    refund: str = Field(examples=[Reference.REFUND.example])
    source: RefundOrderSource
    payee: str
    receipt: str | None
    deposit: str
    reason: str
    ordered_on: date
    amount: YuanOut
    amounts: list[RefundAmountOut]
    status: RefundOrderStatus
    settlement: str | None = None
    settled_on: date | None = None
    paid_from: str | None = None
    seq: int | None = Field(
        default=None,
        description="结算或冲销凭证的序号,只增不减 (number of the voucher that settled or reversed it,"
        " only rises)",
    )
    transfer: TransferLetterOut | None = None
    reversed_on: date | None = Field(
        default=None, description="转入冲销记账日 (the day of the transfer's reversal)"
    )


REFUND_ORDER = "refund_order"
"""Member of an outbox message that holds a `RefundOrderIn`; other messages are vouchers."""
REFUND_ORDERS_PATH = "/v1/refund-orders"
WITHDRAWN_ORDERS_PATH = "/v1/withdrawn-refund-orders"


_FIRST_OPEN_DAY: Final = IfClosed.FIRST_OPEN_DAY.value


def voucher_message(voucher: Voucher) -> dict[str, Any]:
    """Build the JSON-ready `VoucherIn` of a voucher, which the outbox keeps and the ledger reads.

    What happened has happened: it is never lost to a closing that comes first.
    """
    amounts: dict[int, str] = {}  # debit and credit of a fund are mostly one amount
    entries = []
    for book, fund, account, side, amount_fen, district in voucher.entries:
        amount = amounts.get(amount_fen)
        if amount is None:
            amount = amounts[amount_fen] = format_yuan(amount_fen)
        entries.append(
            {
                "book": str(book),
                "fund": fund,
                "account": account,
                "side": str(side),
                "amount": amount,
                "district": district,
            }
        )
    message: dict[str, Any] = {
        "event_id": voucher.event_id,
        "owner": voucher.owner,
        "kind": voucher.kind,
        "book_date": voucher.book_date.isoformat(),
        "if_closed": _FIRST_OPEN_DAY,
        "summary": voucher.summary,
        "entries": entries,
    }
    if voucher.period is not None:
        message["period"] = voucher.period
    if voucher.value_date is not None:
        message["value_date"] = voucher.value_date.isoformat()
    if voucher.references:
        message["references"] = dict(voucher.references)
    return message
