"""SQL of what the tax bureau gives back (退库)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.tax.domain.line import TaxLine, line_key
from shared.db import raw
from shared.page import read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRefund:
    """A refund whose ticket is known: its line, the receipt of it, and what was given back so far."""

    line_key: int
    ticket: str
    line_no: int
    refund_ticket: str
    refund_line: int
    amount_fen: int
    on_day: date
    reason: str
    push_no: str
    receipt_id: UUID
    insurance: str
    party: str
    line_fen: int
    booked_fen: int


async def insert(
    tx: AsyncConnection, lines: Sequence[TaxLine], *, authority: str, push_no: str
) -> None:
    """Write refunds down under the tickets that they give back of."""
    rows = [
        (
            line_key(authority, line.refund.ticket),
            authority,
            line.refund.ticket,
            line.refund.line_no,
            line.ticket,
            line.line_no,
            -line.amount_fen,
            line.paid_on,
            line.refund.reason,
            push_no,
        )
        for line in lines
        if line.refund
    ]
    if rows:
        driver = await raw(tx)
        await driver.copy_records_to_table(
            "tax_refund",
            records=rows,
            columns=(
                *("line_key", "authority", "ticket", "line_no", "refund_ticket", "refund_line"),
                *("amount_fen", "on_day", "reason", "push_no"),
            ),
        )


async def waiting_of(
    tx: AsyncConnection, authority: str, tickets: Sequence[str]
) -> list[WaitingRefund]:
    """Read the refunds of these tickets that wait, and whose line is known by now."""
    rows = await tx.execute(
        text("""
            SELECT refund.line_key, refund.ticket, refund.line_no, refund.refund_ticket,
                   refund.refund_line, refund.amount_fen, refund.on_day, refund.reason,
                   refund.push_no, line.receipt_id, line.insurance, line.party,
                   line.amount_fen AS line_fen,
                   coalesce((SELECT CAST(sum(booked.amount_fen) AS bigint)
                               FROM tax_refund AS booked
                              WHERE booked.line_key = refund.line_key
                                AND booked.authority = refund.authority
                                AND booked.ticket = refund.ticket
                                AND booked.line_no = refund.line_no
                                AND booked.status = 'booked'), 0) AS booked_fen
              FROM unnest(CAST(:keys AS bigint[]), CAST(:tickets AS text[]))
                AS asked (line_key, ticket)
              JOIN tax_refund AS refund
                ON refund.line_key = asked.line_key AND refund.authority = :authority
               AND refund.ticket = asked.ticket AND refund.status = 'ticket_unknown'
              JOIN tax_line AS line
                ON line.line_key = refund.line_key AND line.authority = refund.authority
               AND line.ticket = refund.ticket AND line.line_no = refund.line_no
               AND line.receipt_id IS NOT NULL
             ORDER BY refund.on_day, refund.refund_ticket, refund.refund_line
        """),
        {
            "keys": [line_key(authority, ticket) for ticket in tickets],
            "tickets": list(tickets),
            "authority": authority,
        },
    )
    return [WaitingRefund(**row._mapping) for row in rows]


async def set_status(
    tx: AsyncConnection, refund: WaitingRefund, authority: str, status: str
) -> None:
    """Say what became of a refund."""
    await tx.execute(
        text("""
            UPDATE tax_refund
               SET status = :status
             WHERE line_key = :key AND authority = :authority
               AND refund_ticket = :ticket AND refund_line = :line_no
        """),
        {
            "key": refund.line_key,
            "authority": authority,
            "ticket": refund.refund_ticket,
            "line_no": refund.refund_line,
            "status": status,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRow:
    """A refund as it is listed."""

    authority: str
    ticket: str
    line_no: int
    refund_ticket: str
    refund_line: int
    amount_fen: int
    on_day: date
    reason: str
    status: str
    taken_at: datetime


async def page(
    tx: AsyncConnection,
    *,
    status: str | None,
    after: tuple[str, str, int] | None,
    limit: int,
) -> list[RefundRow]:
    """Read refunds over all tickets, by their own numbers."""
    return await read_page(
        tx,
        """SELECT authority, ticket, line_no, refund_ticket, refund_line, amount_fen, on_day,
                  reason, status, taken_at FROM tax_refund""",
        key=("authority", "refund_ticket", "CAST(refund_line AS bigint)"),
        after=after,
        limit=limit,
        row=RefundRow,
        equal={"status": status},
    )
