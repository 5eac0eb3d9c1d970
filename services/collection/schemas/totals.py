"""Shapes of arrears and totals."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pydantic import Field

from services.collection.flows.billing import REF as BILL_REF
from services.collection.store.totals import Amounts, Arrear
from shared.ids import Ref
from shared.schema import Out, YuanOut


class ArrearOut(Out):
    """A bill with something open."""

    period: str
    bill: str
    due_on: date
    amount: YuanOut
    open: YuanOut


class ArrearsOut(Out):
    """What a unit owed at the end of a day, by what had been booked until then."""

    credit_code: str
    as_of: date
    open: list[ArrearOut]
    total: YuanOut
    overdue: bool = Field(description="有逾期未缴 (something was due before that day)")

    @classmethod
    def of(cls, credit_code: str, as_of: date, arrears: list[Arrear]) -> ArrearsOut:
        """From the store."""
        return cls(
            credit_code=credit_code,
            as_of=as_of,
            open=[
                ArrearOut(
                    period=row.period,
                    bill=Ref(row.unit_id, row.id).text(BILL_REF),
                    due_on=row.due_on,
                    amount=row.total_fen,
                    open=row.open_fen,
                )
                for row in arrears
            ],
            total=sum(row.open_fen for row in arrears),
            overdue=any(row.due_on < as_of for row in arrears),
        )


class AmountsOut(Out):
    """Declared, billed, collected, and what is open of the bills."""

    declared: YuanOut
    billed: YuanOut
    collected: YuanOut
    open: YuanOut


class ReceivedOut(Out):
    """Money received, per channel, suspense included."""

    bank_debit: YuanOut
    tax: YuanOut


class TotalsOut(Out):
    """Collection's own totals of a range of periods."""

    period_from: str
    period_to: str
    district: str | None
    funds: dict[str, AmountsOut]
    insurances: dict[str, AmountsOut]
    units: int
    people: int = Field(description="申报人次 (people declared, counted once a period)")
    bills: int
    open_bills: int
    suspended: YuanOut
    received: ReceivedOut


def amounts_by(parts: Iterable[tuple[str, Amounts]]) -> dict[str, AmountsOut]:
    """Add up amounts by name."""
    sums: dict[str, list[int]] = {}
    for name, part in parts:
        known = sums.setdefault(name, [0, 0, 0])
        known[0] += part.declared_fen
        known[1] += part.billed_fen
        known[2] += part.collected_fen
    return {
        name: AmountsOut(
            declared=declared, billed=billed, collected=collected, open=billed - collected
        )
        for name, (declared, billed, collected) in sorted(sums.items())
    }
