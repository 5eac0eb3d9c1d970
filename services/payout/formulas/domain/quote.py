"""Quotes of every kind: the inputs say which one."""

from __future__ import annotations

from datetime import date

from services.payout.formulas.domain.pension import PensionInputs, quote_pension
from services.payout.formulas.domain.retirement import RetirementInputs, quote_retirement
from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.worksheet import BenefitQuote

QuoteInputs = RetirementInputs | PensionInputs


def quote(book: RowBook, day: date, given: QuoteInputs) -> BenefitQuote:
    """Quote a benefit by the rows of a day.

    Raises:
        FormulaRowMissing: a row is missing. Faulty: the inputs contradict each other.
    """
    match given:
        case RetirementInputs():
            return quote_retirement(book, day, given)
        case PensionInputs():
            return quote_pension(book, day, given)
