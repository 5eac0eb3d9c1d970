"""Closing days, months and years (日结、月结、年结), opening them again, and the carry-over of a year.

The books are closed up to a day: what is dated then or earlier is refused everywhere. A closing is
proposed by one person and done when another approves; only then is it judged for good, under the
locks of all slots. Every reason against a closing is named at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.ledger.closing.domain.errors import (
    AlreadyClosed,
    BusinessNotBooks,
    ControlExpected,
    IncomeAccountNotEmpty,
    MonthsOpen,
    NotClosed,
    OutOfOrder,
    PersonalUnexplained,
    ReceiptsUnmatched,
    TrialBalanceNotZero,
)
from services.ledger.common.domain.refusal import BookDateInFuture, LedgerRefusal
from services.ledger.rules.domain.closing_rule import Level, Rule
from shared.errors import Fault
from shared.money import format_yuan
from shared.period import Period


class Action(StrEnum):
    """Which way."""

    CLOSE = "close"
    REOPEN = "reopen"


class ClosingStatus(StrEnum):
    """How far a paper is."""

    PROPOSED = "proposed"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalTie:
    """What business says of a fund's personal accounts (个人账户), in fen.

    `received` is what came in for them, `credited` what persons were credited; what lies between is
    of bills paid in part, of bills whose credits are on their way, of credits (贷项) that stand, and
    of default declarations, which name nobody yet.
    """

    received_fen: int
    credited_fen: int
    part_paid_fen: int = 0
    in_delivery_fen: int = 0
    standing_credits_fen: int = 0
    unnamed_fen: int = 0

    @property
    def explained_fen(self) -> int:
        """What business can say of the difference."""
        return (
            self.part_paid_fen + self.in_delivery_fen + self.standing_credits_fen + self.unnamed_fen
        )


@dataclass(frozen=True, slots=True)
class Tie:
    """What business says of a fund (or the books do), in fen: owed and collected; and what it says
    of paid benefits and of personal accounts, None where it says nothing."""

    receivable_fen: int = 0
    collected_fen: int = 0
    benefits_fen: int | None = None
    personal: PersonalTie | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the books are closed: by any closing, by a month's, by a year's (last days)."""

    closed_until: date | None = None
    month: date | None = None
    year: date | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the books say at the end of the day to be closed, over all slots; zeros are left out."""

    suspense: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(fund, district) → fen in suspense."""
    income: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(fund, district) → fen on the income account."""
    memo: Mapping[str, Tie] = field(default_factory=dict)
    """fund → the memo book's receivable and collected."""
    benefits: Mapping[str, int] = field(default_factory=dict)
    """fund → benefits paid less those returned in their year, of all years."""
    personal: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """fund → (income for personal accounts, credits of persons), of all years."""
    unbalanced: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(fund, book) → debits minus credits where they differ, which no posting can bring about."""
    suspended_since: Mapping[tuple[str, str], date] = field(default_factory=dict)
    """(fund, district) → since when the oldest receipt has been in suspense."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A voucher that carried a fund's year over, or that took such a carry-over back."""

    fund: str
    seq: int
    year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """One paper: a closing (`day` is its last day) or a reopening (`day` opens again first)."""

    id: UUID
    region: str
    action: Action
    level: Level
    day: date
    reason: str
    control: Mapping[str, Tie] | None
    status: ClosingStatus
    proposed_by: str
    approved_by: str | None = None
    closed_before: date | None = None
    closed_after: date | None = None
    heads: Mapping[int, tuple[int, str]] | None = None
    """slot → (last sequence number, hash) when it was done: an anchor to look back from."""
    carried: tuple[Carried, ...] = ()
    reopened_by: UUID | None = None

    @property
    def period(self) -> str:
        """What is closed, as people write it: 2021-07-31, 2021-07 or 2021."""
        return self.day.isoformat()[: {Level.DAY: 10, Level.MONTH: 7, Level.YEAR: 4}[self.level]]


# --- may it be closed? ---------------------------------------------------------------------

_PRECEDENCE: Final[tuple[type[LedgerRefusal], ...]] = (
    BookDateInFuture,
    TrialBalanceNotZero,
    AlreadyClosed,
    OutOfOrder,
    MonthsOpen,
    ControlExpected,
    ReceiptsUnmatched,
    IncomeAccountNotEmpty,
    BusinessNotBooks,
    PersonalUnexplained,
)
"""With several reasons, the first of these gives the refusal its code; all are listed."""
NEXT: Final[Mapping[type[LedgerRefusal], str]] = {
    BookDateInFuture: "待该日终了 (wait for that day)",
    TrialBalanceNotZero: "核验账簿 (wuxian ledger verify names the first broken voucher)",
    AlreadyClosed: "更正须先反结账 (POST /v1/reopenings)",
    OutOfOrder: "先结上一期 (close the one before)",
    MonthsOpen: "先月结十二月 (close December)",
    ControlExpected: "附业务控制总数 (GET /v1/closing-control of collection and payout)",
    ReceiptsUnmatched: "认领到账 (GET /v1/suspense; collection's POST /v1/receipts/{id}/matches)",
    IncomeAccountNotEmpty: "归集至财政专户 (POST /v1/settlements, kind sweep)",
    BusinessNotBooks: "查未送达凭证 (GET /v1/outbox of that service), 再取控制总数",
    PersonalUnexplained: "查个人账户划入 (collection's GET /v1/personal-deliveries), 再取控制总数",
}
"""What to do about each reason."""
Found = tuple[type[LedgerRefusal], str, str]


def require_closable(
    asked: Closing,
    standing: Standing,
    evidence: Evidence,
    rules: Collection[Rule],
    today: date,
) -> None:
    """Refuse a closing with every reason against it.

    Raises:
        LedgerRefusal: the first reason by precedence, the others listed with their own codes.
    """
    found = [
        *_order_faults(asked, standing, today),
        *_evidence_faults(asked, evidence, rules),
    ]
    if not found:
        return
    kinds = {kind for kind, _, _ in found}
    first = next(kind for kind in _PRECEDENCE if kind in kinds)
    faults = [
        Fault(pointer, kind.code, f"{said} · {NEXT[kind]}") for kind, pointer, said in found[:1000]
    ]
    raise first(faults=faults, period=asked.period)


def _order_faults(asked: Closing, standing: Standing, today: date) -> Iterator[Found]:
    at = "/period"
    if asked.day > today:
        yield BookDateInFuture, at, asked.day.isoformat()
    match asked.level:
        case Level.DAY:
            if standing.closed_until is not None and asked.day <= standing.closed_until:
                yield AlreadyClosed, at, f"closed_until={standing.closed_until}"
        case Level.MONTH:
            yield from _month_faults(asked.day, standing.month)
        case Level.YEAR:
            yield from _year_faults(asked.day, standing)


def _month_faults(day: date, last: date | None) -> Iterator[Found]:
    if last is None:
        return
    expected = Period.of(last).plus(1)
    if day <= last:
        yield AlreadyClosed, "/period", f"closed={Period.of(last)}"
    elif Period.of(day) != expected:
        yield OutOfOrder, "/period", f"expected={expected}"


def _year_faults(day: date, standing: Standing) -> Iterator[Found]:
    last = standing.year
    if last is not None and day <= last:
        yield AlreadyClosed, "/period", f"closed={last.year}"
        return
    if last is not None and day.year != last.year + 1:
        yield OutOfOrder, "/period", f"expected={last.year + 1}"
    if standing.month is None or standing.month < day:
        yield MonthsOpen, "/period", f"month={standing.month and Period.of(standing.month)}"


def _evidence_faults(
    asked: Closing, evidence: Evidence, rules: Collection[Rule]
) -> Iterator[Found]:
    for (fund, book), fen in sorted(evidence.unbalanced.items()):
        yield TrialBalanceNotZero, "/period", f"{fund}/{book}: {format_yuan(fen)}"
    if Rule.RECEIPTS_MATCHED in rules:
        for (fund, district), fen in sorted(evidence.suspense.items()):
            since = evidence.suspended_since.get((fund, district))
            age = f", since {since} ({(asked.day - since).days} days)" if since else ""
            yield ReceiptsUnmatched, "/period", f"{fund}/{district}: {format_yuan(fen)}{age}"
    if Rule.INCOME_ACCOUNT_EMPTY in rules:
        for (fund, district), fen in sorted(evidence.income.items()):
            yield IncomeAccountNotEmpty, "/period", f"{fund}/{district}: {format_yuan(fen)}"
    if Rule.BUSINESS_TIES in rules:
        yield from _tie_faults(asked.control, evidence.memo)
    if Rule.BENEFITS_TIE in rules:
        yield from _benefit_faults(asked.control or {}, evidence.benefits)
    if Rule.PERSONAL_TIES in rules:
        yield from _personal_faults(asked.control or {}, evidence.personal)


def _tie_faults(control: Mapping[str, Tie] | None, memo: Mapping[str, Tie]) -> Iterator[Found]:
    if control is None:
        yield ControlExpected, "/control", "funds: receivable, collected"
        return
    for fund in sorted({*control, *memo}):
        says, books = control.get(fund, Tie()), memo.get(fund, Tie())
        for name in ("receivable", "collected"):
            business_fen, books_fen = getattr(says, f"{name}_fen"), getattr(books, f"{name}_fen")
            if business_fen != books_fen:
                yield _differ(f"/control/funds/{fund}/{name}", business_fen, books_fen)


def _differ(pointer: str, business_fen: int, books_fen: int) -> Found:
    said = f"business={format_yuan(business_fen)}, books={format_yuan(books_fen)}"
    return BusinessNotBooks, pointer, said


def _benefit_faults(control: Mapping[str, Tie], books: Mapping[str, int]) -> Iterator[Found]:
    for fund in sorted({*control, *books}):
        says_fen, books_fen = control.get(fund, Tie()).benefits_fen, books.get(fund, 0)
        at = f"/control/funds/{fund}/benefits"
        if says_fen is None and books_fen:
            yield ControlExpected, at, f"books={format_yuan(books_fen)}"
        elif (says_fen or 0) != books_fen:
            yield _differ(at, says_fen or 0, books_fen)


def _personal_faults(
    control: Mapping[str, Tie], books: Mapping[str, tuple[int, int]]
) -> Iterator[Found]:
    """Both sums agree, and every fen between them has its reason."""
    for fund in sorted({*control, *books}):
        says, (ledger_fen, credited_fen) = (
            control.get(fund, Tie()).personal,
            books.get(fund, (0, 0)),
        )
        at = f"/control/funds/{fund}/personal"
        if says is not None:
            if says.received_fen != ledger_fen:
                yield _differ(f"{at}/received", says.received_fen, ledger_fen)
            if says.credited_fen != credited_fen:
                yield _differ(f"{at}/credited", says.credited_fen, credited_fen)
        between_fen = ledger_fen - credited_fen
        explained_fen = says.explained_fen if says else 0
        if between_fen != explained_fen:
            said = (
                f"ledger={format_yuan(ledger_fen)}, credited={format_yuan(credited_fen)},"
                f" explained={format_yuan(explained_fen)}"
            )
            yield PersonalUnexplained, at, said


def require_reopenable(day: date, standing: Standing) -> None:
    """Refuse to open what is not closed.

    Raises:
        NotClosed: the day is open.
    """
    if standing.closed_until is None or day > standing.closed_until:
        until = standing.closed_until.isoformat() if standing.closed_until else None
        raise NotClosed(day=day.isoformat(), closed_until=until)


def carried_of(rows: Collection[Mapping[str, Any]]) -> tuple[Carried, ...]:
    """Carry-overs as they are kept."""
    return tuple(Carried(row["fund"], row["seq"], row["year"]) for row in rows)
