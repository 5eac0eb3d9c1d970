"""Vouchers (记账凭证) of receipts: entries per fund, in the statutory and the memo book. Pure.

| event | statutory, per fund | memo, per fund |
|---|---|---|
| allocated to a bill | Dr channel's account · Cr contribution income, pooled / personal account | Dr 实征 · Cr 应收 |
| payer unknown, or paid too much | Dr channel's account · Cr 暂收款, in the suspense fund | – |
| matched later | Dr 暂收款 · Cr channel's account in the suspense fund, then as allocated | Dr 实征 · Cr 应收 |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.collection.allocation.domain.allocation import LineShare, ReceiptAllocation
from services.collection.allocation.domain.receipt import Receipt
from shared.entry import Account, Book, Entry, Side, Voucher, transfer
from shared.fund import AccountKind
from shared.ids import Ref
from shared.references import Reference

INCOME: Final[Mapping[str, str]] = {
    AccountKind.POOLED: Account.CONTRIBUTION_POOLED,
    AccountKind.PERSONAL_ACCOUNT: Account.CONTRIBUTION_PERSONAL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspense:
    """Open money in suspense (暂收款), and the account and fund on which it was booked."""

    receipt_key: int
    receipt_id: UUID
    account: str
    fund: str
    district: str
    open_fen: int


def allocation_entries(
    shares: Iterable[LineShare],
    *,
    account: str,
    district: str,
    incomes: Mapping[str, str] = INCOME,
) -> tuple[Entry, ...]:
    """Build the entries of an allocation, per fund and income account, in bill line order.

    `incomes` maps the account of a line to its income account.
    """
    by_fund: dict[str, dict[str, int]] = {}
    for share in shares:
        amounts = by_fund.setdefault(share.line.fund, {})
        income = incomes[share.line.account]
        amounts[income] = amounts.get(income, 0) + share.amount_fen
    entries: list[Entry] = []
    for fund, amounts in by_fund.items():
        whole_fen = sum(amounts.values())
        entries.append(Entry(Book.STATUTORY, fund, account, Side.DEBIT, whole_fen, district))
        entries += [
            Entry(Book.STATUTORY, fund, income, Side.CREDIT, amount_fen, district)
            for income, amount_fen in amounts.items()
        ]
        entries += transfer(
            book=Book.MEMO,
            fund=fund,
            debit=Account.MEMO_COLLECTED,
            credit=Account.MEMO_RECEIVABLE,
            amount_fen=whole_fen,
            district=district,
        )
    return tuple(entries)


def receipt_voucher(allocation: ReceiptAllocation, account: str) -> Voucher:
    """Build the voucher of a receipt's payments of contributions, on the channel's account."""
    bill, receipt = allocation.bill, allocation.receipt
    assert bill is not None
    return Voucher(
        event_id=f"receipt:{receipt.id.hex}",
        owner=bill.credit_code,
        kind="receipt",
        book_date=receipt.book_date,
        value_date=receipt.incoming.paid_on,
        period=bill.period,
        summary=f"{bill.period} 社会保险费到账",
        entries=tuple(
            entry
            for one in allocation.contributions
            for entry in allocation_entries(one.shares, account=account, district=one.bill.district)
        ),
        references=references_of(receipt) | {"bill": bill.id.hex},
    )


def suspense_voucher(allocation: ReceiptAllocation, account: str, fund: str) -> Voucher:
    """Build the voucher of the part of a receipt that no bill needs."""
    receipt = allocation.receipt
    return Voucher(
        event_id=f"suspense:{receipt.id.hex}",
        owner=receipt.owner,
        kind="suspense",
        book_date=receipt.book_date,
        value_date=receipt.incoming.paid_on,
        period=receipt.incoming.period,
        summary="多缴待处理" if allocation.allocated_fen else "到账待认领",
        entries=transfer(
            book=Book.STATUTORY,
            fund=fund,
            debit=account,
            credit=Account.SUSPENSE_RECEIPTS,
            amount_fen=allocation.suspended_fen,
            district=receipt.district,
        ),
        references=references_of(receipt),
    )


def references_of(receipt: Receipt) -> dict[str, str]:
    """Return the papers that belong to a receipt."""
    return {
        "receipt": Ref(receipt.key, receipt.id).text(Reference.RECEIPT),
        "channel": receipt.channel.value,
        "serial": receipt.incoming.serial,
        "paper": receipt.paper,
    }
