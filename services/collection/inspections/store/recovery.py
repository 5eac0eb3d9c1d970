"""SQL of orders to recover benefits that inspections found wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.inspections.domain.recovery import (
    InspectionRecovery,
    InspectionRecoveryState,
    RecoveryReport,
)
from shared.ids import Ref
from shared.page import read_page

_SELECT: Final = """
    SELECT ordered.unit_id, ordered.inspection_id, ordered.finding_no AS number, finding.claim,
           finding.claim_line, finding.amount_fen, finding.note, owner.document, ordered.status,
           ordered.recovery_case, ordered.refusal, ordered.recovered_fen, ordered.written_off_fen
      FROM inspection_recovery AS ordered
      JOIN inspection_finding AS finding
        ON finding.unit_id = ordered.unit_id AND finding.inspection_id = ordered.inspection_id
       AND finding.finding_no = ordered.finding_no
      JOIN inspection AS owner
        ON owner.unit_id = ordered.unit_id AND owner.id = ordered.inspection_id"""


def _recovery(*, unit_id: int, inspection_id: UUID, status: str, **columns: Any) -> Any:
    return InspectionRecovery(
        case=Ref(unit_id, inspection_id), status=InspectionRecoveryState(status), **columns
    )


async def order(tx: AsyncConnection, case: Ref) -> None:
    """Order the recovery of what the decided findings of a case say about benefits."""
    await tx.execute(
        text("""
            INSERT INTO inspection_recovery (unit_id, inspection_id, finding_no)
            SELECT unit_id, inspection_id, finding_no
              FROM inspection_finding
             WHERE unit_id = :unit_id AND inspection_id = :id AND kind = 'benefit_wrong'
               AND dropped IS NULL
        """),
        {"unit_id": case.key, "id": case.id},
    )


async def of_case(
    tx: AsyncConnection, case: Ref, *, lock: bool = False
) -> Sequence[InspectionRecovery]:
    """Read the orders of a case, and lock them so that no report comes between."""
    rows = await tx.execute(
        text(f"""
            {_SELECT}
             WHERE ordered.unit_id = :unit_id AND ordered.inspection_id = :id
             ORDER BY ordered.finding_no
             LIMIT 10000{" FOR UPDATE OF ordered" if lock else ""}
        """),
        {"unit_id": case.key, "id": case.id},
    )
    return [_recovery(**row._mapping) for row in rows]


async def waiting(
    tx: AsyncConnection, after: tuple[int, UUID, int] | None, limit: int
) -> Sequence[InspectionRecovery]:
    """Read orders that payout has not taken, after a key."""
    return await read_page(
        tx,
        _SELECT,
        key=("ordered.unit_id", "ordered.inspection_id", "ordered.finding_no"),
        after=after,
        limit=limit,
        row=_recovery,
        where={"ordered.status = 'waiting' AND owner.outcome IS DISTINCT FROM 'withdrawn'": {}},
    )


async def cancel(tx: AsyncConnection, case: Ref, why: str) -> None:
    """End the orders of a case that payout has not taken; a later report does not open them."""
    await tx.execute(
        text("""
            UPDATE inspection_recovery
               SET status = 'refused', refusal = :why
             WHERE unit_id = :unit_id AND inspection_id = :id AND status = 'waiting'
        """),
        {"unit_id": case.key, "id": case.id, "why": why},
    )


async def report(tx: AsyncConnection, case: Ref, told: RecoveryReport) -> bool:
    """Write what payout reports; False when there is no such order. What is over stays so."""
    made = await tx.execute(
        text("""
            UPDATE inspection_recovery
               SET status = :status, recovery_case = :recovery_case, refusal = :refusal,
                   recovered_fen = :recovered_fen, written_off_fen = :written_off_fen
             WHERE unit_id = :unit_id AND inspection_id = :id AND finding_no = :number
               AND (status IN ('waiting', 'opened') OR status = :status)
            RETURNING finding_no
        """),
        {
            "unit_id": case.key,
            "id": case.id,
            "number": told.number,
            "status": told.status.value,
            "recovery_case": told.recovery_case,
            "refusal": told.refusal,
            "recovered_fen": told.recovered_fen,
            "written_off_fen": told.written_off_fen,
        },
    )
    return made.first() is not None
