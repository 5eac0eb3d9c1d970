"""SQL of dunning notices, one per unit and day, written in sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.domain.dunning import DunningNotice
from shared.page import UnitFilter, read_page


async def lock_run(tx: AsyncConnection, district_key: int, district: str, day: date) -> int:
    """Lock the runs of a district and day, and return the number of notices so far."""
    found = await tx.execute(
        text("""
            INSERT INTO dunning_run (district_key, day, district, notices)
            VALUES (:district_key, :day, :district, 0)
            ON CONFLICT (district_key, day) DO UPDATE SET notices = dunning_run.notices
            RETURNING notices
        """),
        {"district_key": district_key, "day": day, "district": district},
    )
    return int(found.scalar_one())


async def count_run(tx: AsyncConnection, district_key: int, day: date, notices: int) -> None:
    """Write the number of notices of a district and day."""
    await tx.execute(
        text("""
            UPDATE dunning_run
               SET notices = :notices
             WHERE district_key = :district_key AND day = :day
        """),
        {"district_key": district_key, "day": day, "notices": notices},
    )


async def noticed(tx: AsyncConnection, unit_ids: Sequence[int], day: date) -> set[int]:
    """Read which units already have a notice of a day."""
    rows = await tx.execute(
        text("""
            SELECT unit_id
              FROM dunning_notice
             WHERE unit_id = ANY(CAST(:unit_ids AS bigint[])) AND day = :day
        """),
        {"unit_ids": list(unit_ids), "day": day},
    )
    return {row.unit_id for row in rows}


async def insert(tx: AsyncConnection, notices: Sequence[DunningNotice], by: str) -> None:
    """Write notices and their lines."""
    await tx.execute(
        text("""
            INSERT INTO dunning_notice (unit_id, id, number, credit_code, district, day, oldest,
                                        open_fen, late_fee_fen, interest_fen, made_by)
            SELECT unit_id, id, number, credit_code, district, day, oldest, open_fen,
                   late_fee_fen, interest_fen, CAST(:by AS text)
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:numbers AS text[]), CAST(:codes AS text[]),
                          CAST(:districts AS text[]), CAST(:days AS date[]),
                          CAST(:oldest AS text[]), CAST(:open AS bigint[]),
                          CAST(:late_fees AS bigint[]), CAST(:interests AS bigint[]))
                AS batch (unit_id, id, number, credit_code, district, day, oldest, open_fen,
                          late_fee_fen, interest_fen)
        """),
        {
            "by": by,
            "unit_ids": [notice.unit_id for notice in notices],
            "ids": [notice.id for notice in notices],
            "numbers": [notice.number for notice in notices],
            "codes": [notice.credit_code for notice in notices],
            "districts": [notice.district for notice in notices],
            "days": [notice.day for notice in notices],
            "oldest": [notice.oldest for notice in notices],
            "open": [notice.sums.open_fen for notice in notices],
            "late_fees": [notice.sums.late_fee_fen for notice in notices],
            "interests": [notice.sums.interest_fen for notice in notices],
        },
    )
    lines = [(notice, key, sums) for notice in notices for key, sums in notice.lines.items()]
    await tx.execute(
        text("""
            INSERT INTO dunning_line (unit_id, notice_id, insurance, party, open_fen,
                                      late_fee_fen, interest_fen)
            SELECT *
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:insurances AS text[]), CAST(:parties AS text[]),
                          CAST(:open AS bigint[]), CAST(:late_fees AS bigint[]),
                          CAST(:interests AS bigint[]))
        """),
        {
            "unit_ids": [notice.unit_id for notice, _, _ in lines],
            "ids": [notice.id for notice, _, _ in lines],
            "insurances": [insurance for _, (insurance, _), _ in lines],
            "parties": [party for _, (_, party), _ in lines],
            "open": [sums.open_fen for _, _, sums in lines],
            "late_fees": [sums.late_fee_fen for _, _, sums in lines],
            "interests": [sums.interest_fen for _, _, sums in lines],
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningNoticeRow:
    """A notice without its lines."""

    unit_id: int
    id: UUID
    number: str
    credit_code: str
    district: str
    day: date
    oldest: str
    open_fen: int
    late_fee_fen: int
    interest_fen: int
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningNoticeLineRow:
    """A line of a notice: one insurance and party."""

    insurance: str
    party: str
    open_fen: int
    late_fee_fen: int
    interest_fen: int


_COLUMNS = """unit_id, id, number, credit_code, district, day, oldest, open_fen, late_fee_fen,
       interest_fen, made_by"""


async def find(tx: AsyncConnection, unit_id: int, notice_id: UUID) -> DunningNoticeRow | None:
    """Read one notice; None when there is none."""
    row = (
        await tx.execute(
            text(f"SELECT {_COLUMNS} FROM dunning_notice WHERE unit_id = :unit_id AND id = :id"),
            {"unit_id": unit_id, "id": notice_id},
        )
    ).first()
    return None if row is None else DunningNoticeRow(**row._mapping)


async def lines(tx: AsyncConnection, unit_id: int, notice_id: UUID) -> list[DunningNoticeLineRow]:
    """Read the lines of a notice."""
    rows = await tx.execute(
        text("""
            SELECT insurance, party, open_fen, late_fee_fen, interest_fen
              FROM dunning_line
             WHERE unit_id = :unit_id AND notice_id = :id
             ORDER BY insurance, party
             LIMIT 100
        """),
        {"unit_id": unit_id, "id": notice_id},
    )
    return [DunningNoticeLineRow(**row._mapping) for row in rows]


async def page(
    tx: AsyncConnection,
    *,
    unit_id: UnitFilter,
    district: str | None,
    day: date | None,
    after: tuple[int, UUID],
    limit: int,
) -> list[DunningNoticeRow]:
    """Read notices to a unit, in a district or to all, in the order of their keys."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM dunning_notice",
        key=("unit_id", "id"),
        after=after,
        limit=limit,
        row=DunningNoticeRow,
        equal={"unit_id": unit_id, "district": district, "day": day},
    )
