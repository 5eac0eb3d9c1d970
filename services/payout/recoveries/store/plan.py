"""Plans of recovery cases in the database."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.recoveries.domain.plan import (
    Instalment,
    PlanStatus,
    RecoveryPlan,
    RecoveryPlanState,
)
from shared.ids import Ref
from shared.period import Period

_COLUMNS: Final = """case_key, id, case_id, deduct_from, monthly_fen, instalments, status, proposed_by,
       decided_by"""


def _plan(
    *,
    case_key: int,
    id: UUID,
    case_id: UUID,
    deduct_from: str | None,
    instalments: list[dict[str, Any]],
    status: str,
    **columns: Any,
) -> RecoveryPlan:
    return RecoveryPlan(
        ref=Ref(case_key, id),
        case=Ref(case_key, case_id),
        deduct_from=Period.parse(deduct_from) if deduct_from else None,
        instalments=[
            Instalment(date.fromisoformat(one["due_on"]), one["amount_fen"]) for one in instalments
        ],
        status=PlanStatus(status),
        **columns,
    )


async def insert(tx: AsyncConnection, plan: RecoveryPlan) -> None:
    """Store a proposed plan.

    Raises:
        RecoveryPlanState: another plan of the case waits.
    """
    try:
        await tx.execute(
            text("""
                INSERT INTO recovery_plan (case_key, id, case_id, deduct_from, monthly_fen,
                                           instalments, proposed_by)
                VALUES (:case_key, :id, :case_id, :deduct_from, :monthly_fen,
                        CAST(:instalments AS jsonb), :proposed_by)
            """),
            {
                "case_key": plan.ref.key,
                "id": plan.ref.id,
                "case_id": plan.case.id,
                "deduct_from": str(plan.deduct_from) if plan.deduct_from else None,
                "monthly_fen": plan.monthly_fen,
                "instalments": orjson.dumps(
                    [
                        {"due_on": one.due_on, "amount_fen": one.amount_fen}
                        for one in plan.instalments
                    ]
                ).decode(),
                "proposed_by": plan.proposed_by,
            },
        )
    except IntegrityError as error:
        if "recovery_plan_waiting" in str(error.orig):
            raise RecoveryPlanState from None
        raise


async def load(tx: AsyncConnection, ref: Ref) -> RecoveryPlan | None:
    """Read and lock a plan."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM recovery_plan
                 WHERE case_key = :case_key AND id = :id
                   FOR UPDATE
            """),
            {"case_key": ref.key, "id": ref.id},
        )
    ).first()
    return _plan(**row._mapping) if row else None


async def decide(tx: AsyncConnection, plan: RecoveryPlan, status: PlanStatus, by: str) -> None:
    """Store the decision about a plan; an approved one replaces the one before it."""
    values = {"case_key": plan.ref.key, "id": plan.ref.id, "case_id": plan.case.id}
    if status is PlanStatus.APPROVED:
        await tx.execute(
            text("""
                UPDATE recovery_plan SET status = 'replaced'
                 WHERE case_key = :case_key AND case_id = :case_id AND status = 'approved'
            """),
            values,
        )
    await tx.execute(
        text("""
            UPDATE recovery_plan SET status = :status, decided_by = :by, decided_at = now()
             WHERE case_key = :case_key AND id = :id
        """),
        values | {"status": status.value, "by": by},
    )


async def of_case(tx: AsyncConnection, case: Ref) -> list[RecoveryPlan]:
    """Read the plans of a case, oldest first."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM recovery_plan
             WHERE case_key = :case_key AND case_id = :case_id
             ORDER BY id
             LIMIT 1000
        """),
        {"case_key": case.key, "case_id": case.id},
    )
    return [_plan(**row._mapping) for row in rows]
