"""Read declarations: the header, the levied lines, one wide row for each person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.store.tables import BLOCK
from services.collection.filing.domain.records import DeclarationRow, LineRow, PersonRow
from shared.page import read_page
from shared.process import tracing

_COLUMNS = """unit_id, id, credit_code, district, period, round, status, policy_id, unit_kind,
       injury_class, injury_step, unit_size, unit_wage_total_fen, people, wages_fen, unit_fen,
       personal_fen, total_fen, summary_id, submitted_at, kind, corrects, reason_code, note,
       review_id, frozen_base_fen"""


async def find(tx: AsyncConnection, unit_id: int, declaration_id: UUID) -> DeclarationRow | None:
    """Return a declaration."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM declaration
                 WHERE unit_id = :unit_id AND id = :id
            """),
            {"unit_id": unit_id, "id": declaration_id},
        )
    ).first()
    return None if row is None else DeclarationRow(**row._mapping)


async def set_status(
    tx: AsyncConnection, unit_id: int, declaration_id: UUID, *, was: str, to: str
) -> DeclarationRow | None:
    """Move a declaration; None when it no longer stands, in no summary, where the mover saw it."""
    row = (
        await tx.execute(
            text(f"""
                UPDATE declaration
                   SET status = :to, stands_since = now(),
                       traceparent = coalesce(traceparent, :traceparent)
                 WHERE unit_id = :unit_id AND id = :id AND status = :was
                   AND summary_id IS NULL
                RETURNING {_COLUMNS}
            """),
            {
                "unit_id": unit_id,
                "id": declaration_id,
                "was": was,
                "to": to,
                "traceparent": tracing.current(),
            },
        )
    ).first()
    return None if row is None else DeclarationRow(**row._mapping)


async def lines(
    tx: AsyncConnection, unit_id: int, declaration_id: UUID, round_: int
) -> list[LineRow]:
    """Return the levied lines of a declaration, in the policy's order."""
    rows = await tx.execute(
        text("""
            SELECT line_no, level, insurance, party, account, fund, rule, base_fen, amount_fen
              FROM declaration_line
             WHERE unit_id = :unit_id AND declaration_id = :id AND round = :round
             ORDER BY line_no
             LIMIT 200
        """),
        {"unit_id": unit_id, "id": declaration_id, "round": round_},
    )
    return [LineRow(**row._mapping) for row in rows]


async def people(
    tx: AsyncConnection, of: DeclarationRow, after: int, limit: int
) -> list[PersonRow]:
    """Read a declaration's people after a line number, masked.

    They stand in blocks of a row each, of which only those of the page are read.
    """
    return await read_page(
        tx,
        """
            SELECT line.line_no, line.person_id, known.person_uuid, known.masked_number,
                   known.masked_name, line.wage_fen, line.asked_fen, line.base_fen, line.unit_fen,
                   line.personal_fen
              FROM declaration_person AS line
              LEFT JOIN LATERAL (
                   SELECT person_uuid, masked_number, masked_name
                     FROM enrolment
                    WHERE enrolment.unit_id = line.unit_id
                      AND enrolment.person_id = line.person_id
                    ORDER BY joined_on DESC
                    LIMIT 1) AS known ON true
        """,
        key=("line.first_line", "line.line_no"),
        after=None,
        limit=limit,
        row=PersonRow,
        equal={"line.unit_id": of.unit_id, "line.declaration_id": of.id, "line.round": of.round},
        where={
            "line.first_line > :last_block": {"last_block": after - BLOCK},
            "line.line_no > :last_line": {"last_line": after},
        },
    )


async def base_sums(tx: AsyncConnection, of: DeclarationRow) -> list[int]:
    """Return the sum of personal bases of each insurance, in the policy's order."""
    rows = await tx.execute(
        text("""
            SELECT CAST(sum(base.fen) AS bigint) AS sum_fen
              FROM declaration_person AS line
             CROSS JOIN LATERAL unnest(line.base_fen) WITH ORDINALITY AS base (fen, place)
             WHERE line.unit_id = :unit_id AND line.declaration_id = :id AND line.round = :round
             GROUP BY base.place
             ORDER BY base.place
             LIMIT 100
        """),
        {"unit_id": of.unit_id, "id": of.id, "round": of.round},
    )
    return [row.sum_fen for row in rows]


async def page(
    tx: AsyncConnection,
    filters: Mapping[str, Any],
    after: tuple[int, UUID] | None,
    limit: int,
) -> list[DeclarationRow]:
    """Read declarations of a district, period, status or kind, in the order of their keys."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM declaration",
        key=("unit_id", "id"),
        after=after,
        limit=limit,
        row=DeclarationRow,
        equal=filters,
    )
