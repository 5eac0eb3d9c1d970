"""District summaries: a district's own papers, over the declarations of many units (bulk acts)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_COLUMNS = """district_key, id, district, period, status, declarations, people, total_fen, funds,
       bill_date, sent_at, number, sent_on, cut_off_on, late"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRow:
    """A district's summary and its control totals; `funds` is fund → fen."""

    district_key: int
    id: UUID
    district: str
    period: str
    status: str
    declarations: int
    people: int
    total_fen: int
    funds: dict[str, int]
    sent_on: date
    cut_off_on: date | None = None
    late: bool = False
    number: int = 0
    bill_date: date | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """How many declarations and people, and how much, in all and per fund (fen)."""

    declarations: int
    people: int
    total_fen: int
    funds: dict[str, int]


async def take_reviewed(tx: AsyncConnection, summary_id: UUID, district: str, period: str) -> int:
    """Put a district's reviewed declarations of a period into a summary; how many there were."""
    made = await tx.execute(
        text("""
            UPDATE declaration
               SET summary_id = :summary_id
             WHERE district = :district AND period = :period AND status = 'reviewed'
               AND summary_id IS NULL
        """),
        {"summary_id": summary_id, "district": district, "period": period},
    )
    return made.rowcount


async def count(tx: AsyncConnection, summary_id: UUID) -> Control:
    """Control totals recomputed from the declarations and their levied lines."""
    head = (
        await tx.execute(
            text("""
                SELECT count(*) AS declarations,
                       coalesce(sum(people), 0) AS people,
                       CAST(coalesce(sum(total_fen), 0) AS bigint) AS total_fen
                  FROM declaration
                 WHERE summary_id = :summary_id
            """),
            {"summary_id": summary_id},
        )
    ).one()
    funds = await tx.execute(
        text("""
            SELECT line.fund, CAST(sum(line.amount_fen) AS bigint) AS amount_fen
              FROM declaration
              JOIN declaration_line AS line
                ON line.unit_id = declaration.unit_id
               AND line.declaration_id = declaration.id
               AND line.round = declaration.round
             WHERE declaration.summary_id = :summary_id
             GROUP BY line.fund
             ORDER BY line.fund
             LIMIT 100
        """),
        {"summary_id": summary_id},
    )
    return Control(
        declarations=head.declarations,
        people=head.people,
        total_fen=head.total_fen,
        funds={row.fund: row.amount_fen for row in funds},
    )


async def insert(tx: AsyncConnection, row: SummaryRow) -> int | None:
    """Store a summary under the next number of its district and period; None: a twin took it."""
    made = await tx.execute(
        text("""
            INSERT INTO summary (district_key, id, district, period, status, declarations, people,
                                 total_fen, funds, sent_on, cut_off_on, late, number)
            SELECT CAST(:district_key AS bigint), CAST(:id AS uuid), CAST(:district AS text),
                   CAST(:period AS text), CAST(:status AS text), CAST(:declarations AS integer),
                   CAST(:people AS bigint), CAST(:total_fen AS bigint), CAST(:funds AS jsonb),
                   CAST(:sent_on AS date), CAST(:cut_off_on AS date), CAST(:late AS boolean),
                   coalesce(max(number), 0) + 1
              FROM summary
             WHERE district_key = :district_key AND period = :period
            ON CONFLICT (district_key, period, number) DO NOTHING
            RETURNING number
        """),
        {
            "district_key": row.district_key,
            "id": row.id,
            "district": row.district,
            "period": row.period,
            "status": row.status,
            "declarations": row.declarations,
            "people": row.people,
            "total_fen": row.total_fen,
            "funds": orjson.dumps(row.funds).decode(),
            "sent_on": row.sent_on,
            "cut_off_on": row.cut_off_on,
            "late": row.late,
        },
    )
    found = made.first()
    return None if found is None else int(found.number)


async def find(tx: AsyncConnection, district_key: int, summary_id: UUID) -> SummaryRow | None:
    """A summary."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM summary
                 WHERE district_key = :district_key AND id = :id
            """),
            {"district_key": district_key, "id": summary_id},
        )
    ).first()
    return None if row is None else SummaryRow(**row._mapping)


async def lock(tx: AsyncConnection, district_key: int, summary_id: UUID) -> SummaryRow | None:
    """A summary, held until the transaction ends: its audit and its return exclude each other."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM summary
                 WHERE district_key = :district_key AND id = :id
                   FOR UPDATE
            """),
            {"district_key": district_key, "id": summary_id},
        )
    ).first()
    return None if row is None else SummaryRow(**row._mapping)


async def set_audited(
    tx: AsyncConnection, district_key: int, summary_id: UUID, bill_date: date
) -> bool:
    """Audit a sent summary; False when it is not sent any more."""
    made = await tx.execute(
        text("""
            UPDATE summary
               SET status = 'audited', bill_date = :bill_date
             WHERE district_key = :district_key AND id = :id AND status = 'sent'
            RETURNING id
        """),
        {"district_key": district_key, "id": summary_id, "bill_date": bill_date},
    )
    return made.first() is not None


async def audit_declarations(tx: AsyncConnection, summary_id: UUID) -> list[tuple[int, UUID, int]]:
    """Move a summary's declarations to audited; (unit, declaration, round) of each."""
    rows = await tx.execute(
        text("""
            UPDATE declaration
               SET status = 'audited'
             WHERE summary_id = :summary_id AND status = 'reviewed'
            RETURNING unit_id, id, round
        """),
        {"summary_id": summary_id},
    )
    return [(row.unit_id, row.id, row.round) for row in rows]


async def page(
    tx: AsyncConnection,
    *,
    district: str | None,
    period: str | None,
    status: str | None,
    after: tuple[int, UUID],
    limit: int,
) -> list[SummaryRow]:
    """Summaries in the order of their keys."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM summary
             WHERE (CAST(:district AS text) IS NULL OR district = :district)
               AND (CAST(:period AS text) IS NULL OR period = :period)
               AND (CAST(:status AS text) IS NULL OR status = :status)
               AND (district_key, id) > (:district_key, :id)
             ORDER BY district_key, id
             LIMIT :limit
        """),
        {
            "district": district,
            "period": period,
            "status": status,
            "district_key": after[0],
            "id": after[1],
            "limit": limit,
        },
    )
    return [SummaryRow(**row._mapping) for row in rows]


async def to_bill(tx: AsyncConnection) -> list[SummaryRow]:
    """Audited summaries whose bills are not all issued."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM summary
             WHERE status = 'audited'
             ORDER BY sent_at
             LIMIT 20
        """)
    )
    return [SummaryRow(**row._mapping) for row in rows]


async def set_billed(tx: AsyncConnection, district_key: int, summary_id: UUID) -> bool:
    """Close a summary when none of its declarations waits for a bill."""
    made = await tx.execute(
        text("""
            UPDATE summary
               SET status = 'billed'
             WHERE district_key = :district_key AND id = :id AND status = 'audited'
               AND NOT EXISTS (SELECT 1
                                 FROM declaration
                                WHERE declaration.summary_id = :id
                                  AND declaration.status = 'audited')
            RETURNING id
        """),
        {"district_key": district_key, "id": summary_id},
    )
    return made.first() is not None
