"""SQL of the reports that join what was declared, billed, received and left open, over all keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Periods from … to (inclusive, YYYY-MM) of one district, or of all."""

    period_from: str
    period_to: str
    district: str | None

    def values(self) -> dict[str, Any]:
        """As parameters."""
        return {
            "period_from": self.period_from,
            "period_to": self.period_to,
            "district": self.district,
        }


_IN_RANGE = """{0}.period BETWEEN :period_from AND :period_to
               AND (CAST(:district AS text) IS NULL OR {0}.district = :district)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Of one insurance in one fund, in fen. `declared_fen` is signed: restated months add up."""

    insurance: str
    fund: str
    declared_fen: int = 0
    billed_fen: int = 0
    collected_fen: int = 0
    credits_fen: int = 0
    refunded_fen: int = 0


_STANDS = "status NOT IN ('returned', 'superseded', 'withdrawn')"


async def declared(tx: AsyncConnection, asked: Range) -> list[Amounts]:
    """What living declarations levy, per insurance and fund."""
    rows = await tx.execute(
        text(f"""
            SELECT line.insurance, line.fund, CAST(sum(line.amount_fen) AS bigint) AS declared_fen
              FROM declaration
              JOIN declaration_line AS line
                ON line.unit_id = declaration.unit_id
               AND line.declaration_id = declaration.id
               AND line.round = declaration.round
             WHERE {_IN_RANGE.format("declaration")}
               AND declaration.{_STANDS}
             GROUP BY line.insurance, line.fund
             ORDER BY line.insurance, line.fund
        """),
        asked.values(),
    )
    return [Amounts(**row._mapping) for row in rows]


async def billed(tx: AsyncConnection, asked: Range, *, charges: bool = False) -> list[Amounts]:
    """What bills ask for and what of it has been settled, per insurance and fund: contributions,
    or the late fees and interest of charge bills."""
    rows = await tx.execute(
        text(f"""
            SELECT line.insurance, line.fund,
                   CAST(sum(line.amount_fen) AS bigint) AS billed_fen,
                   CAST(sum(line.settled_fen) AS bigint) AS collected_fen
              FROM bill
              JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
             WHERE {_IN_RANGE.format("bill")}
               AND (bill.kind = 'charge') = CAST(:charges AS boolean)
             GROUP BY line.insurance, line.fund
             ORDER BY line.insurance, line.fund
        """),
        asked.values() | {"charges": charges},
    )
    return [Amounts(**row._mapping) for row in rows]


async def credits(tx: AsyncConnection, asked: Range) -> list[Amounts]:
    """What stands of the credits of these periods, and what of them was given back in money."""
    rows = await tx.execute(
        text(f"""
            SELECT credit.insurance, credit.fund,
                   CAST(sum(credit.amount_fen - credit.used_fen) AS bigint) AS credits_fen,
                   CAST(coalesce(sum(paid.fen), 0) AS bigint) AS refunded_fen
              FROM credit
              LEFT JOIN LATERAL (
                   SELECT sum(line.amount_fen) AS fen
                     FROM credit_refund_line AS line
                     JOIN credit_refund AS refund
                       ON refund.unit_id = line.unit_id AND refund.id = line.refund_id
                    WHERE line.unit_id = credit.unit_id AND line.credit_id = credit.id
                      AND refund.status = 'approved') AS paid ON true
             WHERE {_IN_RANGE.format("credit")}
             GROUP BY credit.insurance, credit.fund
             ORDER BY credit.insurance, credit.fund
        """),
        asked.values(),
    )
    return [Amounts(**row._mapping) for row in rows]


async def counts(tx: AsyncConnection, asked: Range) -> dict[str, int]:
    """units, people (counted once a period, as last restated), bills, open_bills."""
    row = (
        await tx.execute(
            text(f"""
                WITH declarations AS (
                    SELECT count(DISTINCT unit_id) AS units, coalesce(sum(people), 0) AS people
                      FROM declaration
                     WHERE {_IN_RANGE.format("declaration")}
                       AND declaration.{_STANDS}
                       AND NOT EXISTS (
                           SELECT 1
                             FROM declaration AS later
                            WHERE later.unit_id = declaration.unit_id
                              AND later.corrects = declaration.id
                              AND later.{_STANDS})),
                bills AS (
                    SELECT count(*) AS bills,
                           count(*) FILTER (WHERE status <> 'settled') AS open_bills
                      FROM bill
                     WHERE {_IN_RANGE.format("bill")} AND bill.kind <> 'charge')
                SELECT units, CAST(people AS bigint) AS people, bills, open_bills
                  FROM declarations
                 CROSS JOIN bills
            """),
            asked.values(),
        )
    ).one()
    return dict(row._mapping)


async def received(tx: AsyncConnection, asked: Range) -> dict[str, int]:
    """Channel → fen received; and under "suspended" what of it all is in suspense now."""
    rows = await tx.execute(
        text(f"""
            SELECT receipt.channel, CAST(sum(receipt.amount_fen) AS bigint) AS amount_fen,
                   CAST(coalesce(sum(suspense.amount_fen - suspense.matched_fen), 0) AS bigint)
                       AS suspended_fen
              FROM receipt
              LEFT JOIN suspense ON suspense.receipt_key = receipt.receipt_key
                                AND suspense.receipt_id = receipt.id
             WHERE {_IN_RANGE.format("receipt")}
             GROUP BY receipt.channel
        """),
        asked.values(),
    )
    found = {"suspended": 0}
    for row in rows:
        found[row.channel] = row.amount_fen
        found["suspended"] += row.suspended_fen
    return found
