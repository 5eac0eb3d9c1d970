"""The chart and the entries of an account, going out."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.ledger.posting.domain.voucher import voucher_id
from services.ledger.rules.domain.chart import Account
from shared.entry import Side
from shared.schema import Out, YuanOut


class AccountOut(Out):
    """An account as the chart of a day has it; `code` is empty while the official one is unknown."""

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


class ChartOut(Out):
    """The chart of accounts of a day."""

    as_of: date
    items: list[AccountOut]


class AccountEntryOut(Out):
    """One entry of an account, with what its voucher says."""

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


class AccountEntriesOut(Out):
    """A page of an account's entries."""

    items: list[AccountEntryOut]
    next_cursor: str | None
    has_more: bool


def account_out(account: Account) -> AccountOut:
    """An account going out."""
    return AccountOut(
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


def entries_out(rows: list[dict[str, Any]], next_cursor: str | None) -> AccountEntriesOut:
    """A page going out."""
    items = [
        AccountEntryOut(
            voucher=voucher_id(row["slot"], row["seq"]),
            line=row["line"],
            book=row["book"],
            fund=row["fund"],
            book_date=row["book_date"],
            side=Side.DEBIT if row["debit_fen"] else Side.CREDIT,
            amount=row["debit_fen"] or row["credit_fen"],
            district=row["district"],
            kind=row["kind"],
            summary=row["summary"],
        )
        for row in rows
    ]
    return AccountEntriesOut(items=items, next_cursor=next_cursor, has_more=next_cursor is not None)
