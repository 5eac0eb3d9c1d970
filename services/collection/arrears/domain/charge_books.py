"""Vouchers of late fees and interest. Their kinds differ from those of contributions. Pure.

| event | statutory, per fund | memo, per fund |
|---|---|---|
| charge assessed (late payment booked) | – | Dr 应收 · Cr 应征 |
| charge paid | Dr channel's account · Cr income account of the policy | Dr 实征 · Cr 应收 |
| paid out of suspense | Dr 暂收款 · Cr channel's account in the suspense fund, then as paid | Dr 实征 · Cr 应收 |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.collection.allocation.domain.allocation import Bill, LineShare, PaymentAllocation
from services.collection.allocation.domain.books import Suspense, allocation_entries
from services.collection.arrears.domain.late import LateAssessment
from services.collection.policy.domain.charge import ChargeKind
from shared.entry import Account, Book, Voucher, transfer

NAMES: Final = {ChargeKind.LATE_FEE: "滞纳金", ChargeKind.INTEREST: "补缴利息"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePayment:
    """A payment of charges: its account, income accounts and references."""

    event_id: UUID
    account: str
    incomes: Mapping[str, str]
    book_date: date
    value_date: date | None
    references: Mapping[str, str]
    suspense: Suspense | None = None


def charge_vouchers(assessment: LateAssessment) -> Iterator[Voucher]:
    """Build the vouchers of new charges, one per kind: amounts receivable from now on."""
    bill = assessment.charge_bill
    if bill is None:
        return
    for kind in ChargeKind:
        entries = tuple(
            entry
            for line in bill.lines
            if line.account == kind
            for entry in transfer(
                book=Book.MEMO,
                fund=line.fund,
                debit=Account.MEMO_RECEIVABLE,
                credit=Account.MEMO_LEVIED,
                amount_fen=line.amount_fen,
                district=bill.district,
            )
        )
        if entries:
            yield Voucher(
                event_id=f"{kind}:{bill.id.hex}",
                owner=bill.credit_code,
                kind=kind.value,
                book_date=bill.issued_on,
                summary=f"{bill.period} {NAMES[kind]}加收",
                entries=entries,
                period=bill.period,
                references={"bill": bill.id.hex, "of_bill": assessment.paid_bill.id.hex},
            )


def charge_payment_vouchers(
    charges: Sequence[PaymentAllocation], payment: ChargePayment
) -> Iterator[Voucher]:
    """Build the vouchers of payments of charges, one per kind."""
    for kind in ChargeKind:
        shares = [share for one in charges for share in one.shares if share.line.account == kind]
        if shares:
            yield _paid(kind, charges[0].bill, shares, payment)


def _paid(
    kind: ChargeKind, bill: Bill, shares: Sequence[LineShare], payment: ChargePayment
) -> Voucher:
    entries = allocation_entries(
        shares, account=payment.account, district=bill.district, incomes=payment.incomes
    )
    if payment.suspense is not None:
        entries = (
            *transfer(
                book=Book.STATUTORY,
                fund=payment.suspense.fund,
                debit=Account.SUSPENSE_RECEIPTS,
                credit=payment.suspense.account,
                amount_fen=sum(share.amount_fen for share in shares),
                district=payment.suspense.district,
            ),
            *entries,
        )
    return Voucher(
        event_id=f"{kind}_paid:{payment.event_id.hex}",
        owner=bill.credit_code,
        kind=kind.value,
        book_date=payment.book_date,
        value_date=payment.value_date,
        summary=f"{bill.period} {NAMES[kind]}到账",
        entries=entries,
        period=bill.period,
        references={**payment.references, "bill": bill.id.hex},
    )
