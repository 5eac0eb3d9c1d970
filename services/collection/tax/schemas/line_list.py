"""Shapes of lines of tickets as they were reported."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.collection.tax.store.line_list import TaxLineRow
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Out, YuanOut


class TaxLineOut(Out):
    """A line of a ticket; without `line` and `levy_item` it is a whole ticket."""

    authority: str
    serial: str = Field(examples=["SW20210720-000001"])
    line: int | None
    levy_item: str | None
    insurance: str | None
    party: str | None
    payer: str = Field(
        description="统一社会信用代码,或个人号码(遮掩) (a person's number is masked)"
    )
    period: str
    amount: YuanOut
    paid_on: date
    origin: str = Field(description="declared_to_tax | assessed_by_us")
    push_no: str
    receipt: str | None
    refund_of: str | None
    refund_of_line: int | None
    reason: str | None = Field(description="退库原因 (why it was given back)")

    @classmethod
    def of(cls, row: TaxLineRow) -> TaxLineOut:
        """Build the answer from a stored line."""
        receipt = row.receipt_id and Ref(row.line_key, row.receipt_id).text(Reference.RECEIPT)
        return cls(
            authority=row.authority,
            serial=row.ticket,
            line=row.line_no or None,
            levy_item=row.levy_item or None,
            insurance=row.insurance or None,
            party=row.party or None,
            payer=row.payer,
            period=row.period,
            amount=row.amount_fen,
            paid_on=row.paid_on,
            origin=row.origin,
            push_no=row.push_no,
            receipt=receipt,
            refund_of=row.refund_ticket,
            refund_of_line=row.refund_line or None,
            reason=row.reason or None,
        )
