"""Ends of entitlements in the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain.end import (
    EndExists,
    EndStatus,
    EntitlementEnd,
    PaidMonth,
)
from shared.ids import Ref
from shared.page import read_page
from shared.period import Period

_COLUMNS = """person_id, id, identity_blind, kind, district, sealed_number, name, last_period,
                   reason, note, status, proposed_by"""


def _end(
    *,
    person_id: int,
    id: UUID,
    identity_blind: bytes,
    sealed_number: bytes,
    last_period: str,
    status: str,
    **columns: Any,
) -> EntitlementEnd:
    return EntitlementEnd(
        ref=Ref(person_id, id),
        blind=bytes(identity_blind),
        sealed_number=bytes(sealed_number),
        last_period=Period.parse(last_period),
        status=EndStatus(status),
        **columns,
    )


async def insert(tx: AsyncConnection, end: EntitlementEnd) -> None:
    """Store a proposed end.

    Raises:
        EndExists: another end of the person waits, or has the same last month.
    """
    try:
        await tx.execute(
            text("""
                INSERT INTO entitlement_end (person_id, id, identity_blind, kind, district,
                                             sealed_number, name, last_period, reason, note,
                                             proposed_by)
                VALUES (:person_id, :id, :blind, :kind, :district, :sealed, :name, :last_period,
                        :reason, :note, :proposed_by)
            """),
            {
                "person_id": end.ref.key,
                "id": end.ref.id,
                "blind": end.blind,
                "kind": end.kind,
                "district": end.district,
                "sealed": end.sealed_number,
                "name": end.name,
                "last_period": str(end.last_period),
                "reason": end.reason,
                "note": end.note,
                "proposed_by": end.proposed_by,
            },
        )
    except IntegrityError as error:
        if "entitlement_end_" in str(error.orig):
            raise EndExists(last_period=str(end.last_period)) from None
        raise


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> EntitlementEnd | None:
    """Read an end; `lock` it for the rest of the transaction before changing it."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM entitlement_end
                 WHERE person_id = :person_id AND id = :id
                 {"FOR UPDATE" if lock else ""}
            """),
            {"person_id": ref.key, "id": ref.id},
        )
    ).first()
    return _end(**row._mapping) if row else None


async def decide(
    tx: AsyncConnection, ref: Ref, status: EndStatus, decided_by: str, decided_at: datetime
) -> None:
    """Store the decision about a proposed end."""
    await tx.execute(
        text("""
            UPDATE entitlement_end
               SET status = :status, decided_by = :decided_by, decided_at = :decided_at
             WHERE person_id = :person_id AND id = :id AND status = 'proposed'
        """),
        {
            "person_id": ref.key,
            "id": ref.id,
            "status": status.value,
            "decided_by": decided_by,
            "decided_at": decided_at,
        },
    )


async def paid_after(tx: AsyncConnection, end: EntitlementEnd) -> list[PaidMonth]:
    """Read the months after an end that runs have paid, oldest first."""
    rows = await tx.execute(
        text("""
            SELECT period, CAST(sum(amount_fen) AS bigint) AS fen
              FROM pension_month
             WHERE person_id = :person_id AND identity_blind = :blind AND kind = :kind
               AND period > :last_period AND live
             GROUP BY period
             ORDER BY period
             LIMIT 1200
        """),
        {
            "person_id": end.ref.key,
            "blind": end.blind,
            "kind": end.kind,
            "last_period": str(end.last_period),
        },
    )
    return [PaidMonth(Period.parse(row.period), row.fen) for row in rows]


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[EntitlementEnd]:
    """Read ends by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM entitlement_end",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_end,
        equal=filters,
    )
