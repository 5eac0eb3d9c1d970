"""SQL of full-payment certificates (足额缴费证明)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.store import city_rule as city_rule_store
from services.collection.common.store.city_rule import CityRule
from services.collection.notice.domain import NoticeText
from shared.page import read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateMark:
    """The return or the move by which a certificate that was issued before says too much.

    `day` is the day on which the bank took the money back, or on which it was moved.
    """

    reason: str
    paper: str
    day: date


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
    mark: CertificateMark | None = None


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


_SELECT = """
    SELECT certificate.unit_id, certificate.id, certificate.number, certificate.credit_code,
           certificate.district, certificate.as_of, certificate.period_from,
           certificate.period_to, certificate.billed_fen, certificate.deferred_fen,
           certificate.issued_by, certificate.issued_at,
           mark.reason AS mark_reason, mark.paper AS mark_paper, mark.on_day AS mark_day
      FROM certificate
      LEFT JOIN LATERAL (
           SELECT change.reason, known.paper, change.on_day
             FROM reallocation AS known
             JOIN payment ON payment.unit_id = known.unit_id
             JOIN receipt_change AS change
               ON change.receipt_key = payment.receipt_key
              AND change.receipt_id = payment.receipt_id
              AND replace(CAST(change.id AS text), '-', '') = right(known.paper, 32)
            WHERE known.unit_id = certificate.unit_id
              AND known.cause IN ('receipt_return', 'receipt_move')
              AND known.made_at > certificate.issued_at
              AND (change.kind = 'move' OR change.on_day <= certificate.as_of)
              AND EXISTS (
                  SELECT 1
                    FROM allocation AS undone
                    JOIN bill ON bill.unit_id = undone.unit_id AND bill.id = undone.bill_id
                   WHERE undone.unit_id = known.unit_id AND undone.reallocation_id = known.id
                     AND undone.amount_fen < 0
                     AND bill.period BETWEEN certificate.period_from AND certificate.period_to)
            ORDER BY known.id
            LIMIT 1) AS mark ON true
"""


def _certificate(
    *, mark_reason: str | None, mark_paper: str | None, mark_day: date | None, **columns: Any
) -> Certificate:
    if mark_reason is None or mark_paper is None or mark_day is None:
        return Certificate(**columns)
    mark = CertificateMark(reason=mark_reason, paper=mark_paper, day=mark_day)
    return Certificate(**columns, mark=mark)


async def find(tx: AsyncConnection, unit_id: int, certificate_id: UUID) -> Certificate | None:
    """Find a certificate, with what marks it."""
    row = (
        await tx.execute(
            text(f"{_SELECT} WHERE certificate.unit_id = :unit_id AND certificate.id = :id"),
            {"unit_id": unit_id, "id": certificate_id},
        )
    ).first()
    return None if row is None else _certificate(**row._mapping)


async def page(
    tx: AsyncConnection, unit_id: int, after: UUID | None, limit: int
) -> list[Certificate]:
    """Read a unit's certificates, oldest first, each with what marks it."""
    return await read_page(
        tx,
        _SELECT,
        key=("certificate.id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_certificate,
        equal={"certificate.unit_id": unit_id},
    )


async def notice_texts(tx: AsyncConnection) -> tuple[NoticeText, ...]:
    """Read the sentences of printed notices, each with the days on which it is in force."""
    return texts_from(await city_rule_store.content(tx, CityRule.NOTICE_TEXTS))


def texts_from(content: Mapping[str, Any]) -> tuple[NoticeText, ...]:
    """Make the sentences of a document."""
    return tuple(
        NoticeText(
            notice=row["notice"],
            in_force_from=date.fromisoformat(row["in_force_from"]),
            in_force_to=date.fromisoformat(row["in_force_to"]) if row["in_force_to"] else None,
            text=row["text"],
            source=row["source"],
            certain=row["certain"],
        )
        for row in content["texts"]
    )
