"""SQL of the monthly score (月考核): arrival, accuracy and timeliness by district, and the rows behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.store.match import PATIENCE_SECONDS
from shared.db import patient


class ScoreMeasure(StrEnum):
    """Measures of a district's month (五项制度)."""

    ARRIVAL = "arrival"  # 到账率
    ACCURACY = "accuracy"  # 准确率
    TIMELINESS = "timeliness"  # 统计及时率


_ARRIVAL: Final = """
    SELECT bill.district, 'bill' AS paper, bill.unit_id AS key, bill.id,
           least(coalesce(paid.fen, 0), bill.total_fen) AS part, bill.total_fen AS whole
      FROM bill
      LEFT JOIN (SELECT unit_id, bill_id, sum(amount_fen) AS fen
                   FROM allocation
                  WHERE paid_on <= CAST(:last AS date)
                  GROUP BY unit_id, bill_id) AS paid
        ON paid.unit_id = bill.unit_id AND paid.bill_id = bill.id
     WHERE bill.kind <> 'charge' AND bill.total_fen > 0
       AND bill.due_on BETWEEN CAST(:first AS date) AND CAST(:last AS date)"""
"""Bills that are due in the month, and the money for them that was paid by its end."""
_ACCURACY: Final = """
    SELECT receipt.district, 'receipt' AS paper, receipt.receipt_key AS key, receipt.id,
           CASE WHEN moved.receipt_id IS NOT NULL OR wrong.receipt_id IS NOT NULL
                THEN 0 ELSE 1 END AS part, 1 AS whole
      FROM receipt
      LEFT JOIN (SELECT DISTINCT receipt_key, receipt_id
                   FROM receipt_change
                  WHERE kind = 'move' AND status = 'approved') AS moved
        ON moved.receipt_key = receipt.receipt_key AND moved.receipt_id = receipt.id
      LEFT JOIN (SELECT DISTINCT receipt_key, receipt_id
                   FROM reconciliation_item
                  WHERE kind IN ('amount_differs', 'wrong_payer', 'duplicate', 'wrong_day')
                    AND receipt_id IS NOT NULL) AS wrong
        ON wrong.receipt_key = receipt.receipt_key AND wrong.receipt_id = receipt.id
     WHERE receipt.paid_on BETWEEN CAST(:first AS date) AND CAST(:last AS date)"""
"""Receipts of the month; wrong are those with a difference in amount, payer or day, or moved since."""
_TIMELINESS: Final = """
    SELECT district, 'summary' AS paper, district_key AS key, id,
           CASE WHEN late THEN 0 ELSE 1 END AS part, 1 AS whole
      FROM summary
     WHERE period = :period AND status <> 'returned'"""
"""Summaries of the month; late are those sent after the cut-off."""
_ROWS: Final = {
    ScoreMeasure.ARRIVAL: _ARRIVAL,
    ScoreMeasure.ACCURACY: _ACCURACY,
    ScoreMeasure.TIMELINESS: _TIMELINESS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreMonth:
    """A month, and one of its districts or all."""

    period: str
    first: date
    last: date
    district: str | None

    def values(self, measure: ScoreMeasure) -> dict[str, Any]:
        """Return the parameters of a measure's statement."""
        if measure is ScoreMeasure.TIMELINESS:
            return {"period": self.period}
        return {"first": self.first, "last": self.last}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSum:
    """A district's part and whole of a measure: fen of arrival, papers of the others."""

    district: str
    part: int
    whole: int


async def sums(tx: AsyncConnection, measure: ScoreMeasure, month: ScoreMonth) -> list[ScoreSum]:
    """Add up a measure by district."""
    await patient(tx, PATIENCE_SECONDS)
    rows = await tx.execute(
        text(f"""
            SELECT district, CAST(sum(part) AS bigint) AS part, CAST(sum(whole) AS bigint) AS whole
              FROM ({_ROWS[measure]}) AS score
             WHERE CAST(:district AS text) IS NULL OR district = :district
             GROUP BY district
             ORDER BY district
        """),
        month.values(measure) | {"district": month.district},
    )
    return [ScoreSum(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """A paper behind a measure: a bill, a receipt or a summary."""

    district: str
    paper: str
    key: int
    id: Any
    part: int
    whole: int


async def rows(
    tx: AsyncConnection,
    measure: ScoreMeasure,
    month: ScoreMonth,
    *,
    short: bool,
    after: Any,
    limit: int,
) -> list[ScoreRow]:
    """Read the papers behind a measure by id; with `short` only those that lower it."""
    await patient(tx, PATIENCE_SECONDS)
    found = await tx.execute(
        text(f"""
            SELECT district, paper, key, id, CAST(part AS bigint) AS part,
                   CAST(whole AS bigint) AS whole
              FROM ({_ROWS[measure]}) AS score
             WHERE (CAST(:district AS text) IS NULL OR district = :district)
               AND (NOT CAST(:short AS boolean) OR part < whole)
               AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))
             ORDER BY id
             LIMIT :limit
        """),
        month.values(measure)
        | {"district": month.district, "short": short, "after": after, "limit": limit},
    )
    return [ScoreRow(**row._mapping) for row in found]
