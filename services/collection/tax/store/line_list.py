"""SQL of the list of lines of tickets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.page import read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxLineRow:
    """A line of a ticket as it was reported, and the receipt that its money made."""

    line_key: int
    authority: str
    ticket: str
    line_no: int
    push_no: str
    origin: str
    levy_item: str
    insurance: str
    party: str
    period: str
    payer: str
    district: str
    amount_fen: int
    paid_on: date
    receipt_id: UUID | None
    refund_ticket: str | None
    refund_line: int | None
    reason: str


async def page(
    tx: AsyncConnection,
    *,
    ticket: str | None,
    payer: str | None,
    period: str | None,
    origin: str | None,
    district: str | None,
    after: tuple[int, str, str, int] | None,
    limit: int,
) -> list[TaxLineRow]:
    """Read lines over all tickets, in the order of their keys."""
    return await read_page(
        tx,
        """SELECT line_key, authority, ticket, line_no, push_no, origin, levy_item, insurance, party,
                  period, payer, district, amount_fen, paid_on, receipt_id, refund_ticket,
                  refund_line, reason FROM tax_line""",
        key=("line_key", "authority", "ticket", "CAST(line_no AS bigint)"),
        after=after,
        limit=limit,
        row=TaxLineRow,
        equal={
            "ticket": ticket,
            "payer": payer,
            "period": period,
            "origin": origin,
            "district": district,
        },
    )
