"""Benefit kinds and corrections of their rows in the database."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import (
    BenefitKind,
    BenefitKindCorrection,
    Once,
    Origin,
    Payee,
)
from shared.page import read_page

_ROW: Final = """kind, name, fund, account, in_force_from, in_force_to, source, payee, origin, once,
       event_group, documents, needs_person, needs_employer, checks_arrears, needs_cost,
       not_with_pension, line_limit_fen, year_limit_fen, signatures"""
_CORRECTION: Final = "SELECT id, row, reason, status, filed_by FROM benefit_kind_correction"


def _kind(
    *, payee: str, origin: str, once: str, documents: list[str], **columns: Any
) -> BenefitKind:
    return BenefitKind(
        payee=Payee(payee),
        origin=Origin(origin),
        once=Once(once),
        documents=tuple(documents),
        **columns,
    )


def _correction(*, row: dict[str, Any], **columns: Any) -> BenefitKindCorrection:
    ends = row["in_force_to"]
    days = {
        "in_force_from": date.fromisoformat(row["in_force_from"]),
        "in_force_to": date.fromisoformat(ends) if ends else None,
    }
    return BenefitKindCorrection(row=_kind(**row | days), **columns)


async def kinds(tx: AsyncConnection) -> list[BenefitKind]:
    """Read every row, by kind and first day."""
    rows = await tx.execute(
        text(f"SELECT {_ROW} FROM benefit_kind ORDER BY kind, in_force_from LIMIT 10000")
    )
    return [_kind(**row._mapping) for row in rows]


async def is_claimed(tx: AsyncConnection, kind: str) -> bool:
    """Tell whether a claim of a kind is filed or approved."""
    found = await tx.execute(
        text("""
            SELECT EXISTS (SELECT 1 FROM claim WHERE kind = :kind AND status <> 'refused')
        """),
        {"kind": kind},
    )
    return bool(found.scalar_one())


async def save(tx: AsyncConnection, row: BenefitKind) -> None:
    """Write a row as it is from now on."""
    await tx.execute(
        text(f"""
            INSERT INTO benefit_kind ({_ROW})
            VALUES (:kind, :name, :fund, :account, :in_force_from, :in_force_to, :source, :payee,
                    :origin, :once, :event_group, CAST(:documents AS text[]), :needs_person,
                    :needs_employer, :checks_arrears, :needs_cost, :not_with_pension,
                    :line_limit_fen, :year_limit_fen, :signatures)
            ON CONFLICT (kind, in_force_from) DO UPDATE
               SET name = excluded.name, fund = excluded.fund, account = excluded.account,
                   in_force_to = excluded.in_force_to, source = excluded.source,
                   payee = excluded.payee, origin = excluded.origin, once = excluded.once,
                   event_group = excluded.event_group, documents = excluded.documents, needs_person = excluded.needs_person,
                   needs_employer = excluded.needs_employer,
                   checks_arrears = excluded.checks_arrears, needs_cost = excluded.needs_cost,
                   not_with_pension = excluded.not_with_pension,
                   line_limit_fen = excluded.line_limit_fen,
                   year_limit_fen = excluded.year_limit_fen, signatures = excluded.signatures
        """),
        asdict(row) | {"documents": list(row.documents)},
    )


async def insert_correction(tx: AsyncConnection, correction: BenefitKindCorrection) -> bool:
    """Write a correction; return False when another of the kind is not decided yet."""
    made = await tx.execute(
        text("""
            INSERT INTO benefit_kind_correction (id, kind, row, reason, status, filed_by)
            VALUES (:id, :kind, CAST(:row AS jsonb), :reason, 'filed', :filed_by)
            ON CONFLICT (kind) WHERE status = 'filed' DO NOTHING
            RETURNING id
        """),
        {
            "id": correction.id,
            "kind": correction.row.kind,
            "row": orjson.dumps(asdict(correction.row)).decode(),
            "reason": correction.reason,
            "filed_by": correction.filed_by,
        },
    )
    return made.first() is not None


async def correction(tx: AsyncConnection, id: UUID) -> BenefitKindCorrection | None:
    """Read one correction; None when there is none."""
    rows = await tx.execute(text(f"{_CORRECTION} WHERE id = :id"), {"id": id})
    row = rows.one_or_none()
    return _correction(**row._mapping) if row else None


async def corrections(
    tx: AsyncConnection, *, status: str | None, after: UUID | None, limit: int
) -> list[BenefitKindCorrection]:
    """Read corrections by id, after one."""
    return await read_page(
        tx,
        _CORRECTION,
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_correction,
        equal={"status": status},
    )


async def decide_correction(tx: AsyncConnection, id: UUID, to: str, decided_by: str) -> bool:
    """Decide a correction; return False when it was decided before."""
    made = await tx.execute(
        text("""
            UPDATE benefit_kind_correction SET status = :to, decided_at = now(), decided_by = :decided_by
             WHERE id = :id AND status = 'filed'
         RETURNING id
        """),
        {"id": id, "to": to, "decided_by": decided_by},
    )
    return made.first() is not None
