"""SQL of the lines of tickets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import Payer, Receipt
from services.collection.tax.domain.intake import KnownLines
from services.collection.tax.domain.line import LevyItems, TaxLine, line_key, part_of
from shared.db import raw
from shared.ids import key_of
from shared.roles import CENTRE

_COLUMNS: Final = (
    "line_key",
    "authority",
    "ticket",
    "line_no",
    "body_hash",
    "push_no",
    "origin",
    "levy_item",
    "insurance",
    "party",
    "period",
    "payer",
    "person_id",
    "unit_id",
    "district",
    "amount_fen",
    "paid_on",
    "receipt_id",
    "refund_ticket",
    "refund_line",
    "reason",
)


async def lock_authority(tx: AsyncConnection, authority: str) -> None:
    """Let the pushes of one authority take turns: a line is new for one of them only."""
    await tx.execute(
        text("""
            INSERT INTO tax_authority (authority_key, authority)
            VALUES (:key, :authority)
            ON CONFLICT (authority_key, authority) DO UPDATE SET authority = excluded.authority
        """),
        {"key": key_of("tax_authority", authority), "authority": authority},
    )


async def known(tx: AsyncConnection, authority: str, lines: Sequence[TaxLine]) -> KnownLines:
    """Read which lines of these tickets were taken before."""
    tickets = sorted({line.ticket for line in lines})
    driver = await raw(tx)
    rows = await driver.fetch(
        """
        SELECT line.ticket, line.line_no, line.body_hash
          FROM unnest($1::bigint[], $2::text[]) AS asked (line_key, ticket)
          JOIN tax_line AS line ON line.line_key = asked.line_key AND line.authority = $3
                               AND line.ticket = asked.ticket
        """,
        [line_key(authority, ticket) for ticket in tickets],
        tickets,
        authority,
    )
    return {(ticket, line_no): body_hash for ticket, line_no, body_hash in rows}


async def insert(
    tx: AsyncConnection,
    lines: Sequence[TaxLine],
    receipts: Mapping[tuple[str, int], Receipt],
    payers: Mapping[tuple[str, int], Payer],
    items: LevyItems,
    *,
    authority: str,
    push_no: str,
) -> None:
    """Write lines by COPY, each with the receipt that its money made; a refund has a payer only."""
    rows = []
    for line in lines:
        part, receipt = part_of(line, items), receipts.get(line.key)
        payer = receipt.payer if receipt else payers.get(line.key)
        rows.append(
            (
                line_key(authority, line.ticket),
                authority,
                line.ticket,
                line.line_no,
                line.body_hash,
                push_no,
                line.origin.value,
                line.levy_item,
                part.insurance,
                part.party,
                line.period,
                line.payer,
                line.person_id,
                payer.unit_id if payer else None,
                payer.district if payer else CENTRE,
                line.amount_fen,
                line.paid_on,
                receipt.id if receipt else None,
                line.refund.ticket if line.refund else None,
                line.refund.line_no if line.refund else None,
                line.refund.reason if line.refund else "",
            )
        )
    if rows:
        driver = await raw(tx)
        await driver.copy_records_to_table("tax_line", records=rows, columns=_COLUMNS)


async def payers_of_people(tx: AsyncConnection, people: Sequence[int]) -> dict[int, Payer]:
    """Find the unit of flexible workers (灵活就业) that each person is enrolled at, where there is one."""
    if not people:
        return {}
    rows = await tx.execute(
        text("""
            SELECT enrolment.person_id, min(unit.unit_id) AS unit_id,
                   min(unit.credit_code) AS credit_code, min(unit.district) AS district
              FROM (SELECT unit_id, person_id
                      FROM person_unit
                     WHERE person_id = ANY(CAST(:people AS bigint[]))) AS known
              JOIN enrolment ON enrolment.unit_id = known.unit_id
                            AND enrolment.person_id = known.person_id
                            AND enrolment.left_on IS NULL
              JOIN unit ON unit.unit_id = enrolment.unit_id AND unit.kind = 'flexible'
             GROUP BY enrolment.person_id
            HAVING count(*) = 1
        """),
        {"people": sorted(set(people))},
    )
    return {row.person_id: Payer(row.unit_id, row.credit_code, row.district) for row in rows}


async def hold(tx: AsyncConnection, reasons: Sequence[tuple[int, UUID, str, str, str]]) -> None:
    """Write down why money of receipts is in suspense, and which district looks at it."""
    if reasons:
        driver = await raw(tx)
        await driver.copy_records_to_table(
            "tax_hold",
            records=reasons,
            columns=("receipt_key", "receipt_id", "reason", "owner", "period"),
        )
