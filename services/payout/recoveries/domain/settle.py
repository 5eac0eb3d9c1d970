"""Recovered money on the lines of a case, and in the books.

Money is taken to the oldest month first. What is recovered in the year of the payment lowers the
benefit's expense; what is recovered in a later year is 其他收入. A repayment is money on the expenditure
account. A deduction is no money: this month's expense is booked whole, and the part that was kept
back settles the debt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.payout.recoveries.domain.case import CaseLine
from shared.entry import Account, Book, Entry, Side, Voucher
from shared.errors import Kind, Refusal
from shared.ids import Ref
from shared.roles import CENTRE

KIND: Final = "benefit_recovery"
"""The kind of the vouchers."""


class Way(StrEnum):
    """Ways in which an open amount becomes smaller."""

    REPAYMENT = "repayment"  # 退款
    DEDUCTION = "deduction"  # 从后续待遇中抵扣
    WRITE_OFF = "write_off"  # 核销


class EntryStatus(StrEnum):
    """The states of an entry."""

    PROPOSED = "proposed"
    SETTLED = "settled"
    REFUSED = "refused"
    UNDONE = "undone"  # the run that kept it back was refused


class RecoveryEntryState(Refusal):
    """该笔已有结论 (this entry is decided already)"""

    kind = Kind.CONFLICT
    code = "RECOVERY_ENTRY_STATE"


class RecoveryTooLarge(Refusal):
    """金额超过尚待追回的金额 (more than is still to be recovered)"""

    kind = Kind.CONFLICT
    code = "RECOVERY_TOO_LARGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryEntry:
    """An amount that settles a part of a case, or is to, and where it comes from."""

    ref: Ref
    case: Ref
    way: Way
    amount_fen: int
    status: EntryStatus = EntryStatus.PROPOSED
    reason: str | None = None
    document: str | None = None
    bank_serial: str | None = None
    claim: Ref | None = None
    entered_by: str
    decided_by: str | None = None
    booked_on: date | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """The part of an amount that settles one line of a case."""

    line: CaseLine
    fen: int

    def is_income(self, year: int) -> bool:
        """Tell whether the books have it as 其他收入: the payment was of an earlier year."""
        return self.line.paid_year < year and not self.is_advance

    @property
    def is_advance(self) -> bool:
        """True for a part of an advance: no expense of a year, it goes back to 暂付款 in any."""
        return self.line.account == Account.TEMPORARY_PAYMENT


@dataclass(frozen=True, slots=True)
class DividedEntry:
    """An entry and its shares of the lines of its case."""

    entry: RecoveryEntry
    shares: Sequence[Share]


def shares_of(lines: Iterable[CaseLine], amount_fen: int) -> list[Share]:
    """Divide an amount over the open lines of a case, the oldest month first.

    Raises:
        RecoveryTooLarge: less is open.
    """
    shares = []
    left_fen = amount_fen
    for line in sorted(lines, key=lambda one: (str(one.period), one.line_no)):
        fen = min(left_fen, line.open_fen)
        if fen:
            shares.append(Share(line, fen))
            left_fen -= fen
    if left_fen:
        raise RecoveryTooLarge(open_fen=amount_fen - left_fen)
    return shares


def expense_fen(shares: Iterable[Share], way: Way, year: int) -> int:
    """Compute by how much the benefit's expense differs from what the bank paid out."""
    of_year = {True: 0, False: 0}
    for share in shares:
        if share.is_advance:
            continue
        of_year[share.is_income(year)] += share.fen
    return of_year[True] if way is Way.DEDUCTION else -of_year[False]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementHead:
    """The head of a voucher of recovered money."""

    event_id: str
    fund: str
    book_date: date
    value_date: date | None
    references: dict[str, str]


def repayment_voucher(head: SettlementHead, shares: Sequence[Share]) -> Voucher:
    """Book money that came back: Dr 支出户存款 · Cr benefit, or 其他收入 of an earlier year's.

    An advance's is credited to 暂付款.
    """
    total_fen = sum(share.fen for share in shares)
    deposit = _entry(head.fund, Account.EXPENDITURE_DEPOSIT, Side.DEBIT, total_fen, CENTRE)
    return _voucher(head, "待遇追回", [deposit, *_credits(head, shares)])


def deduction_voucher(
    head: SettlementHead, shares: Sequence[Share], *, account: str, district: str
) -> Voucher:
    """Book what a run kept back: Dr this month's benefit · Cr benefit, or 其他收入."""
    total_fen = sum(share.fen for share in shares)
    debit = _entry(head.fund, account, Side.DEBIT, total_fen, district)
    return _voucher(head, "待遇抵扣追回", [debit, *_credits(head, shares)])


def _credits(head: SettlementHead, shares: Iterable[Share]) -> list[Entry]:
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for share in shares:
        income = share.is_income(head.book_date.year)
        account = Account.OTHER_INCOME if income else share.line.account
        sums[account, share.line.district] += share.fen
    return [
        _entry(head.fund, account, Side.CREDIT, fen, district)
        for (account, district), fen in sorted(sums.items())
    ]


def _voucher(head: SettlementHead, summary: str, entries: list[Entry]) -> Voucher:
    return Voucher(
        event_id=head.event_id,
        owner=CENTRE,
        kind=KIND,
        book_date=head.book_date,
        value_date=head.value_date,
        summary=summary,
        entries=tuple(entries),
        references=head.references,
    )


def _entry(fund: str, account: str, side: Side, amount_fen: int, district: str) -> Entry:
    return Entry(
        book=Book.STATUTORY,
        fund=fund,
        account=account,
        side=side,
        amount_fen=amount_fen,
        district=district,
    )
