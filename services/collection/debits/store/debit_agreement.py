"""SQL of three-party agreements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.debits.domain.debit_agreement import DebitAgreement, DebitAgreementState
from shared.page import UnitFilter, read_page

_COLUMNS = """unit_id, id, credit_code, district, number, bank_code, bank, valid_from, valid_to,
              limit_fen, signed_on, cancelled_on, ends_on, status, carried_over"""


async def insert(tx: AsyncConnection, agreement: DebitAgreement) -> bool:
    """Write an agreement; return False when another of the unit is not decided yet."""
    made = await tx.execute(
        text("""
            INSERT INTO debit_agreement (unit_id, id, credit_code, district, number, bank_code,
                                         bank, valid_from, valid_to, limit_fen, signed_on, status)
            VALUES (:unit_id, :id, :credit_code, :district, :number, :bank_code,
                    CAST(:bank AS jsonb), :valid_from, :valid_to, :limit_fen, :signed_on, 'filed')
            ON CONFLICT (unit_id) WHERE status = 'filed' DO NOTHING
            RETURNING id
        """),
        {
            "unit_id": agreement.unit_id,
            "id": agreement.id,
            "credit_code": agreement.credit_code,
            "district": agreement.district,
            "number": agreement.number,
            "bank_code": agreement.bank_code,
            "bank": orjson.dumps(dict(agreement.bank)).decode(),
            "valid_from": agreement.valid_from,
            "valid_to": agreement.valid_to,
            "limit_fen": agreement.limit_fen,
            "signed_on": agreement.signed_on,
        },
    )
    return made.first() is not None


async def change(
    tx: AsyncConnection,
    agreement: DebitAgreement,
    to: DebitAgreementState,
    *,
    cancelled_on: date | None = None,
    ends_on: date | None = None,
) -> bool:
    """Move an agreement to a status; return False when it moved meanwhile."""
    made = await tx.execute(
        text("""
            UPDATE debit_agreement
               SET status = :to, cancelled_on = coalesce(:cancelled_on, cancelled_on),
                   ends_on = coalesce(:ends_on, ends_on)
             WHERE unit_id = :unit_id AND id = :id AND status = :from
         RETURNING id
        """),
        {
            "unit_id": agreement.unit_id,
            "id": agreement.id,
            "from": agreement.status.value,
            "to": to.value,
            "cancelled_on": cancelled_on,
            "ends_on": ends_on,
        },
    )
    return made.first() is not None


async def replace_open(tx: AsyncConnection, unit_id: int, from_day: date) -> None:
    """End the unit's open agreement on the day from which another is valid."""
    await tx.execute(
        text("""
            UPDATE debit_agreement
               SET status = 'replaced',
                   ends_on = least(coalesce(ends_on, CAST(:day AS date)), CAST(:day AS date))
             WHERE unit_id = :unit_id AND status IN ('approved', 'cancelling')
        """),
        {"unit_id": unit_id, "day": from_day},
    )


async def find(tx: AsyncConnection, unit_id: int, id: UUID) -> DebitAgreement | None:
    """Read one agreement; None when there is none."""
    rows = await tx.execute(
        text(f"SELECT {_COLUMNS} FROM debit_agreement WHERE unit_id = :unit_id AND id = :id"),
        {"unit_id": unit_id, "id": id},
    )
    row = rows.one_or_none()
    return _agreement(**row._mapping) if row else None


async def page(
    tx: AsyncConnection,
    *,
    unit_id: UnitFilter,
    district: str | None,
    status: str | None,
    after: tuple[int, UUID],
    limit: int,
) -> Sequence[DebitAgreement]:
    """Read agreements of a unit, of a district or of all, in the order of their keys."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM debit_agreement",
        key=("unit_id", "id"),
        after=after,
        limit=limit,
        row=_agreement,
        equal={"unit_id": unit_id, "district": district, "status": status},
    )


def _agreement(**columns: Any) -> DebitAgreement:
    return DebitAgreement(**columns | {"status": DebitAgreementState(columns["status"])})
