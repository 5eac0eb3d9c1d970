"""Closing and reopening of days, months and years (日结、月结、年结、反结账).

The books are closed up to a day: postings on that day or earlier are refused. One person proposes a
closing and another approves it; the approval checks it finally, under the locks of all slots. A
refusal names every reason at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.ledger.closing.domain.errors import (
    AlreadyClosed,
    BusinessNotBooks,
    ControlExpected,
    HoldsUnreleased,
    IncomeAccountNotEmpty,
    MonthsOpen,
    NotClosed,
    OutOfOrder,
    PersonalUnexplained,
    ReceiptsUnmatched,
    ReconciliationOpen,
    TotalsDiffer,
    TrialBalanceNotZero,
)
from services.ledger.closing.domain.reconciliation import ReconciliationControl, unfinished
from services.ledger.common.domain.refusal import BookDateInFuture, LedgerRefusal
from services.ledger.posting.domain.hold import OpenHold
from services.ledger.rules.domain.closing_rule import Level, Rule
from shared.errors import Fault
from shared.money import format_yuan
from shared.period import Period
from shared.wire.control_item import ControlItem, ItemTotals


class ClosingAction(StrEnum):
    """The action of a paper: a closing or a reopening."""

    CLOSE = "close"
    REOPEN = "reopen"


class ClosingStatus(StrEnum):
    """The status of a paper."""

    PROPOSED = "proposed"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalControl:
    """Business totals of a fund's personal accounts (个人账户), in fen.

    `received` came in for them and `credited` was credited to persons. The difference is explained
    by bills paid in part, credits in delivery, unused credits (贷项), and default declarations, which
    name no persons yet.
    """

    received_fen: int
    credited_fen: int
    part_paid_fen: int = 0
    in_delivery_fen: int = 0
    standing_credits_fen: int = 0
    unnamed_fen: int = 0

    @property
    def explained_fen(self) -> int:
        """The part of the difference that business explains."""
        return (
            self.part_paid_fen + self.in_delivery_fen + self.standing_credits_fen + self.unnamed_fen
        )


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """Control totals of a fund from business or from the books, in fen.

    `benefits_fen` and `personal` are None when business gives none.
    """

    receivable_fen: int = 0
    collected_fen: int = 0
    benefits_fen: int | None = None
    personal: PersonalControl | None = None
    items: Mapping[ControlItem, ItemTotals] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClosingProgress:
    """How far the books are closed: the last closed day, month end and year end."""

    closed_until: date | None = None
    month: date | None = None
    year: date | None = None


@dataclass(frozen=True, slots=True)
class ClosingEvidence:
    """Balances at the end of the day to be closed, over all slots; zeros are left out."""

    suspense: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(fund, district) → fen in suspense."""
    income: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(fund, district) → fen on the income account."""
    memo: Mapping[str, ControlTotals] = field(default_factory=dict)
    """fund → the memo book's receivable and collected."""
    benefits: Mapping[str, int] = field(default_factory=dict)
    """fund → benefits paid less those returned in the same year, of all years."""
    personal: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """fund → (income for personal accounts, credits to persons), of all years."""
    unbalanced: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(fund, book) → debits minus credits where they differ; no posting can cause this."""
    items: Mapping[str, Mapping[ControlItem, int]] = field(default_factory=dict)
    """fund → item → fen of the books."""
    opening: Mapping[str, Mapping[ControlItem, int]] = field(default_factory=dict)
    """fund → item → fen of the books at the opening of the month."""
    suspended_since: Mapping[tuple[str, str], date] = field(default_factory=dict)
    """(fund, district) → the day since which the oldest receipt has been in suspense."""
    holds: Sequence[OpenHold] = ()  # made by that day, and still keeping money


@dataclass(frozen=True, slots=True)
class CarryOverPosting:
    """A voucher that carried a fund's year over, or reversed such a carry-over."""

    fund: str
    seq: int
    year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A closing (`day` is its last day) or a reopening (`day` is the first day opened again)."""

    id: UUID
    region: str
    action: ClosingAction
    level: Level
    day: date
    reason: str
    control: Mapping[str, ControlTotals] | None
    status: ClosingStatus
    proposed_by: str
    reconciliation: tuple[ReconciliationControl, ...] = ()
    approved_by: str | None = None
    closed_before: date | None = None
    closed_after: date | None = None
    heads: Mapping[int, tuple[int, str]] | None = None
    """slot → (last sequence number, hash) when it was done; reports can be read as of then."""
    carried: tuple[CarryOverPosting, ...] = ()
    reopened_by: UUID | None = None

    @property
    def period(self) -> str:
        """The period as people write it: 2021-07-31, 2021-07 or 2021."""
        return self.day.isoformat()[: {Level.DAY: 10, Level.MONTH: 7, Level.YEAR: 4}[self.level]]


# --- conditions of a closing ---------------------------------------------------------------

_PRECEDENCE: Final[tuple[type[LedgerRefusal], ...]] = (
    BookDateInFuture,
    TrialBalanceNotZero,
    AlreadyClosed,
    OutOfOrder,
    MonthsOpen,
    ControlExpected,
    ReceiptsUnmatched,
    ReconciliationOpen,
    IncomeAccountNotEmpty,
    HoldsUnreleased,
    BusinessNotBooks,
    TotalsDiffer,
    PersonalUnexplained,
)
"""With several reasons, the first in this order gives the refusal its code; all are listed."""
REMEDIES: Final[Mapping[type[LedgerRefusal], str]] = {
    BookDateInFuture: "待该日终了 (wait until that day)",
    TrialBalanceNotZero: "核验账簿 (wuxian ledger verify names the first broken voucher)",
    AlreadyClosed: "更正须先反结账 (POST /v1/reopenings)",
    OutOfOrder: "先结上一期 (close the previous period)",
    MonthsOpen: "先月结十二月 (close December)",
    ControlExpected: "附业务控制总数 (GET /v1/closing-control of collection and payout)",
    ReceiptsUnmatched: "认领到账 (GET /v1/suspense; collection's POST /v1/receipts/{id}/matches)",
    ReconciliationOpen: "上传对账单并处理对账差异 (collection's POST /v1/bank-statements,"
    " GET /v1/reconciliation-items?unfinished=true)",
    IncomeAccountNotEmpty: "归集至财政专户,合计为负则划回 (POST /v1/settlements, kind sweep, or sweep_back below zero)",
    HoldsUnreleased: "待银行回报全部明细 (GET /v1/payment-batches/{batch} of payout)",
    BusinessNotBooks: "查未送达凭证 (GET /v1/outbox of that service), 再取控制总数",
    TotalsDiffer: "查差异单据 (GET /v1/closing-control/papers of collection or payout lists the papers),"
    " 未送达凭证 (GET /v1/outbox)",
    PersonalUnexplained: "查个人账户划入 (collection's GET /v1/personal-deliveries), 再取控制总数",
}
"""The remedy of each reason."""
Reason = tuple[type[LedgerRefusal], str, str]


def require_closable(
    closing: Closing,
    progress: ClosingProgress,
    evidence: ClosingEvidence,
    rules: Collection[Rule],
    today: date,
) -> None:
    """Refuse a closing with every reason against it.

    Raises:
        LedgerRefusal: the first reason by precedence, the others listed with their own codes.
    """
    reasons = [
        *_order_faults(closing, progress, today),
        *_evidence_faults(closing, evidence, rules),
    ]
    if Rule.RECONCILED in rules:
        reasons += [(ReconciliationOpen, *one) for one in unfinished(closing.reconciliation)]
    if Rule.HOLDS_RELEASED in rules:
        reasons += [(HoldsUnreleased, "/period", str(hold)) for hold in evidence.holds]
    if not reasons:
        return
    kinds = {kind for kind, _, _ in reasons}
    first = next(kind for kind in _PRECEDENCE if kind in kinds)
    faults = [
        Fault(pointer, kind.code, f"{detail} · {REMEDIES[kind]}")
        for kind, pointer, detail in reasons[:1000]
    ]
    raise first(faults=faults, period=closing.period)


def _order_faults(closing: Closing, progress: ClosingProgress, today: date) -> Iterator[Reason]:
    if closing.day > today:
        yield BookDateInFuture, "/period", closing.day.isoformat()
    match closing.level:
        case Level.DAY:
            if progress.closed_until is not None and closing.day <= progress.closed_until:
                yield AlreadyClosed, "/period", f"closed_until={progress.closed_until}"
        case Level.MONTH:
            yield from _month_faults(closing.day, progress.month)
        case Level.YEAR:
            yield from _year_faults(closing.day, progress)


def _month_faults(day: date, last: date | None) -> Iterator[Reason]:
    if last is None:
        return
    expected = Period.of(last).plus(1)
    if day <= last:
        yield AlreadyClosed, "/period", f"closed={Period.of(last)}"
    elif Period.of(day) != expected:
        yield OutOfOrder, "/period", f"expected={expected}"


def _year_faults(day: date, progress: ClosingProgress) -> Iterator[Reason]:
    last = progress.year
    if last is not None and day <= last:
        yield AlreadyClosed, "/period", f"closed={last.year}"
        return
    if last is not None and day.year != last.year + 1:
        yield OutOfOrder, "/period", f"expected={last.year + 1}"
    if progress.month is None or progress.month < day:
        yield MonthsOpen, "/period", f"month={progress.month and Period.of(progress.month)}"


def _evidence_faults(
    closing: Closing, evidence: ClosingEvidence, rules: Collection[Rule]
) -> Iterator[Reason]:
    for (fund, book), fen in sorted(evidence.unbalanced.items()):
        yield TrialBalanceNotZero, "/period", f"{fund}/{book}: {format_yuan(fen)}"
    if Rule.RECEIPTS_MATCHED in rules:
        for (fund, district), fen in sorted(evidence.suspense.items()):
            since = evidence.suspended_since.get((fund, district))
            age = f", since {since} ({(closing.day - since).days} days)" if since else ""
            yield ReceiptsUnmatched, "/period", f"{fund}/{district}: {format_yuan(fen)}{age}"
    if Rule.INCOME_ACCOUNT_EMPTY in rules:
        for (fund, district), fen in sorted(evidence.income.items()):
            yield IncomeAccountNotEmpty, "/period", f"{fund}/{district}: {format_yuan(fen)}"
    if Rule.BUSINESS_TIES in rules:
        yield from _memo_faults(closing.control, evidence.memo)
    if Rule.BENEFITS_TIE in rules:
        yield from _benefit_faults(closing.control or {}, evidence.benefits)
    if Rule.TOTALS_TIE in rules:
        yield from _item_faults(closing.control or {}, evidence)
    if Rule.PERSONAL_TIES in rules:
        yield from _personal_faults(closing.control or {}, evidence.personal)


def _memo_faults(
    control: Mapping[str, ControlTotals] | None, memo: Mapping[str, ControlTotals]
) -> Iterator[Reason]:
    if control is None:
        yield ControlExpected, "/control", "funds: receivable, collected"
        return
    for fund in sorted({*control, *memo}):
        business, books = control.get(fund, ControlTotals()), memo.get(fund, ControlTotals())
        for name in ("receivable", "collected"):
            business_fen, books_fen = (
                getattr(business, f"{name}_fen"),
                getattr(books, f"{name}_fen"),
            )
            if business_fen != books_fen:
                yield _differ(f"/control/funds/{fund}/{name}", business_fen, books_fen)


def _differ(pointer: str, business_fen: int, books_fen: int) -> Reason:
    detail = f"business={format_yuan(business_fen)}, books={format_yuan(books_fen)}"
    return BusinessNotBooks, pointer, detail


def _benefit_faults(
    control: Mapping[str, ControlTotals], books: Mapping[str, int]
) -> Iterator[Reason]:
    for fund in sorted({*control, *books}):
        business_fen, books_fen = (
            control.get(fund, ControlTotals()).benefits_fen,
            books.get(fund, 0),
        )
        pointer = f"/control/funds/{fund}/benefits"
        if business_fen is None and books_fen:
            yield ControlExpected, pointer, f"books={format_yuan(books_fen)}"
        elif (business_fen or 0) != books_fen:
            yield _differ(pointer, business_fen or 0, books_fen)


def _item_faults(
    control: Mapping[str, ControlTotals], evidence: ClosingEvidence
) -> Iterator[Reason]:
    """Compare what the month moved, and what stood at its opening, in business, books and statistics.

    Each is added up from its own source.
    """
    for fund in sorted({*control, *evidence.items, *evidence.opening}):
        reported = control.get(fund, ControlTotals()).items
        for item in ControlItem:
            pointer = f"/control/funds/{fund}/items/{item}"
            books_fen = evidence.items.get(fund, {}).get(item, 0)
            opening_fen = evidence.opening.get(fund, {}).get(item, 0)
            if item not in reported:
                if books_fen or opening_fen:
                    yield ControlExpected, pointer, f"books={format_yuan(books_fen)}"
                continue
            one = reported[item]
            opening = (one.opening_business_fen, opening_fen, one.opening_statistics_fen)
            month = (
                one.business_fen - one.opening_business_fen,
                books_fen - opening_fen,
                one.statistics_fen - one.opening_statistics_fen,
            )
            if len(set(opening)) > 1:
                yield TotalsDiffer, f"{pointer}/opening", f"月初 opening: {_three(*opening)}"
            if len(set(month)) > 1:
                yield TotalsDiffer, pointer, _three(*month)


def _three(business_fen: int, books_fen: int, statistics_fen: int) -> str:
    return (
        f"business={format_yuan(business_fen)}, books={format_yuan(books_fen)},"
        f" statistics={format_yuan(statistics_fen)}"
    )


def _personal_faults(
    control: Mapping[str, ControlTotals], books: Mapping[str, tuple[int, int]]
) -> Iterator[Reason]:
    """Check that business and books agree on both sums, and that their difference is explained."""
    for fund in sorted({*control, *books}):
        business = control.get(fund, ControlTotals()).personal
        ledger_fen, credited_fen = books.get(fund, (0, 0))
        pointer = f"/control/funds/{fund}/personal"
        if business is not None:
            if business.received_fen != ledger_fen:
                yield _differ(f"{pointer}/received", business.received_fen, ledger_fen)
            if business.credited_fen != credited_fen:
                yield _differ(f"{pointer}/credited", business.credited_fen, credited_fen)
        between_fen = ledger_fen - credited_fen
        explained_fen = business.explained_fen if business else 0
        if between_fen != explained_fen:
            detail = (
                f"ledger={format_yuan(ledger_fen)}, credited={format_yuan(credited_fen)},"
                f" explained={format_yuan(explained_fen)}"
            )
            yield PersonalUnexplained, pointer, detail


def require_reopenable(day: date, progress: ClosingProgress) -> None:
    """Refuse to reopen a day that is open.

    Raises:
        NotClosed: the day is open.
    """
    if progress.closed_until is None or day > progress.closed_until:
        until = progress.closed_until.isoformat() if progress.closed_until else None
        raise NotClosed(day=day.isoformat(), closed_until=until)
