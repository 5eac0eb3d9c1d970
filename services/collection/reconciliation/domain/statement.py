"""Rules of statements (对账单): the days of a file, their balances, and how days follow each other. Pure.

A statement says how much one account of ours held at the start and at the end of a day, and each
amount in between. The closing balance of a day is the opening balance of the next one known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from shared.bank_files.values import StatementEntry
from shared.entry import Account
from shared.errors import Fault, Faulty, Kind, NotFound, Refusal, StateConflict
from shared.ids import key_of
from shared.money import format_yuan

ACCOUNTS: Final = {
    Account.INCOME_DEPOSIT: "收入户",
    Account.TREASURY_DEPOSIT: "国库",
    Account.FISCAL_DEPOSIT: "财政专户",
    Account.EXPENDITURE_DEPOSIT: "支出户",
}
"""Our accounts, by their key in the chart of accounts."""
DAYS_MAX: Final = 366
"""Days of one file."""


class StatementUnbalanced(Refusal):
    """期初余额加收付不等于期末余额 (the opening balance and the entries do not make the closing balance)"""

    kind = Kind.INVALID
    code = "STATEMENT_UNBALANCED"


class StatementDiffers(StateConflict):
    """该账户该日已有内容不同的对账单 (another statement of this account and day was taken before)"""

    code = "STATEMENT_DIFFERS"


class BalanceChainBroken(StateConflict):
    """期初、期末余额与相邻日对账单不衔接 (the balances do not continue those of the neighbouring days)"""

    code = "BALANCE_CHAIN_BROKEN"


class StatementUnknown(NotFound):
    """该账户该日无对账单 (there is no statement of this account and day)"""

    code = "STATEMENT_UNKNOWN"


class StatementAgreed(StateConflict):
    """该月对账函已双方确认,对账单不得撤回 (both sides have agreed to the month: its statements stay)"""

    code = "STATEMENT_AGREED"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementHead:
    """The account and the days of a file, and its balances before the first and after the last."""

    account: str
    first: date
    last: date
    opening_fen: int
    closing_fen: int

    @property
    def key(self) -> int:
        """The shard key of the account's statements."""
        return account_key(self.account)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementDay:
    """One account's day: both balances and the number of entries."""

    day: date
    opening_fen: int
    closing_fen: int
    lines: int


def account_key(account: str) -> int:
    """Compute the shard key under which all of an account's statements and items lie."""
    return key_of("statement_account", account)


class DayTotals:
    """Adds up a file's entries day by day while they stream through."""

    def __init__(self, head: StatementHead) -> None:
        if head.last < head.first or (head.last - head.first).days >= DAYS_MAX:
            message = f"须为一日至 {DAYS_MAX} 日 (one to {DAYS_MAX} days)"
            raise Faulty(faults=[Fault("/last", "SPAN_MALFORMED", message)])
        self._head = head
        self._sums: dict[date, int] = {}
        self._counts: dict[date, int] = {}

    def number(self, entry: StatementEntry) -> int:
        """Count an entry; return its number within its day.

        Raises:
            Faulty: its day is outside the file's days.
        """
        if not self._head.first <= entry.booked_on <= self._head.last:
            message = "不在对账单起止日内 (outside the days of the statement)"
            raise Faulty(faults=[Fault("/day", "DAY_OUTSIDE", f"{entry.booked_on}: {message}")])
        self._sums[entry.booked_on] = self._sums.get(entry.booked_on, 0) + entry.amount_fen
        self._counts[entry.booked_on] = self._counts.get(entry.booked_on, 0) + 1
        return self._counts[entry.booked_on]

    def days(self) -> list[StatementDay]:
        """Return every day of the file with its balances.

        Raises:
            StatementUnbalanced: the last day does not end at the file's closing balance.
        """
        days, balance_fen, day = [], self._head.opening_fen, self._head.first
        while day <= self._head.last:
            closing_fen = balance_fen + self._sums.get(day, 0)
            days.append(
                StatementDay(
                    day=day,
                    opening_fen=balance_fen,
                    closing_fen=closing_fen,
                    lines=self._counts.get(day, 0),
                )
            )
            balance_fen, day = closing_fen, day + timedelta(days=1)
        if balance_fen != self._head.closing_fen:
            raise StatementUnbalanced(
                computed=format_yuan(balance_fen), closing=format_yuan(self._head.closing_fen)
            )
        return days


def require_chain(
    head: StatementHead, before: StatementDay | None, after: StatementDay | None
) -> None:
    """Refuse balances that do not continue those of the nearest days known before and after.

    Raises:
        BalanceChainBroken: they do not.
    """
    if before is not None and before.closing_fen != head.opening_fen:
        raise BalanceChainBroken(
            day=before.day,
            closing=format_yuan(before.closing_fen),
            opening=format_yuan(head.opening_fen),
        )
    if after is not None and after.opening_fen != head.closing_fen:
        raise BalanceChainBroken(
            day=after.day,
            opening=format_yuan(after.opening_fen),
            closing=format_yuan(head.closing_fen),
        )


def missing_days(first: date, last: date, known: Iterable[date]) -> list[date]:
    """List the days of a span without a statement."""
    taken = set(known)
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in every if day not in taken]
