"""SQL of refunds of credits (退费)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.billing.domain.credit import Credit
from services.collection.billing.domain.refund import Refund, RefundLine, RefundState
from shared.page import read_page

_COLUMNS = """unit_id, id, credit_code, district, status, amount_fen, requested_on, decided_on,
       note"""


async def insert(tx: AsyncConnection, refund: Refund, lines: Sequence[RefundLine]) -> bool:
    """Write a refund; return False when another refund of the unit is not decided yet."""
    made = await tx.execute(
        text("""
            INSERT INTO credit_refund (unit_id, id, credit_code, district, status, amount_fen,
                                       requested_on, note)
            VALUES (:unit_id, :id, :credit_code, :district, :status, :amount_fen, :requested_on,
                    :note)
            ON CONFLICT (unit_id) WHERE status = 'requested' DO NOTHING
            RETURNING id
        """),
        asdict(refund) | {"status": refund.status.value},
    )
    if made.first() is None:
        return False
    await tx.execute(
        text("""
            INSERT INTO credit_refund_line (unit_id, refund_id, credit_id, amount_fen)
            SELECT CAST(:unit_id AS bigint), CAST(:id AS uuid), credit_id, amount_fen
              FROM unnest(CAST(:credits AS uuid[]), CAST(:amounts AS bigint[]))
                AS batch (credit_id, amount_fen)
        """),
        {
            "unit_id": refund.unit_id,
            "id": refund.id,
            "credits": [line.credit.id for line in lines],
            "amounts": [line.amount_fen for line in lines],
        },
    )
    return True


async def decide(
    tx: AsyncConnection, unit_id: int, refund_id: UUID, *, to: RefundState, on: date
) -> bool:
    """Decide a refund; return False when it was decided before."""
    made = await tx.execute(
        text("""
            UPDATE credit_refund
               SET status = :to, decided_on = :on
             WHERE unit_id = :unit_id AND id = :id AND status = 'requested'
            RETURNING id
        """),
        {"unit_id": unit_id, "id": refund_id, "to": to.value, "on": on},
    )
    return made.first() is not None


async def use(tx: AsyncConnection, refund: Refund) -> int:
    """Mark the credits of a refund as used; return how many had a large enough rest."""
    made = await tx.execute(
        text("""
            UPDATE credit
               SET used_fen = credit.used_fen + line.amount_fen
              FROM credit_refund_line AS line
             WHERE credit.unit_id = :unit_id
               AND line.unit_id = :unit_id AND line.refund_id = :id
               AND credit.id = line.credit_id
               AND credit.used_fen + line.amount_fen <= credit.amount_fen
        """),
        {"unit_id": refund.unit_id, "id": refund.id},
    )
    return made.rowcount


async def find(tx: AsyncConnection, unit_id: int, refund_id: UUID) -> Refund | None:
    """Read one refund; None when there is none."""
    row = (
        await tx.execute(
            text(f"SELECT {_COLUMNS} FROM credit_refund WHERE unit_id = :unit_id AND id = :id"),
            {"unit_id": unit_id, "id": refund_id},
        )
    ).first()
    return None if row is None else _refund(dict(row._mapping))


def _refund(row: Mapping[str, Any]) -> Refund:
    return Refund(**dict(row) | {"status": RefundState(row["status"])})


async def lines(tx: AsyncConnection, unit_id: int, refund_id: UUID) -> list[RefundLine]:
    """Read the amounts that a refund takes from each credit."""
    rows = await tx.execute(
        text("""
            SELECT line.amount_fen AS refunded_fen, credit.unit_id, credit.id,
                   credit.declaration_id, credit.credit_code, credit.district, credit.period,
                   credit.insurance, credit.party, credit.account, credit.fund,
                   credit.amount_fen, credit.used_fen, credit.granted_on
              FROM credit_refund_line AS line
              JOIN credit ON credit.unit_id = line.unit_id AND credit.id = line.credit_id
             WHERE line.unit_id = :unit_id AND line.refund_id = :id
             ORDER BY credit.id
             LIMIT 1000
        """),
        {"unit_id": unit_id, "id": refund_id},
    )
    found = []
    for row in rows:
        given = dict(row._mapping)
        refunded_fen = given.pop("refunded_fen")
        found.append(RefundLine(Credit(**given), refunded_fen))
    return found


async def page(
    tx: AsyncConnection,
    *,
    unit_id: int | None,
    district: str | None,
    status: str | None,
    after: tuple[int, UUID],
    limit: int,
) -> list[Refund]:
    """Read refunds of a unit, of a district or of all, in the order of their keys."""
    rows: list[dict[str, Any]] = await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM credit_refund",
        key=("unit_id", "id"),
        after=after,
        limit=limit,
        row=dict,
        equal={"unit_id": unit_id, "district": district, "status": status},
    )
    return [_refund(row) for row in rows]
