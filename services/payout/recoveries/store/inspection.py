"""Orders of inspections in the database."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.recoveries.domain.case import CaseStatus
from services.payout.recoveries.domain.inspection import InspectionOrder, OrderState
from shared.ids import Ref

REPORTS_AT_ONCE: Final = 100


async def lock(tx: AsyncConnection, order: InspectionOrder) -> bool:
    """Lock an order until the transaction ends; False when it was taken before."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": order.key ^ order.finding})
    row = await tx.execute(
        text("""
            SELECT 1
              FROM inspection_order
             WHERE inspection_key = :key AND inspection = :inspection AND finding_no = :finding
        """),
        {"key": order.key, "inspection": order.inspection, "finding": order.finding},
    )
    return row.first() is None


async def insert(
    tx: AsyncConnection, order: InspectionOrder, case: Ref | None, refusal: str | None
) -> None:
    """Write an order that was taken: with its case, or the reason why there is none."""
    await tx.execute(
        text("""
            INSERT INTO inspection_order (inspection_key, inspection, finding_no, case_key, case_id,
                                          refusal)
            VALUES (:key, :inspection, :finding, :case_key, :case_id, :refusal)
        """),
        {
            "key": order.key,
            "inspection": order.inspection,
            "finding": order.finding,
            "case_key": None if case is None else case.key,
            "case_id": None if case is None else case.id,
            "refusal": refusal,
        },
    )


def _state(row: Row[tuple[object, ...]]) -> OrderState:
    return OrderState(
        inspection_key=row.inspection_key,
        inspection=row.inspection,
        finding=row.finding_no,
        case=None if row.case_id is None else Ref(row.case_key, row.case_id),
        status=None if row.status is None else CaseStatus(row.status),
        refusal=row.refusal,
        recovered_fen=row.recovered_fen,
        written_off_fen=row.written_off_fen,
        reported=row.reported,
    )


async def unfinished(tx: AsyncConnection) -> list[OrderState]:
    """Read orders that were taken and whose end is not reported yet."""
    rows = await tx.execute(
        text("""
            SELECT taken.inspection_key, taken.inspection, taken.finding_no, taken.case_key,
                   taken.case_id, taken.refusal, taken.reported, owner.status,
                   CAST(coalesce(sums.recovered_fen, 0) AS bigint) AS recovered_fen,
                   CAST(coalesce(sums.written_off_fen, 0) AS bigint) AS written_off_fen
              FROM inspection_order AS taken
              LEFT JOIN recovery_case AS owner
                ON owner.case_key = taken.case_key AND owner.id = taken.case_id
              LEFT JOIN LATERAL (
                   SELECT sum(recovered_fen) AS recovered_fen,
                          sum(written_off_fen) AS written_off_fen
                     FROM recovery_line AS line
                    WHERE line.case_key = taken.case_key
                      AND line.case_id = taken.case_id) AS sums ON true
             WHERE taken.reported IS NULL OR taken.reported LIKE 'opened %'
             ORDER BY taken.inspection_key, taken.inspection, taken.finding_no
             LIMIT 10000
        """)
    )
    return [_state(row) for row in rows]


async def set_reported(tx: AsyncConnection, state: OrderState) -> None:
    """Note what collection was told."""
    await tx.execute(
        text("""
            UPDATE inspection_order
               SET reported = :mark
             WHERE inspection_key = :key AND inspection = :inspection AND finding_no = :finding
        """),
        {
            "mark": state.mark,
            "key": state.inspection_key,
            "inspection": state.inspection,
            "finding": state.finding,
        },
    )
