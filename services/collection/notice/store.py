"""SQL of full-payment certificates (足额缴费证明)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.store import shipped as common_shipped_store
from services.collection.notice.domain import NoticeText
from shared.page import read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A full-payment certificate: the amount billed for its periods, and the deferred part of it."""

    unit_id: int
    id: UUID
    number: str
    credit_code: str
    district: str
    as_of: date
    period_from: str
    period_to: str
    billed_fen: int
    deferred_fen: int
    issued_by: str
    issued_at: datetime


_COLUMNS = """unit_id, id, number, credit_code, district, as_of, period_from, period_to,
       billed_fen, deferred_fen, issued_by, issued_at"""


async def count(tx: AsyncConnection, unit_id: int, start: str) -> int:
    """Count a unit's certificates whose number has a given start."""
    found = await tx.scalar(
        text("""
            SELECT count(*)
              FROM certificate
             WHERE unit_id = :unit_id AND starts_with(number, :start)
        """),
        {"unit_id": unit_id, "start": start},
    )
    return int(found or 0)


async def insert(tx: AsyncConnection, row: Certificate) -> None:
    """Store a certificate."""
    await tx.execute(
        text(f"""
            INSERT INTO certificate ({_COLUMNS})
            VALUES (:unit_id, :id, :number, :credit_code, :district, :as_of, :period_from,
                    :period_to, :billed_fen, :deferred_fen, :issued_by, :issued_at)
        """),
        {
            "unit_id": row.unit_id,
            "id": row.id,
            "number": row.number,
            "credit_code": row.credit_code,
            "district": row.district,
            "as_of": row.as_of,
            "period_from": row.period_from,
            "period_to": row.period_to,
            "billed_fen": row.billed_fen,
            "deferred_fen": row.deferred_fen,
            "issued_by": row.issued_by,
            "issued_at": row.issued_at,
        },
    )


async def find(tx: AsyncConnection, unit_id: int, certificate_id: UUID) -> Certificate | None:
    """Find a certificate."""
    row = (
        await tx.execute(
            text(f"SELECT {_COLUMNS} FROM certificate WHERE unit_id = :unit_id AND id = :id"),
            {"unit_id": unit_id, "id": certificate_id},
        )
    ).first()
    return None if row is None else Certificate(**row._mapping)


async def page(
    tx: AsyncConnection, unit_id: int, after: UUID | None, limit: int
) -> list[Certificate]:
    """Read a unit's certificates, oldest first."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM certificate",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=Certificate,
        equal={"unit_id": unit_id},
    )


@cache
def notice_texts() -> tuple[NoticeText, ...]:
    """Return the sentences of printed notices, each with the days on which it is in force."""
    return tuple(
        NoticeText(
            notice=row["notice"],
            in_force_from=date.fromisoformat(row["in_force_from"]),
            in_force_to=date.fromisoformat(row["in_force_to"]) if row["in_force_to"] else None,
            text=row["text"],
            source=row["source"],
            certain=row["certain"],
        )
        for row in common_shipped_store.read("notice_texts.json")["texts"]
    )
