"""Shapes of the chart of accounts and of account entries."""

from __future__ import annotations

from datetime import date

from services.ledger.posting.domain.voucher import voucher_id
from services.ledger.reports.store.entry import EntryRow
from services.ledger.rules.domain.chart import Account, Catalogue
from shared.entry import Side
from shared.schema import Out, YuanOut


class AccountOut(Out):
    """An account of a chart; `code` is empty while the official one is unknown."""

    key: str
    code: str
    name: str
    account_class: str
    normal_side: Side
    parent: str | None
    book: str
    postable: bool
    funds: list[str]
    floored: bool
    in_force_from: date
    in_force_to: date | None
    source: str
    certainty: str

    @classmethod
    def of(cls, account: Account) -> AccountOut:
        """Answer an account."""
        return cls(
            key=account.key,
            code=account.code,
            name=account.name,
            account_class=account.account_class,
            normal_side=account.normal_side,
            parent=account.parent,
            book=account.book.value,
            postable=account.postable,
            funds=sorted(account.funds),
            floored=account.floored,
            in_force_from=account.in_force_from,
            in_force_to=account.in_force_to,
            source=account.source,
            certainty=account.certainty,
        )


class ChartOut(Out):
    """The chart of accounts of a day."""

    as_of: date
    items: list[AccountOut]

    @classmethod
    def of(cls, catalogue: Catalogue, day: date) -> ChartOut:
        """Answer the chart of a day."""
        items = [AccountOut.of(account) for account in catalogue.accounts(day)]
        return cls(as_of=day, items=items)


class AccountEntryOut(Out):
    """One entry of an account, with the kind and summary of its voucher."""

    voucher: str
    line: int
    book: str
    fund: str
    book_date: date
    side: Side
    amount: YuanOut
    district: str
    kind: str
    summary: str

    @classmethod
    def of(cls, row: EntryRow) -> AccountEntryOut:
        """Answer an entry."""
        return cls(
            voucher=voucher_id(row.slot, row.seq),
            line=row.line,
            book=row.book,
            fund=row.fund,
            book_date=row.book_date,
            side=Side.DEBIT if row.debit_fen else Side.CREDIT,
            amount=row.debit_fen or row.credit_fen,
            district=row.district,
            kind=row.kind,
            summary=row.summary,
        )
