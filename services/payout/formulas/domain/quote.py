"""Quotes of every kind: the inputs say which one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from services.payout.formulas.domain.death import DeathInputs, quote_death
from services.payout.formulas.domain.hospital import HospitalInputs, quote_hospital
from services.payout.formulas.domain.injury import (
    InjuryDeathInputs,
    InjuryInputs,
    quote_injury,
    quote_injury_death,
)
from services.payout.formulas.domain.maternity import MaternityInputs, quote_maternity
from services.payout.formulas.domain.pension import PensionInputs, quote_pension
from services.payout.formulas.domain.retirement import RetirementInputs, quote_retirement
from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.sickness import SicknessInputs, quote_sickness
from services.payout.formulas.domain.stable_job import StableJobInputs, quote_stable_job
from services.payout.formulas.domain.unemployment import UnemploymentInputs, quote_unemployment
from services.payout.formulas.domain.worksheet import BenefitQuote

QuoteInputs = (
    RetirementInputs
    | PensionInputs
    | SicknessInputs
    | UnemploymentInputs
    | MaternityInputs
    | HospitalInputs
    | StableJobInputs
    | InjuryInputs
    | InjuryDeathInputs
    | DeathInputs
)


_CALCULATIONS: Final[dict[type, Callable[[RowBook, date, Any], BenefitQuote]]] = {
    RetirementInputs: quote_retirement,
    PensionInputs: quote_pension,
    SicknessInputs: quote_sickness,
    UnemploymentInputs: quote_unemployment,
    MaternityInputs: quote_maternity,
    HospitalInputs: quote_hospital,
    StableJobInputs: quote_stable_job,
    InjuryInputs: quote_injury,
    InjuryDeathInputs: quote_injury_death,
    DeathInputs: quote_death,
}


def quote(book: RowBook, day: date, given: QuoteInputs) -> BenefitQuote:
    """Quote a benefit by the rows of a day.

    Raises:
        FormulaRowMissing: a row is missing. Faulty: the inputs contradict each other.
    """
    return _CALCULATIONS[type(given)](book, day, given)
