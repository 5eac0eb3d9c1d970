"""SQL of debit batches and their lines.

A batch's own row is small and shared. Its lines are stored with their units, so that the database
can enforce that no bill is debited twice at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.debits.domain.debit import (
    DebitLine,
    DebitReasonClass,
    DebitReturn,
    DebitStatus,
)
from shared.db import raw
from shared.ids import Ref
from shared.page import read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitBatch:
    """A debit batch with its control totals and the settled and refused totals so far."""

    id: UUID
    period: str
    debit_date: date
    status: str
    bank: str
    file_no: str
    excluded_lines: int
    lines: int
    total_fen: int
    settled_lines: int
    settled_fen: int
    refused_lines: int
    refused_fen: int
    returned_lines: int
    returned_fen: int
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitLineRow:
    """A line of a batch as the list of lines shows it. `bank` is the account to debit."""

    line_no: int
    credit_code: str
    name: str
    bank: Mapping[str, Any]
    amount_fen: int
    returned_fen: int
    status: str
    reason_code: str | None
    reason: str | None
    reason_class: str | None


_BATCH = """id, period, debit_date, status, bank, file_no, excluded_lines, lines, total_fen, settled_lines, settled_fen,
            refused_lines, refused_fen, returned_lines, returned_fen, created_by, created_at"""


async def totals(tx: AsyncConnection, batch_id: UUID) -> tuple[int, int]:
    """Count and sum the lines of a batch."""
    row = (
        await tx.execute(
            text("""
                SELECT count(*) AS lines,
                       CAST(coalesce(sum(amount_fen), 0) AS bigint) AS total_fen
                  FROM debit_line
                 WHERE batch_id = :batch_id
            """),
            {"batch_id": batch_id},
        )
    ).one()
    return row.lines, row.total_fen


async def without_account(tx: AsyncConnection, *, period: str, on: date) -> int:
    """Count the open bills of a period that cannot be debited because the unit gave no account."""
    found = await tx.scalar(
        text("""
            SELECT count(*)
              FROM bill
              JOIN unit ON unit.unit_id = bill.unit_id
             WHERE bill.period = :period
               AND bill.status IN ('open', 'part')
               AND bill.collector = 'bank_debit'
               AND bill.issued_on <= :debit_date
               AND jsonb_typeof(unit.bank) IS DISTINCT FROM 'object'
        """),
        {"period": period, "debit_date": on},
    )
    return int(found or 0)


async def insert_batch(
    tx: AsyncConnection, batch: Mapping[str, Any], *, totals: tuple[int, int], by: str
) -> DebitBatch:
    """Write the row of a batch.

    Args:
        batch: its id, period, debit_date, bank, file_no and excluded_lines.
        totals: number and sum of its lines.
    """
    row = await tx.execute(
        text(f"""
            INSERT INTO debit_batch (id, period, debit_date, status, bank, file_no, excluded_lines,
                                     lines, total_fen, created_by)
            VALUES (:id, :period, :debit_date, 'created', :bank, :file_no, :excluded_lines,
                    :lines, :total_fen, :by)
            RETURNING {_BATCH}
        """),
        {**batch, "lines": totals[0], "total_fen": totals[1], "by": by},
    )
    return DebitBatch(**row.one()._mapping)


async def ids_of_files(tx: AsyncConnection, numbers: Sequence[str], bank: str) -> dict[str, UUID]:
    """Find the batches of some file numbers that went to a bank."""
    rows = await tx.execute(
        text("""
            SELECT file_no, id
              FROM debit_batch
             WHERE file_no = ANY(CAST(:numbers AS text[])) AND bank = :bank
             LIMIT 10000
        """),
        {"numbers": numbers, "bank": bank},
    )
    return {row.file_no: row.id for row in rows}


async def load(tx: AsyncConnection, batch_id: UUID, *, lock: bool = False) -> DebitBatch | None:
    """Read one batch. With `lock`, lock it, so that its result files are applied in turn."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_BATCH}
                  FROM debit_batch
                 WHERE id = :id
                {"FOR UPDATE" if lock else ""}
            """),
            {"id": batch_id},
        )
    ).one_or_none()
    return DebitBatch(**row._mapping) if row else None


async def page(
    tx: AsyncConnection,
    *,
    status: str | None,
    period: str | None,
    after: UUID | None,
    limit: int,
) -> list[DebitBatch]:
    """Read debit batches in the order in which they were made."""
    return await read_page(
        tx,
        f"SELECT {_BATCH} FROM debit_batch",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=DebitBatch,
        equal={"status": status, "period": period},
    )


async def count_answers(
    tx: AsyncConnection, batch_id: UUID, changes: Sequence[tuple[DebitLine, DebitLine]]
) -> None:
    """Count lines of a batch as they are now, and no more as they were. The last result closes it.

    Args:
        changes: lines before and after.
    """
    counts = dict.fromkeys((*_COUNTED, "returned_fen"), 0)
    for before, after in changes:
        for sign, line in ((-1, before), (1, after)):
            counts["returned_fen"] += sign * line.returned_fen
            for status in ("settled", "refused", "returned"):
                if line.status.value == status:
                    counts[f"{status}_lines"] += sign
                    if status != "returned":
                        counts[f"{status}_fen"] += sign * (line.amount_fen - line.returned_fen)
    final = "settled_lines + refused_lines + returned_lines + :settled_lines + :refused_lines + :returned_lines"
    await tx.execute(
        text(f"""
            UPDATE debit_batch
               SET {", ".join(f"{name} = {name} + :{name}" for name in counts)},
                   status = CASE WHEN {final} = lines THEN 'closed' ELSE status END,
                   closed_at = coalesce(closed_at, CASE WHEN {final} = lines THEN instant.now END)
              FROM (SELECT now() AS now) AS instant
             WHERE id = :id
        """),
        {"id": batch_id, **counts},
    )


async def line_page(
    tx: AsyncConnection, batch_id: UUID, *, after: int | None, limit: int
) -> list[DebitLineRow]:
    """Read a batch's lines by number, over the units with which they are stored."""
    return await read_page(
        tx,
        """SELECT line_no, credit_code, name, bank, amount_fen, returned_fen, status, reason_code, reason,
                  reason_class
             FROM debit_line""",
        key=("line_no",),
        after=None if after is None else (after,),
        limit=limit,
        row=DebitLineRow,
        equal={"batch_id": batch_id},
    )


_LINES = """
    WITH answered AS MATERIALIZED (
         SELECT line.line_no, line.unit_id, line.bill_id, line.credit_code, line.period,
                line.amount_fen, line.status, line.serial, line.value_date, line.reason_code,
                line.reason, line.reason_class, payment.receipt_key, payment.receipt_id
           FROM {wanted}
           LEFT JOIN payment ON payment.unit_id = line.unit_id AND payment.bill_id = line.bill_id
                            AND payment.serial = line.serial AND payment.kind = 'receipt'
                            AND line.status IN ('settled', 'returned')),
    returned AS MATERIALIZED (
         SELECT back.receipt_key, back.receipt_id, array_agg(back.on_day ORDER BY back.id) AS days,
                array_agg(back.amount_fen ORDER BY back.id) AS amounts
           FROM (SELECT DISTINCT receipt_key, receipt_id FROM answered) AS paid
           JOIN receipt_change AS back
             ON back.receipt_key = paid.receipt_key AND back.receipt_id = paid.receipt_id
            AND back.kind = 'return' AND back.status = 'approved'
          GROUP BY back.receipt_key, back.receipt_id)
    SELECT answered.*, returned.days, returned.amounts
      FROM answered
      LEFT JOIN returned ON returned.receipt_key = answered.receipt_key
                        AND returned.receipt_id = answered.receipt_id
"""


async def lines_of(tx: AsyncConnection, batch_id: UUID, line_nos: Sequence[int]) -> list[DebitLine]:
    """Read the lines of a batch by number; a result file is a bulk job over many units."""
    wanted = """unnest($1::integer[]) AS asked (line_no)
      JOIN debit_line AS line ON line.batch_id = $2 AND line.line_no = asked.line_no"""
    driver = await raw(tx)
    rows = await driver.fetch(_LINES.format(wanted=wanted), sorted(set(line_nos)), batch_id)
    return [_line(dict(row)) for row in rows]


async def line_of_receipt(
    tx: AsyncConnection, batch_id: UUID, unit_id: int, serial: str
) -> DebitLine | None:
    """Read the line of a batch that a receipt was debited for."""
    wanted = """(SELECT * FROM debit_line
             WHERE unit_id = $1 AND batch_id = $2 AND serial = $3
               AND status IN ('settled', 'returned')) AS line"""
    driver = await raw(tx)
    row = await driver.fetchrow(_LINES.format(wanted=wanted), unit_id, batch_id, serial)
    return _line(dict(row)) if row else None


def _line(given: dict[str, Any]) -> DebitLine:
    reason_class = given["reason_class"]
    given["status"] = DebitStatus(given["status"])
    given["reason_class"] = DebitReasonClass(reason_class) if reason_class else None
    key, receipt_id = given.pop("receipt_key"), given.pop("receipt_id")
    given["receipt"] = Ref(key, receipt_id) if receipt_id else None
    days, amounts = given.pop("days") or (), given.pop("amounts") or ()
    given["returns"] = tuple(map(DebitReturn, days, amounts))
    return DebitLine(**given)


_COUNTED = ("settled_lines", "settled_fen", "refused_lines", "refused_fen", "returned_lines")

_SAVE = """
    UPDATE debit_line
       SET status = batch.status, serial = batch.serial, value_date = batch.value_date,
           reason_code = batch.reason_code, reason = batch.reason,
           reason_class = batch.reason_class, returned_fen = batch.returned_fen, heard_at = now()
      FROM unnest($2::bigint[], $3::integer[], $4::text[], $5::text[], $6::date[], $7::text[],
                  $8::text[], $9::text[], $10::bigint[])
        AS batch (unit_id, line_no, status, serial, value_date, reason_code, reason, reason_class,
                  returned_fen)
     WHERE debit_line.unit_id = batch.unit_id
       AND debit_line.batch_id = $1
       AND debit_line.line_no = batch.line_no
"""


async def save_lines(tx: AsyncConnection, batch_id: UUID, lines: Sequence[DebitLine]) -> None:
    """Write the results of lines."""
    if not lines:
        return
    rows = [
        (
            line.unit_id,
            line.line_no,
            line.status.value,
            line.serial,
            line.value_date,
            line.reason_code,
            line.reason,
            line.reason_class.value if line.reason_class else None,
            line.returned_fen,
        )
        for line in lines
    ]
    driver = await raw(tx)
    await driver.execute(_SAVE, batch_id, *map(list, zip(*rows, strict=True)))


async def reasons(tx: AsyncConnection) -> dict[str, DebitReasonClass]:
    """Read the class of each raw reason code."""
    rows = await tx.execute(text("SELECT code, class FROM debit_reason LIMIT 10000"))
    return {row.code: DebitReasonClass(row[1]) for row in rows}
