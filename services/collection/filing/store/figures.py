"""What a declaration says beside the wages, where its policy asks for it: figures and ages; and who
of its people is no ordinary employee.

Line 0 is the unit itself. Most policies ask for nothing, and then there is no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.store.declaration import DeclarationRow
from shared.db import raw

COLUMNS = (
    "unit_id",
    "declaration_id",
    "round",
    "line_no",
    "figures_fen",
    "age",
    "category",
    "base_choice",
)
UNIT_LINE = 0


@dataclass(frozen=True, slots=True)
class FiguresRow:
    """Figures in fen, in the order of `policy.Figure` (of `UnitFigure` on line 0); full years; what
    somebody is who is no employee."""

    line_no: int
    figures_fen: list[int | None]
    age: int | None
    category: str | None
    base_choice: str | None


async def copy(tx: AsyncConnection, records: Sequence[tuple[Any, ...]]) -> None:
    """Store figures by COPY; tuples in the order of COLUMNS, of employees without the last two."""
    connection = await raw(tx)
    whole = ((*record, *(None,) * (len(COLUMNS) - len(record))) for record in records)
    await connection.copy_records_to_table("declaration_figures", records=whole, columns=COLUMNS)


async def of_lines(
    tx: AsyncConnection, of: DeclarationRow, lines: Sequence[int]
) -> dict[int, FiguresRow]:
    """The figures of some lines of a declaration."""
    rows = await tx.execute(
        text("""
            SELECT line_no, figures_fen, age, category, base_choice
              FROM declaration_figures
             WHERE unit_id = :unit_id AND declaration_id = :id AND round = :round
               AND line_no = ANY(CAST(:lines AS integer[]))
        """),
        {"unit_id": of.unit_id, "id": of.id, "round": of.round, "lines": list(lines)},
    )
    return {row.line_no: FiguresRow(**row._mapping) for row in rows}
