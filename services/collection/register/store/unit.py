"""SQL of registered units."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.register.domain.unit import Unit
from shared.page import read_page

_COLUMNS = """credit_code, name, kind, district, injury_class, collector, bank, status, size,
       injury_step"""


async def find(tx: AsyncConnection, unit_id: int) -> Unit | None:
    """Find the unit with a shard key; the caller compares its credit code."""
    row = (
        await tx.execute(
            text(f"SELECT {_COLUMNS} FROM unit WHERE unit_id = :unit_id"), {"unit_id": unit_id}
        )
    ).first()
    return None if row is None else Unit(**row._mapping)


async def lock(tx: AsyncConnection, unit_id: int) -> None:
    """Lock a unit until the transaction ends, so that changes to its papers run one by one."""
    await tx.execute(
        text("SELECT 1 FROM unit WHERE unit_id = :unit_id FOR UPDATE"), {"unit_id": unit_id}
    )


async def insert(tx: AsyncConnection, units: Sequence[Unit]) -> set[str]:
    """Register units; return the credit codes of the new ones."""
    created = await tx.execute(
        text("""
            INSERT INTO unit (unit_id, credit_code, name, kind, district, injury_class, collector,
                              bank, size)
            SELECT unit_id, credit_code, name, kind, district, injury_class, collector, bank, size
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:credit_codes AS text[]),
                          CAST(:names AS text[]), CAST(:kinds AS text[]),
                          CAST(:districts AS text[]), CAST(:injury_classes AS smallint[]),
                          CAST(:collectors AS text[]), CAST(:banks AS jsonb[]),
                          CAST(:sizes AS text[]))
                AS batch (unit_id, credit_code, name, kind, district, injury_class, collector, bank,
                          size)
            ON CONFLICT (unit_id) DO NOTHING
            RETURNING credit_code
        """),
        {
            "unit_ids": [unit.id for unit in units],
            "credit_codes": [unit.credit_code for unit in units],
            "names": [unit.name for unit in units],
            "kinds": [unit.kind for unit in units],
            "districts": [unit.district for unit in units],
            "injury_classes": [unit.injury_class for unit in units],
            "collectors": [unit.collector for unit in units],
            "banks": [
                None if unit.bank is None else orjson.dumps(unit.bank).decode() for unit in units
            ],
            "sizes": [unit.size for unit in units],
        },
    )
    return {row.credit_code for row in created}


async def known(tx: AsyncConnection, unit_ids: Sequence[int]) -> dict[int, Unit]:
    """Read units by key."""
    rows = await tx.execute(
        text(f"""
            SELECT unit_id, {_COLUMNS}
              FROM unit
             WHERE unit_id = ANY(CAST(:unit_ids AS bigint[]))
        """),
        {"unit_ids": list(unit_ids)},
    )
    found: dict[int, Unit] = {}
    for row in rows:
        columns = dict(row._mapping)
        unit_id = columns.pop("unit_id")
        found[unit_id] = Unit(**columns)
    return found


async def page(
    tx: AsyncConnection,
    district: str | None,
    unit_ids: frozenset[int] | None,
    after: int | None,
    limit: int,
) -> list[Unit]:
    """Read units of a district, some units or all, in the order of their keys."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM unit",
        key=("unit_id",),
        after=None if after is None else (after,),
        limit=limit,
        row=Unit,
        equal={"district": district, "unit_id": unit_ids},
    )
