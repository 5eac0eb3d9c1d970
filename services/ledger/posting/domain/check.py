"""Checks of a voucher that need no balances; every fault is named at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.ledger.common.domain.refusal import (
    AccountNotInBook,
    AccountNotInFund,
    AccountUnknown,
    AmountNotPositive,
    BookDateInFuture,
    FlowForbidden,
    FundUnknown,
    HoldExpected,
    LedgerRefusal,
    OwnerNotCentre,
    SenderForbidden,
    Unbalanced,
)
from services.ledger.posting.domain.entries import REMEMBERED_ENTRIES_MAX, Line
from services.ledger.posting.domain.hold import PAID_FROM_HOLDS
from services.ledger.posting.domain.suspense import ReceiptExpected, is_nameless
from services.ledger.posting.domain.voucher import Draft
from services.ledger.rules.domain.chart import ANY_SENDER, Catalogue
from shared.entry import Book
from shared.errors import Fault
from shared.roles import CENTRE

PRECEDENCE: tuple[type[LedgerRefusal], ...] = (
    Unbalanced,
    AmountNotPositive,
    OwnerNotCentre,
    FundUnknown,
    AccountUnknown,
    AccountNotInBook,
    AccountNotInFund,
    FlowForbidden,
    SenderForbidden,
    HoldExpected,
    ReceiptExpected,
    BookDateInFuture,
)
"""With several faults, the first of these gives the refusal its code; all are listed."""

Found = tuple[type[LedgerRefusal], str, str]
"""A fault: its kind, its JSON pointer, what is wrong."""
BOOK_DATE = "/book_date"
_PATTERNS_MAX = 16_384


class Checker:
    """A check of drafts against a catalogue. It keeps the result for each pattern of accounts.

    Most vouchers of a day have one of a few patterns (same accounts, other amounts), so the walk
    through chart and flow matrix happens once a pattern.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._patterns: dict[tuple[object, ...], tuple[Found, ...]] = {}

    def check(self, draft: Draft, today: date) -> LedgerRefusal | None:
        """Check a draft as of a day; None when it has no fault."""
        found = [*_amount_faults(draft), *self._pattern_faults(draft), *_date_faults(draft, today)]
        if is_nameless(draft):
            found.append((ReceiptExpected, "/references/receipt", draft.kind))
        return _refusal(found) if found else None

    def check_moved(self, draft: Draft, today: date) -> LedgerRefusal | None:
        """Check a draft that was moved to the first open day: tomorrow, when today is closed."""
        found = [
            *_amount_faults(draft),
            *self._pattern_faults(draft),
            *(fault for fault in _date_faults(draft, today) if fault[1] != BOOK_DATE),
        ]
        return _refusal(found) if found else None

    def _pattern_faults(self, draft: Draft) -> tuple[Found, ...]:
        if draft.reverses_seq is not None:
            return ()  # a mirror image of what was checked when it was posted
        key = (
            draft.kind,
            draft.book_date,
            draft.sender,
            draft.hold is None,
            draft.owner == CENTRE,
            draft.entries.pattern,
        )
        known = self._patterns.get(key)
        if known is None:
            known = tuple(self._walk(draft))
            if len(draft.entries.amounts) > REMEMBERED_ENTRIES_MAX:
                return known
            if len(self._patterns) >= _PATTERNS_MAX:
                self._patterns.clear()
            self._patterns[key] = known
        return known

    def _walk(self, draft: Draft) -> Iterator[Found]:
        for index, line in enumerate(draft.lines):
            yield from self._line_faults(draft, index, line)
        yield from self._flow_faults(draft)
        if draft.kind in PAID_FROM_HOLDS and draft.hold is None:
            yield HoldExpected, "/hold", draft.kind

    def _line_faults(self, draft: Draft, index: int, line: Line) -> Iterator[Found]:
        at = f"/entries/{index}"
        if self.catalogue.fund(line.fund, draft.book_date) is None:
            yield FundUnknown, f"{at}/fund", line.fund
        account = self.catalogue.account(line.account, draft.book_date)
        if account is None or not account.postable:
            yield AccountUnknown, f"{at}/account", line.account
            return
        if account.book != line.book:
            yield AccountNotInBook, f"{at}/book", f"{line.account}: {account.book.value}"
        if account.funds and line.fund not in account.funds:
            yield AccountNotInFund, f"{at}/account", f"{line.account}: {line.fund}"
        if account.floored and draft.owner != CENTRE:
            yield OwnerNotCentre, "/owner", line.account

    def _flow_faults(self, draft: Draft) -> Iterator[Found]:
        for book, fund in dict.fromkeys((line.book, line.fund) for line in draft.lines):
            mine = [
                (i, line)
                for i, line in enumerate(draft.lines)
                if line.book == book and line.fund == fund
            ]
            debits = dict.fromkeys(line.account for _, line in mine if line.debit_fen)
            credits = {line.account: i for i, line in mine if line.credit_fen}
            for debit in debits:
                for credit, index in credits.items():
                    senders = self.catalogue.senders(
                        draft.kind, Book(book), debit, credit, draft.book_date
                    )
                    if not senders:
                        message = f"{draft.kind}: {debit} ← {credit}"
                        yield FlowForbidden, f"/entries/{index}/account", message
                    elif not senders & {ANY_SENDER, draft.sender}:
                        who = ", ".join(sorted(senders))
                        message = f"{draft.kind}: {draft.sender}; 只可由 (only by) {who}"
                        yield SenderForbidden, "/kind", message


def _amount_faults(draft: Draft) -> list[Found]:
    if _is_sound(draft):
        return []
    found: list[Found] = []
    net: dict[tuple[str, str], int] = {}
    red = draft.reverses_seq is not None
    for index, line in enumerate(draft.lines):
        debit_fen, credit_fen = line[4], line[5]
        amount_fen = debit_fen + credit_fen
        if (debit_fen != 0) == (credit_fen != 0) or (amount_fen < 0) is not red:
            found.append((AmountNotPositive, f"/entries/{index}/amount", str(amount_fen)))
        group = (line[0], line[1])
        net[group] = net.get(group, 0) + debit_fen - credit_fen
    for (book, fund), net_fen in net.items():
        if net_fen != 0:
            found.append((Unbalanced, "/entries", f"{book}/{fund}: net_fen={net_fen}"))
    return found


def _is_sound(draft: Draft) -> bool:
    """Tell at sight that no amount is at fault, as in nearly every draft."""
    amounts = draft.entries.amounts
    if not amounts or (min(amounts) <= 0 if draft.reverses_seq is None else max(amounts) >= 0):
        return False
    return draft.entries.is_balanced()


def _date_faults(draft: Draft, today: date) -> list[Found]:
    found: list[Found] = []
    if draft.book_date > today:
        found.append((BookDateInFuture, BOOK_DATE, draft.book_date.isoformat()))
    if draft.value_date is not None and draft.value_date > today:
        found.append((BookDateInFuture, "/value_date", draft.value_date.isoformat()))
    return found


def _refusal(found: list[Found]) -> LedgerRefusal:
    kinds = {kind for kind, _, _ in found}
    kind = next(kind for kind in PRECEDENCE if kind in kinds)
    faults = [
        Fault(pointer, kind.code, f"{(kind.__doc__ or '').strip()}: {what}")
        for kind, pointer, what in dict.fromkeys(found)
    ]
    return kind(faults=faults[:1000], count=len(faults))
