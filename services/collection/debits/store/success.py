"""SQL of the success of direct debits, and of the lines behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.debits.domain.success import DebitSuccess, SuccessBy
from shared.page import read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitedLine:
    """A line of any batch, as the report of success counts it."""

    unit_id: int
    batch_id: UUID
    line_no: int
    bank: str
    debit_date: date
    credit_code: str
    name: str
    period: str
    amount_fen: int
    status: str
    reason_class: str | None
    reason_code: str | None
    reason: str | None


_KEYS: Final = {
    SuccessBy.BANK: "batch.bank",
    SuccessBy.UNIT: "line.credit_code",
    SuccessBy.REASON: "coalesce(line.reason_class, '') || ':' || coalesce(line.reason_code, '')",
}


async def report(
    tx: AsyncConnection,
    by: SuccessBy,
    *,
    first: date,
    last: date,
    bank: str | None,
    after: str,
    limit: int,
) -> Sequence[DebitSuccess]:
    """Count the lines of batches of some days by bank, unit or reason, in the order of keys."""
    key = _KEYS[by]
    rows = await tx.execute(
        text(f"""
            SELECT {key} AS key, count(*) AS lines,
                   CAST(sum(line.amount_fen) AS bigint) AS total_fen,
                   count(*) FILTER (WHERE line.status = 'settled') AS settled_lines,
                   CAST(coalesce(sum(line.amount_fen - line.returned_fen)
                                 FILTER (WHERE line.status = 'settled'), 0) AS bigint)
                        AS settled_fen,
                   count(*) FILTER (WHERE line.status = 'refused') AS refused_lines,
                   count(*) FILTER (WHERE line.status = 'returned') AS returned_lines,
                   count(*) FILTER (WHERE line.status IN ('waiting', 'unknown')) AS open_lines
              FROM debit_batch AS batch
              JOIN debit_line AS line ON line.batch_id = batch.id
             WHERE batch.debit_date BETWEEN :first AND :last
               AND (CAST(:bank AS text) IS NULL OR batch.bank = :bank)
               AND {key} > :after
             GROUP BY 1
             ORDER BY 1
             LIMIT :limit
        """),
        {"first": first, "last": last, "bank": bank, "after": after, "limit": limit},
    )
    return [DebitSuccess(**row._mapping) for row in rows]


async def line_page(  # noqa: PLR0913 - the filters of a list
    tx: AsyncConnection,
    *,
    first: date,
    last: date,
    bank: str | None,
    credit_code: str | None,
    status: str | None,
    reason_class: str | None,
    after: tuple[int, UUID, int],
    limit: int,
) -> Sequence[DebitedLine]:
    """Read lines of batches of some days, in the order of their units."""
    return await read_page(
        tx,
        """SELECT unit_id, batch_id, line_no, bank, debit_date, credit_code, name, period,
                  amount_fen, status, reason_class, reason_code, reason
             FROM (SELECT line.unit_id, line.batch_id, line.line_no, batch.bank, batch.debit_date,
                          line.credit_code, line.name, line.period, line.amount_fen, line.status,
                          line.reason_class, line.reason_code, line.reason
                     FROM debit_line AS line
                     JOIN debit_batch AS batch ON batch.id = line.batch_id
                    WHERE batch.debit_date BETWEEN :first AND :last) AS debited""",
        key=("unit_id", "batch_id", "line_no"),
        after=after,
        limit=limit,
        row=DebitedLine,
        equal={
            "bank": bank,
            "credit_code": credit_code,
            "status": status,
            "reason_class": reason_class,
        },
        parameters={"first": first, "last": last},
    )
