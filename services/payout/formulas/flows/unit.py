"""Quotes of a unit by the rows in force, from the records of collection."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.unit import UnitQuestion, UnitRecord, quote_unit
from services.payout.formulas.domain.worksheet import BenefitQuote
from services.payout.formulas.store import row as formula_row_store


async def quote(
    tx: AsyncConnection, place: str, day: date, record: UnitRecord, question: UnitQuestion
) -> BenefitQuote:
    """Quote a benefit of a unit; nothing is stored.

    Raises:
        Faulty, FormulaRowMissing: see `quote_unit`.
    """
    book = RowBook(await formula_row_store.in_force(tx, place), place)
    return quote_unit(book, day, record, question)
