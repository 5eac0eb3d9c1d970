"""Figures and ages that a policy needs besides the wages, and people who are not plain employees.

Line 0 is the unit itself. Most policies need none, and then there is no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.levied import FigureRecord
from services.collection.filing.domain.records import DeclarationRow
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


@dataclass(frozen=True, slots=True)
class FiguresRow:
    """One line's figures in fen, in the order of `Figure` (of `UnitFigure` on line 0), the age in full
    years, and the category (None: a plain employee)."""

    line_no: int
    figures_fen: list[int | None]
    age: int | None
    category: str | None
    base_choice: str | None


async def copy(tx: AsyncConnection, records: Sequence[FigureRecord]) -> None:
    """Store figures by COPY; tuples are in the order of the columns."""
    connection = await raw(tx)
    await connection.copy_records_to_table("declaration_figures", records=records, columns=COLUMNS)


async def of_lines(
    tx: AsyncConnection, of: DeclarationRow, lines: Sequence[int]
) -> dict[int, FiguresRow]:
    """Read the figures of some lines of a declaration."""
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
