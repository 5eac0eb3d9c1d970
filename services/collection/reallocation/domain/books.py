"""Vouchers of a reallocation: the same entries as when money was booked first, by difference.

Money of one receipt stays in one voucher, so that what is in suspense of a receipt can be read from
the books by receipt. Per fund, what leaves one account reaches another:

| what changes | statutory, per fund | memo, per fund |
|---|---|---|
| a line gets more of the receipt | Dr deposit · Cr income | Dr 实征 · Cr 应收 |
| more of it is in suspense | Dr deposit · Cr 暂收款, in the suspense fund | – |
| a charge bill asks for more | – | Dr 应收 · Cr 应征 |
| more of a charge is waived | – | Dr 应征 · Cr 应收 |
| a credit lowers a line of another district | – | Dr 应收 of the credit's · Cr 应收 of the line's |

What is less stands on the other side. A receipt that the bank took back is booked so as well: what
it had settled or left in suspense goes, and its deposit goes with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.collection.allocation.domain.allocation import Bill, BillLine
from services.collection.allocation.domain.books import INCOME
from services.collection.billing.domain.credit import Credit
from services.collection.reallocation.domain.difference import AccountDifference
from shared.entry import Account, Book, Entry, Side, Voucher
from shared.ids import Ref
from shared.references import Reference

REALLOCATION: Final = "reallocation"
_CHARGES_APART: Final = frozenset({"receipt", "match"})
"""Kinds beside which late charges have vouchers of their own kinds, as when money is booked first."""
Place = tuple[Book, str, str, str]
"""Book, fund, account, district."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptBooks:
    """The books of a receipt: its deposit account and its suspense."""

    ref: Ref
    account: str
    suspense_fund: str
    district: str
    period: str
    value_date: date
    references: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The voucher of one receipt: its kind, the event that it is booked under, what it says.

    `day` is the day of the books, `value_date` the day on which the money moved.
    """

    event_id: str
    kind: str
    summary: str
    day: date
    value_date: date | None


class _Amounts:
    """Signed amounts per place: above zero is a debit."""

    def __init__(self) -> None:
        self._fen: dict[Place, int] = defaultdict(int)

    def move(
        self,
        book: Book,
        fund: str,
        amount_fen: int,
        debit: tuple[str, str],
        credit: tuple[str, str],
    ) -> None:
        """Add "Dr debit · Cr credit", each an account and a district."""
        self._fen[book, fund, *debit] += amount_fen
        self._fen[book, fund, *credit] -= amount_fen

    def entries(self) -> tuple[Entry, ...]:
        """Return one entry per place whose sum is not zero."""
        return tuple(
            Entry(
                book=book,
                fund=fund,
                account=account,
                side=Side.DEBIT if fen > 0 else Side.CREDIT,
                amount_fen=abs(fen),
                district=district,
            )
            for (book, fund, account, district), fen in sorted(self._fen.items())
            if fen
        )


def receipt_vouchers(
    found: AccountDifference,
    receipt_of: Mapping[UUID, UUID],
    receipts: Mapping[UUID, ReceiptBooks],
    headings: Mapping[UUID, Heading],
    incomes: Mapping[str, str],
    owner: str,
) -> Iterator[tuple[ReceiptBooks, Voucher]]:
    """Build one voucher per receipt whose money settles something else, or is gone.

    Args:
        receipt_of: payment → receipt.
        headings: receipt → the heading of its voucher.
        incomes: kind of a charge → income account; contributions have their own.
        owner: the unit's credit code.
    """
    amounts: dict[tuple[UUID, str], _Amounts] = defaultdict(_Amounts)
    periods: dict[UUID, str] = {}
    for (event_id, bill_id, line_no), fen in found.shares.items():
        receipt_id, bill = receipt_of[event_id], found.bills[bill_id]
        line = found.line_of[bill_id, line_no]
        periods.setdefault(receipt_id, bill.period)
        kind = headings[receipt_id].kind
        if kind in _CHARGES_APART and line.account in incomes:
            kind = line.account
        income = {**INCOME, **incomes}[line.account]
        _allocate(amounts[receipt_id, kind], receipts[receipt_id], bill, line, fen, income)
    for event_id, fen in found.left.items():
        receipt = receipts[receipt_of[event_id]]
        _suspend(amounts[receipt.ref.id, headings[receipt.ref.id].kind], receipt, fen)
    for (receipt_id, kind), own in amounts.items():
        receipt, heading = receipts[receipt_id], headings[receipt_id]
        if entries := own.entries():
            period = periods.get(receipt_id, receipt.period)
            yield receipt, _receipt_voucher(receipt, heading, kind, owner, period, entries)


def _allocate(
    amounts: _Amounts, receipt: ReceiptBooks, bill: Bill, line: BillLine, fen: int, income: str
) -> None:
    at = bill.district
    amounts.move(Book.STATUTORY, line.fund, fen, (receipt.account, at), (income, at))
    collected, receivable = Account.MEMO_COLLECTED, Account.MEMO_RECEIVABLE
    amounts.move(Book.MEMO, line.fund, fen, (collected, at), (receivable, at))


def _suspend(amounts: _Amounts, receipt: ReceiptBooks, fen: int) -> None:
    at = receipt.district
    suspense = (Account.SUSPENSE_RECEIPTS, at)
    amounts.move(Book.STATUTORY, receipt.suspense_fund, fen, (receipt.account, at), suspense)


def _receipt_voucher(
    receipt: ReceiptBooks,
    heading: Heading,
    kind: str,
    owner: str,
    period: str,
    entries: tuple[Entry, ...],
) -> Voucher:
    event_id = heading.event_id
    if kind != heading.kind:
        event_id = f"{kind}_paid:{event_id.partition(':')[2]}"
    return Voucher(
        event_id=event_id,
        owner=owner,
        kind=kind,
        book_date=heading.day,
        value_date=heading.value_date,
        period=period,
        summary=heading.summary,
        entries=entries,
        references=dict(receipt.references),
    )


def receivable_voucher(
    found: AccountDifference,
    credits: Mapping[UUID, Credit],
    reallocation: Ref,
    day: date,
) -> Voucher | None:
    """The voucher of what is owed otherwise: charges issued before, waivers, credits used in other
    districts. Charge bills that are new have vouchers of their own."""
    amounts = _Amounts()
    receivable, levied = Account.MEMO_RECEIVABLE, Account.MEMO_LEVIED
    owner: Bill | None = None
    for change in found.lines:
        owner, at = change.bill, change.bill.district
        fen = change.issued_fen - change.waived_fen
        amounts.move(Book.MEMO, change.line.fund, fen, (receivable, at), (levied, at))
    for (credit_id, bill_id, _), fen in found.uses.items():
        credit, bill = credits[credit_id], found.bills[bill_id]
        owner = bill
        amounts.move(
            Book.MEMO, credit.fund, fen, (receivable, credit.district), (receivable, bill.district)
        )
    entries = amounts.entries()
    if not entries or owner is None:
        return None
    return Voucher(
        event_id=f"reallocation:{reallocation.id.hex}",
        owner=owner.credit_code,
        kind=REALLOCATION,
        book_date=day,
        period=owner.period,
        summary="加收、减免、贷项随重新分账调整",
        entries=entries,
        references={"reallocation": reallocation.text(Reference.REALLOCATION)},
    )
