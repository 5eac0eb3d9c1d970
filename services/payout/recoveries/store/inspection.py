"""Orders of inspections in the database."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.recoveries.domain.case import CaseStatus
from services.payout.recoveries.domain.inspection import InspectionOrder, OrderKey, OrderState
from shared.ids import Ref
from shared.page import read_page


async def is_taken(tx: AsyncConnection, order: InspectionOrder) -> bool:
    """Tell whether an order was taken before."""
    row = await tx.execute(
        text("""
            SELECT 1
              FROM inspection_order
             WHERE inspection_key = :key AND inspection = :inspection AND finding_no = :finding
        """),
        {"key": order.key, "inspection": order.inspection, "finding": order.finding},
    )
    return row.first() is not None


async def insert(
    tx: AsyncConnection, order: InspectionOrder, case: Ref | None, refusal: str | None
) -> None:
    """Write an order that was taken: with its case, or the reason why there is none.

    The primary key refuses the second of two that take it at the same time, and undoes its case.
    """
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


def _state(
    *,
    finding_no: int,
    case_key: int | None,
    case_id: UUID | None,
    status: str | None,
    **columns: Any,
) -> OrderState:
    return OrderState(
        finding=finding_no,
        case=None if case_key is None or case_id is None else Ref(case_key, case_id),
        status=None if status is None else CaseStatus(status),
        **columns,
    )


async def unfinished(tx: AsyncConnection, after: OrderKey | None, limit: int) -> list[OrderState]:
    """Read orders that were taken and whose end is not reported yet, after a key."""
    return await read_page(
        tx,
        """
            WITH taken AS MATERIALIZED (
                SELECT inspection_key, inspection, finding_no, case_key, case_id, refusal, reported
                  FROM inspection_order
                 WHERE reported IS NULL OR reported LIKE 'opened %')
            SELECT taken.inspection_key, taken.inspection, taken.finding_no, taken.case_key,
                   taken.case_id, taken.refusal, taken.reported, owner.status,
                   CAST(coalesce(sums.recovered_fen, 0) AS bigint) AS recovered_fen,
                   CAST(coalesce(sums.written_off_fen, 0) AS bigint) AS written_off_fen
              FROM taken
              LEFT JOIN recovery_case AS owner
                ON owner.case_key = taken.case_key AND owner.id = taken.case_id
              LEFT JOIN LATERAL (
                   SELECT sum(recovered_fen) AS recovered_fen,
                          sum(written_off_fen) AS written_off_fen
                     FROM recovery_line AS line
                    WHERE line.case_key = taken.case_key
                      AND line.case_id = taken.case_id) AS sums ON true""",
        key=("taken.inspection_key", "taken.inspection", "taken.finding_no"),
        after=after,
        limit=limit,
        row=_state,
    )


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
