"""Quotes of every kind: the inputs say which one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
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
from services.payout.formulas.domain.worksheet import BenefitQuote, decimal_text
from shared.money import format_yuan
from shared.period import Period

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
    result = _CALCULATIONS[type(given)](book, day, given)
    return replace(result, inputs=tuple(_inputs_of(given)))


def _inputs_of(given: Any) -> Iterator[tuple[str, str]]:
    """Write every input as text: amounts in yuan, rates and indices as decimals."""
    for one in fields(given):
        value = getattr(given, one.name)
        if is_dataclass(value) and not isinstance(value, Period):
            yield from _inputs_of(value)
        elif isinstance(value, bool):
            yield one.name, "true" if value else "false"
        elif one.name.endswith("_fen"):
            yield one.name.removesuffix("_fen"), format_yuan(value)
        elif one.name.endswith("_ppm"):
            yield one.name.removesuffix("_ppm"), decimal_text(value)
        elif value is not None:
            yield one.name, str(value)
