"""SQL that chooses the bills of a batch: each open bill is a line, or is left out for a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.debits.domain.bank_profile import CITY_BANK
from services.collection.debits.domain.retry import RetryBound
from shared.db import lock_rows
from shared.page import read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitExclusion:
    """An open bill that is not in a batch, and the reason."""

    unit_id: int
    bill_id: UUID
    credit_code: str
    name: str
    amount_fen: int
    reason: str


_OPEN = """period = :period AND status IN ('open', 'part') AND collector = 'bank_debit'
       AND issued_on <= :debit_date AND total_fen > settled_fen"""

# What deferrals (缓缴) in force on the debit day leave for later. It is no debt of that day.
_DEFERRED = """
    SELECT unit_id, bill_id, CAST(sum(open_fen) AS bigint) AS fen
      FROM (SELECT DISTINCT line.unit_id, line.bill_id, line.line_no,
                   line.amount_fen - line.settled_fen AS open_fen
              FROM unnest(CAST(:units AS bigint[]), CAST(:bills AS uuid[])) AS held (unit_id, id)
              JOIN bill
                ON bill.unit_id = held.unit_id AND bill.id = held.id AND bill.kind <> 'charge'
              JOIN bill_line AS line
                ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
              JOIN agreement AS deferral
                ON deferral.unit_id = bill.unit_id
               AND deferral.kind = 'deferral'
               AND deferral.status IN ('approved', 'ended')
               AND line.insurance = ANY(deferral.insurances)
               AND bill.period BETWEEN deferral.period_from AND deferral.period_to
               AND :debit_date >= deferral.from_day
               AND :debit_date <= least(deferral.to_day, deferral.ended_on)) AS part
     GROUP BY unit_id, bill_id
"""

# The latest agreement that was valid by the debit day, or else the first to come.
_AGREEMENT = """
    SELECT agreement.id, agreement.bank_code, agreement.bank, agreement.limit_fen,
           agreement.valid_from > :debit_date AS early,
           agreement.valid_to < :debit_date AS expired,
           agreement.ends_on <= :debit_date AS ended
      FROM debit_agreement AS agreement
     WHERE agreement.unit_id = unit.unit_id
       AND agreement.status IN ('approved', 'cancelling', 'cancelled', 'replaced')
     ORDER BY agreement.valid_from > :debit_date, agreement.valid_from DESC, agreement.id DESC
     LIMIT 1
"""

# Refusals under the present agreement; a return came after a settlement and counts as none.
_REFUSALS = """
    SELECT count(*) AS refusals, max(line.value_date) AS refused_on,
           (array_agg(coalesce(line.reason_class, '') ORDER BY line.value_date DESC,
                      line.batch_id DESC))[1] AS reason_class
      FROM debit_line AS line
     WHERE line.unit_id = unit.unit_id
       AND line.bill_id = due.id
       AND line.status = 'refused'
       AND line.agreement_id IS NOT DISTINCT FROM agreement.id
"""

_JUDGED = f"""
    SELECT due.*, unit.name, agreement.id AS agreement_id, agreement.bank,
           CASE WHEN due.open_fen = 0 THEN 'deferred'
                WHEN agreement.id IS NULL THEN 'no_agreement'
                WHEN agreement.early THEN 'agreement_not_yet_valid'
                WHEN agreement.ended THEN 'agreement_ended'
                WHEN agreement.expired THEN 'agreement_expired'
                WHEN agreement.limit_fen < due.open_fen THEN 'above_limit'
                WHEN earlier.refusals > bound.retries THEN 'retries_used'
                WHEN earlier.refused_on > bound.refused_until THEN 'retry_not_due'
           END AS reason
      FROM due
      JOIN unit ON unit.unit_id = due.unit_id
      LEFT JOIN LATERAL ({_AGREEMENT}) AS agreement ON true
     CROSS JOIN LATERAL ({_REFUSALS}) AS earlier
      LEFT JOIN unnest(CAST(:classes AS text[]), CAST(:retries AS integer[]),
                       CAST(:refused_until AS date[]))
                AS bound (reason_class, retries, refused_until)
             ON bound.reason_class = earlier.reason_class
     WHERE coalesce(agreement.bank_code, :city) = :bank
       AND NOT EXISTS (
               SELECT 1
                 FROM debit_line AS live
                WHERE live.unit_id = unit.unit_id
                  AND live.bill_id = due.id
                  AND live.status IN ('waiting', 'unknown'))
"""


async def add_lines(
    tx: AsyncConnection,
    batch_id: UUID,
    *,
    period: str,
    on: date,
    bank: str,
    bounds: Sequence[RetryBound],
) -> None:
    """Put every open bill of a period that a bank may debit into a batch, unless it is in another.

    Of a bill with deferred insurances, the others alone are debited.
    Bills of a concurrent batch are waited for and left to it, which may leave gaps in the numbers.
    The bills are locked: a change of a bill comes before, and its amount is read afterwards, or
    comes after and finds the debit under way. Bills that may not be debited are kept with reasons.
    """
    held = await _hold_open(tx, period, on)
    await tx.execute(
        text(f"""
            WITH deferred AS MATERIALIZED ({_DEFERRED}), due AS MATERIALIZED (
                 SELECT bill.unit_id, bill.id, bill.district, bill.credit_code, bill.period,
                        bill.total_fen - bill.settled_fen AS whole_fen,
                        bill.total_fen - bill.settled_fen - coalesce(deferred.fen, 0) AS open_fen
                   FROM unnest(CAST(:units AS bigint[]), CAST(:bills AS uuid[]))
                     AS held (unit_id, id)
                   JOIN bill
                     ON bill.unit_id = held.unit_id AND bill.id = held.id
                   LEFT JOIN deferred
                     ON deferred.unit_id = bill.unit_id AND deferred.bill_id = bill.id),
                 judged AS MATERIALIZED ({_JUDGED}),
                 excluded AS (
            INSERT INTO debit_exclusion (unit_id, batch_id, bill_id, credit_code, name, amount_fen,
                                         reason)
            SELECT unit_id, CAST(:batch_id AS uuid), id, credit_code, name, whole_fen, reason
              FROM judged
             WHERE reason IS NOT NULL)
            INSERT INTO debit_line (unit_id, batch_id, line_no, bill_id, credit_code, period, name,
                                    bank, amount_fen, agreement_id)
            SELECT unit_id, CAST(:batch_id AS uuid),
                   row_number() OVER (ORDER BY district, credit_code, id),
                   id, credit_code, period, name, bank, open_fen, agreement_id
              FROM judged
             WHERE reason IS NULL
             ORDER BY district, credit_code, id
             LIMIT (SELECT lines_max FROM bank_profile WHERE code = :bank)
            ON CONFLICT (unit_id, bill_id) WHERE status IN ('waiting', 'unknown') DO NOTHING
        """),
        {
            "units": [unit_id for unit_id, _ in held],
            "bills": [bill_id for _, bill_id in held],
            "batch_id": batch_id,
            "debit_date": on,
            "bank": bank,
            "city": CITY_BANK,
            "classes": [one.reason_class for one in bounds],
            "retries": [one.retries for one in bounds],
            "refused_until": [one.refused_until for one in bounds],
        },
    )


async def _hold_open(tx: AsyncConnection, period: str, on: date) -> list[tuple[int, UUID]]:
    """Lock the open bills of a period that a bank may debit; return (unit, bill)."""
    values = {"period": period, "debit_date": on}
    units = await tx.scalars(text(f"SELECT DISTINCT unit_id FROM bill WHERE {_OPEN}"), values)
    rows = await lock_rows(
        tx,
        f"""
        SELECT unit_id, id
          FROM bill
         WHERE unit_id = ANY(CAST(:keys AS bigint[])) AND {_OPEN}
         ORDER BY unit_id, id
           FOR SHARE
        """,
        units,
        values,
    )
    return [(row.unit_id, row.id) for row in rows]


async def excluded(tx: AsyncConnection, batch_id: UUID) -> dict[str, int]:
    """Count the bills left out of a batch by reason."""
    rows = await tx.execute(
        text("""
            SELECT reason, count(*) AS bills
              FROM debit_exclusion
             WHERE batch_id = :batch_id
             GROUP BY reason
             LIMIT 100
        """),
        {"batch_id": batch_id},
    )
    return {row.reason: row.bills for row in rows}


async def exclusion_page(
    tx: AsyncConnection, batch_id: UUID, *, after: tuple[int, UUID], limit: int
) -> Sequence[DebitExclusion]:
    """Read the bills left out of a batch, in the order of their units."""
    return await read_page(
        tx,
        "SELECT unit_id, bill_id, credit_code, name, amount_fen, reason FROM debit_exclusion",
        key=("unit_id", "bill_id"),
        after=after,
        limit=limit,
        row=DebitExclusion,
        equal={"batch_id": batch_id},
    )
