"""Shapes of bills."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import Field

from services.collection.billing.domain.bill import sum_by_fund
from services.collection.billing.domain.credit import Credit
from services.collection.billing.schemas.credit import CreditOut
from services.collection.billing.store.bill import BillLineRow, BillRow
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Out, YuanOut


class BillHeadOut(Out):
    """A bill without its lines. `due_estimated`: the workday table did not cover the due day.

    `total` is the amount due now: the issued amount less credits and waivers.
    """

    id: str = Field(examples=[Reference.BILL.example])
    declaration: str
    credit_code: str
    district: str
    period: str
    issued_on: date
    due_on: date
    due_estimated: bool
    total: YuanOut
    settled: YuanOut
    open: YuanOut
    credited: YuanOut = Field(
        description="已用贷项抵减,不在 total 内 (taken off by credits, not in the total)"
    )
    waived: YuanOut = Field(description="已减免,不在 total 内 (waived, not in the total)")
    status: str = Field(examples=["open", "part", "settled"])
    collector: str = Field(examples=["bank_debit"])
    kind: str = Field(
        examples=["contribution"],
        description="contribution | adjustment 更正补缴 | charge 加收滞纳金、利息的通知单",
    )
    of_bill: str | None = Field(
        description="加收所依据的通知单 (the bill that is charged for being late)"
    )

    @classmethod
    def of(cls, row: BillRow) -> BillHeadOut:
        """Build the answer from a stored bill."""
        return cls(**cls.members(row))

    @classmethod
    def members(cls, row: BillRow) -> dict[str, Any]:
        """Return the members of a header."""
        return {
            "id": Ref(row.unit_id, row.id).text(Reference.BILL),
            "declaration": Ref(row.unit_id, row.declaration_id).text(Reference.DECLARATION),
            "credit_code": row.credit_code,
            "district": row.district,
            "period": row.period,
            "issued_on": row.issued_on,
            "due_on": row.due_on,
            "due_estimated": row.due_estimated,
            "total": row.total_fen,
            "settled": row.settled_fen,
            "open": row.total_fen - row.settled_fen,
            "credited": row.credited_fen,
            "waived": row.waived_fen,
            "status": row.status,
            "collector": row.collector,
            "kind": row.kind,
            "of_bill": None
            if row.of_bill is None
            else Ref(row.unit_id, row.of_bill).text(Reference.BILL),
        }


class BillLineOut(Out):
    """A line of a bill."""

    line: int
    insurance: str
    party: str
    account: str
    fund: str
    amount: YuanOut
    settled: YuanOut
    credited: YuanOut

    @classmethod
    def of(cls, line: BillLineRow) -> BillLineOut:
        """Build the answer from a stored line."""
        return cls(
            line=line.line_no,
            insurance=line.insurance,
            party=line.party,
            account=line.account,
            fund=line.fund,
            amount=line.amount_fen,
            settled=line.settled_fen,
            credited=line.credited_fen,
        )


class BillOut(BillHeadOut):
    """A bill with its lines, its split by fund, and the credits that its declaration grants."""

    lines: list[BillLineOut]
    by_fund: dict[str, YuanOut]
    credits: list[CreditOut]

    @classmethod
    def whole(
        cls, row: BillRow, lines: Sequence[BillLineRow], credits: Sequence[Credit]
    ) -> BillOut:
        """Build the answer from a stored bill."""
        return cls(
            **cls.members(row),
            lines=[BillLineOut.of(line) for line in lines],
            by_fund=sum_by_fund((line.fund, line.amount_fen) for line in lines),
            credits=[CreditOut.of(credit) for credit in credits],
        )
