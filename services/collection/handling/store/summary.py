"""SQL of district summaries, which cover the declarations of many units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.page import read_page

_COLUMNS = """district_key, id, district, period, status, declarations, people, total_fen, funds,
       bill_date, sent_at, number, sent_on, cut_off_on, late"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRow:
    """A district's summary with its control totals; `funds` maps fund to fen."""

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
class SummaryTotals:
    """Control totals: declarations, people, and amounts in total and per fund, in fen."""

    declarations: int
    people: int
    total_fen: int
    funds: dict[str, int]


async def take_reviewed(tx: AsyncConnection, summary_id: UUID, district: str, period: str) -> int:
    """Put a district's reviewed declarations of a period into a summary; return how many."""
    result = await tx.execute(
        text("""
            UPDATE declaration
               SET summary_id = :summary_id
             WHERE district = :district AND period = :period AND status = 'reviewed'
               AND summary_id IS NULL
        """),
        {"summary_id": summary_id, "district": district, "period": period},
    )
    return result.rowcount


async def count(tx: AsyncConnection, summary_id: UUID) -> SummaryTotals:
    """Compute control totals from the declarations and their levied lines."""
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
              JOIN declaration_levy AS levy
                ON levy.unit_id = declaration.unit_id
               AND levy.declaration_id = declaration.id
               AND levy.round = declaration.round
             CROSS JOIN LATERAL unnest(levy.fund, levy.amount_fen) AS line (fund, amount_fen)
             WHERE declaration.summary_id = :summary_id
             GROUP BY line.fund
             ORDER BY line.fund
             LIMIT 100
        """),
        {"summary_id": summary_id},
    )
    return SummaryTotals(
        declarations=head.declarations,
        people=head.people,
        total_fen=head.total_fen,
        funds={row.fund: row.amount_fen for row in funds},
    )


async def insert(tx: AsyncConnection, row: SummaryRow) -> int | None:
    """Store a summary under the next number of its district and period.

    Returns None if a concurrent summary took the number.
    """
    result = await tx.execute(
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
    found = result.first()
    return None if found is None else int(found.number)


async def find(tx: AsyncConnection, district_key: int, summary_id: UUID) -> SummaryRow | None:
    """Find a summary."""
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
    """Find and lock a summary until the transaction ends, so that audit and return exclude each other."""
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
    """Mark a sent summary as audited; return False if it does not wait for audit."""
    result = await tx.execute(
        text("""
            UPDATE summary
               SET status = 'audited', bill_date = :bill_date
             WHERE district_key = :district_key AND id = :id AND status = 'sent'
            RETURNING id
        """),
        {"district_key": district_key, "id": summary_id, "bill_date": bill_date},
    )
    return result.first() is not None


async def audit_declarations(tx: AsyncConnection, summary_id: UUID) -> list[tuple[int, UUID, int]]:
    """Mark a summary's declarations as audited; return (unit, declaration, round) of each."""
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
    """Read summaries in the order of their keys."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM summary",
        key=("district_key", "id"),
        after=after,
        limit=limit,
        row=SummaryRow,
        equal={"district": district, "period": period, "status": status},
    )


async def to_bill(tx: AsyncConnection) -> list[SummaryRow]:
    """List audited summaries whose bills are not all issued."""
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
    """Mark a summary as billed if none of its declarations waits for a bill."""
    result = await tx.execute(
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
    return result.first() is not None
