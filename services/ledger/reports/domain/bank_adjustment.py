"""The bank adjustment table (银行存款余额调节表) of one deposit account.

Book balance plus items known only to the bank equals bank balance plus items known only to the
books. Bank lines and vouchers are matched by serial number (or a paper that both name), then by
amount and day, then by amount and nearest day. Unmatched items on either side are in transit; a
difference that they do not explain is shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

FAR: Final = 31
"""Most days between the two sides of one movement."""


@dataclass(frozen=True, slots=True)
class BankLine:
    """A line of the bank's statement, in fen; positive amounts are receipts."""

    serial: str
    day: date
    amount_fen: int
    summary: str = ""
    paper: str | None = None
    """Another reference by which the books may know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankStatement:
    """The bank's side of an account over some days; `balance_fen` is that of the last day."""

    account: str
    fund: str | None
    first: date
    last: date
    balance_fen: int
    lines: tuple[BankLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookItem:
    """A voucher's effect on the account, in fen; `marks` are the serials and papers it names."""

    voucher: str
    day: date
    value_day: date | None
    amount_fen: int
    summary: str
    marks: frozenset[str]
    reverses: str | None = None


@dataclass(frozen=True, slots=True)
class BankMatch:
    """Bank lines and book items that are the same money, and how they were matched."""

    lines: tuple[BankLine, ...]
    items: tuple[BookItem, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAdjustment:
    """The table: both balances, the four lists of items in transit, and the matches."""

    book_fen: int
    bank_fen: int
    matched: tuple[BankMatch, ...]
    bank_received: tuple[BankLine, ...]
    """银行已收、账簿未收."""
    bank_paid: tuple[BankLine, ...]
    """银行已付、账簿未付."""
    book_received: tuple[BookItem, ...]
    """账簿已收、银行未收."""
    book_paid: tuple[BookItem, ...]
    """账簿已付、银行未付."""

    @property
    def adjusted_book_fen(self) -> int:
        """Return the book balance plus items known only to the bank."""
        return self.book_fen + sum(x.amount_fen for x in (*self.bank_received, *self.bank_paid))

    @property
    def adjusted_bank_fen(self) -> int:
        """Return the bank balance plus items known only to the books."""
        return self.bank_fen + sum(x.amount_fen for x in (*self.book_received, *self.book_paid))

    @property
    def difference_fen(self) -> int:
        """Return the unexplained difference; zero when the items in transit explain everything."""
        return self.adjusted_book_fen - self.adjusted_bank_fen


def adjust(
    book_fen: int,
    bank_fen: int,
    lines: Sequence[BankLine],
    items: Sequence[BookItem],
    tolerance_days: int = 10,
) -> BankAdjustment:
    """Compute the adjustment table of one account."""
    left_lines, left_items = list(lines), _without_cancelled(items)
    matched: list[BankMatch] = []
    for step in (_by_mark, _by_day):
        found = step(left_lines, left_items)
        matched += found
        left_lines, left_items = _rest(left_lines, left_items, found)
    found = _by_nearest(left_lines, left_items, min(tolerance_days, FAR))
    matched += found
    left_lines, left_items = _rest(left_lines, left_items, found)
    return BankAdjustment(
        book_fen=book_fen,
        bank_fen=bank_fen,
        matched=tuple(matched),
        bank_received=tuple(line for line in left_lines if line.amount_fen > 0),
        bank_paid=tuple(line for line in left_lines if line.amount_fen < 0),
        book_received=tuple(item for item in left_items if item.amount_fen > 0),
        book_paid=tuple(item for item in left_items if item.amount_fen < 0),
    )


def _without_cancelled(items: Sequence[BookItem]) -> list[BookItem]:
    """Remove vouchers and their full reversals: the bank saw neither."""
    by_voucher = {item.voucher: item for item in items}
    cancelled: set[str] = set()
    for item in items:
        original = by_voucher.get(item.reverses or "")
        if original is not None and original.amount_fen == -item.amount_fen:
            cancelled |= {item.voucher, original.voucher}
    return [item for item in items if item.voucher not in cancelled]


def _rest(
    lines: Sequence[BankLine], items: Sequence[BookItem], found: Iterable[BankMatch]
) -> tuple[list[BankLine], list[BookItem]]:
    done = list(found)
    used_lines = {id(line) for one in done for line in one.lines}
    used_items = {id(item) for one in done for item in one.items}
    return (
        [line for line in lines if id(line) not in used_lines],
        [item for item in items if id(item) not in used_items],
    )


def _by_mark(lines: Sequence[BankLine], items: Sequence[BookItem]) -> list[BankMatch]:
    """Match all items that name one serial or paper, if both sides have the same total."""
    by_mark: dict[str, list[BookItem]] = defaultdict(list)
    for item in items:
        for mark in item.marks:
            by_mark[mark].append(item)
    groups: dict[str, list[BankLine]] = defaultdict(list)
    for line in lines:
        named = [mark for mark in (line.serial, line.paper) if mark and mark in by_mark]
        if named:
            groups[named[0]].append(line)
    found, used = [], set[int]()
    for mark, mine in groups.items():
        theirs = [item for item in by_mark[mark] if id(item) not in used]
        total_fen = sum(line.amount_fen for line in mine)
        if theirs and total_fen == sum(item.amount_fen for item in theirs):
            used |= {id(item) for item in theirs}
            found.append(BankMatch(tuple(mine), tuple(theirs), "serial"))
    return found


def _by_day(lines: Sequence[BankLine], items: Sequence[BookItem]) -> list[BankMatch]:
    """Match one to one by amount and day; a voucher's value date goes before its book date."""
    waiting: dict[tuple[int, date], list[BookItem]] = defaultdict(list)
    for item in items:
        waiting[item.amount_fen, item.value_day or item.day].append(item)
    found = []
    for line in lines:
        candidates = waiting.get((line.amount_fen, line.day))
        if candidates:
            found.append(BankMatch((line,), (candidates.pop(0),), "amount and day"))
    return found


def _by_nearest(lines: Sequence[BankLine], items: Sequence[BookItem], days: int) -> list[BankMatch]:
    """Match one to one by amount and the nearest day, within so many days."""
    waiting: dict[int, list[BookItem]] = defaultdict(list)
    for item in items:
        waiting[item.amount_fen].append(item)
    found = []
    for line in sorted(lines, key=lambda line: line.day):
        candidates = waiting.get(line.amount_fen, [])
        near = min(candidates, key=lambda item: _apart(line, item), default=None)
        if near is not None and _apart(line, near) <= days:
            candidates.remove(near)
            found.append(BankMatch((line,), (near,), "amount"))
    return found


def _apart(line: BankLine, item: BookItem) -> int:
    return abs(line.day.toordinal() - (item.value_day or item.day).toordinal())
