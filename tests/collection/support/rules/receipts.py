"""Receipts and bills in memory, for tests of the rules that allocate them."""

from datetime import date
from uuid import UUID

from services.collection.allocation.domain.allocation import Bill, BillLine
from services.collection.allocation.domain.receipt import (
    Channel,
    IncomingPayment,
    Payer,
    Receipt,
    new_receipt,
)

DAY = date(2021, 7, 20)
PAYER = Payer(7, "91120101MA05K0TH17", "heping")


def bill(amounts_fen: list[int], *, period: str = "2021-07", number: int = 1) -> Bill:
    funds = ["pension", "medical", "unemployment", "work_injury"]
    lines = tuple(
        BillLine(line_no=i, fund=funds[i % 4], account="pooled", amount_fen=amount_fen)
        for i, amount_fen in enumerate(amounts_fen)
    )
    return Bill(
        unit_id=7,
        id=UUID(int=number),
        declaration_id=UUID(int=100 + number),
        credit_code=PAYER.credit_code,
        district="heping",
        period=period,
        issued_on=date(2021, 7, 1),
        lines=lines,
        line_settled_fen=(0,) * len(lines),
    )


def receipt(
    serial: str, amount_fen: int, period: str = "2021-07", payer: Payer | None = PAYER
) -> Receipt:
    incoming = IncomingPayment(
        serial=serial,
        credit_code=PAYER.credit_code,
        period=period,
        amount_fen=amount_fen,
        paid_on=DAY,
    )
    return new_receipt(
        incoming, source="tax_bureau", channel=Channel.TAX, paper="p", payer=payer, book_date=DAY
    )
