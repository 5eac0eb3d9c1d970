"""SQL of the treasury's entries, and of money in transit by ticket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.tax.domain.line import line_key
from services.collection.tax.domain.treasury import TreasuryEntry, TreasuryList
from shared.db import raw
from shared.page import read_page


async def known(
    tx: AsyncConnection, treasury: str, entries: Sequence[TreasuryEntry]
) -> dict[tuple[str, str, str, str], int]:
    """Read the amounts of entries of these tickets that were taken before."""
    tickets = sorted({(entry.authority, entry.ticket) for entry in entries})
    driver = await raw(tx)
    rows = await driver.fetch(
        """
        SELECT entry.entry_no, entry.step, entry.authority, entry.ticket, entry.amount_fen
          FROM unnest($1::bigint[], $2::text[], $3::text[]) AS asked (line_key, authority, ticket)
          JOIN treasury_entry AS entry
            ON entry.line_key = asked.line_key AND entry.authority = asked.authority
           AND entry.ticket = asked.ticket AND entry.treasury = $4
        """,
        [line_key(*ticket) for ticket in tickets],
        [authority for authority, _ in tickets],
        [ticket for _, ticket in tickets],
        treasury,
    )
    return {tuple(row)[:4]: row[4] for row in rows}


async def insert(
    tx: AsyncConnection, given: TreasuryList, entries: Sequence[TreasuryEntry]
) -> None:
    """Write new entries by COPY."""
    rows = [
        (
            line_key(entry.authority, entry.ticket),
            entry.authority,
            entry.ticket,
            given.treasury,
            entry.entry_no,
            entry.step.value,
            entry.amount_fen,
            given.day,
            given.list_no,
        )
        for entry in entries
    ]
    if rows:
        driver = await raw(tx)
        await driver.copy_records_to_table(
            "treasury_entry",
            records=rows,
            columns=(
                *("line_key", "authority", "ticket", "treasury", "entry_no", "step"),
                *("amount_fen", "on_day", "list_no"),
            ),
        )


# Sums of each ticket up to a day. `paid_fen` is what the tax bureau reported, less what it gave back
# under the ticket of its refund.
_TICKETS: Final = """
    WITH paid AS (
         SELECT line_key, authority, ticket, min(paid_on) AS paid_on,
                CAST(sum(amount_fen) AS bigint) AS fen
           FROM tax_line
          WHERE paid_on <= :as_of
          GROUP BY line_key, authority, ticket),
    entered AS (
         SELECT line_key, authority, ticket, max(on_day) AS on_day,
                CAST(coalesce(sum(amount_fen) FILTER (WHERE step = 'received'), 0) AS bigint)
                    AS received_fen,
                CAST(coalesce(sum(amount_fen) FILTER (WHERE step = 'transferred'), 0) AS bigint)
                    AS transferred_fen
           FROM treasury_entry
          WHERE on_day <= :as_of
          GROUP BY line_key, authority, ticket),
    ticket AS (
         SELECT coalesce(paid.authority, entered.authority) AS authority,
                coalesce(paid.ticket, entered.ticket) AS ticket, paid.paid_on, entered.on_day,
                coalesce(paid.fen, 0) AS paid_fen,
                coalesce(entered.received_fen, 0) AS received_fen,
                coalesce(entered.transferred_fen, 0) AS transferred_fen
           FROM paid
           FULL JOIN entered ON entered.line_key = paid.line_key
                            AND entered.authority = paid.authority
                            AND entered.ticket = paid.ticket)
"""
_SIGNED: Final = {
    "at_tax": "sign(paid_fen) * (paid_fen - received_fen) > 0",
    "in_treasury": "sign(received_fen) * (received_fen - transferred_fen) > 0",
    "unexplained": "(sign(received_fen) * (received_fen - paid_fen) > 0"
    " OR sign(transferred_fen) * (transferred_fen - received_fen) > 0)",
}
"""The places of the money of a ticket. The sums of a refund are negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketInTransit:
    """A ticket whose money is not where it goes (fen)."""

    authority: str
    ticket: str
    paid_on: date | None
    on_day: date | None
    paid_fen: int
    received_fen: int
    transferred_fen: int


async def page(
    tx: AsyncConnection,
    *,
    stage: str,
    as_of: date,
    after: tuple[str, str] | None,
    limit: int,
) -> list[TicketInTransit]:
    """Read tickets in transit at a stage, as of a day."""
    return await read_page(
        tx,
        f"{_TICKETS} SELECT * FROM ticket",
        key=("authority", "ticket"),
        after=after,
        limit=limit,
        row=TicketInTransit,
        where={_SIGNED[stage]: {}},
        parameters={"as_of": as_of},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitTotals:
    """Sums over all tickets as of a day (fen), and how many are in transit."""

    paid_fen: int
    received_fen: int
    transferred_fen: int
    at_tax: int
    in_treasury: int
    unexplained: int


async def totals(tx: AsyncConnection, as_of: date) -> TransitTotals:
    """Add up all tickets as of a day."""
    counts = ", ".join(
        f"count(*) FILTER (WHERE {condition}) AS {stage}" for stage, condition in _SIGNED.items()
    )
    sums = ", ".join(
        f"CAST(coalesce(sum({name}), 0) AS bigint) AS {name}"
        for name in ("paid_fen", "received_fen", "transferred_fen")
    )
    row = (
        await tx.execute(text(f"{_TICKETS} SELECT {sums}, {counts} FROM ticket"), {"as_of": as_of})
    ).one()
    return TransitTotals(**row._mapping)
