"""Quotes of benefits by the rows in force."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.formulas.domain.quote import QuoteInputs, quote
from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.worksheet import BenefitQuote
from services.payout.formulas.store import row as formula_row_store


async def quote_benefit(
    tx: AsyncConnection, place: str, day: date, given: QuoteInputs
) -> BenefitQuote:
    """Quote a benefit of a place by the rows of a day; nothing is stored.

    Raises:
        FormulaRowMissing: a row is missing. Faulty: the inputs contradict each other.
    """
    book = RowBook(await formula_row_store.in_force(tx, place), place)
    return quote(book, day, given)
