"""Every rule that rows give values to, and the check of a proposed value."""

from __future__ import annotations

from typing import Any, Final

from services.payout.formulas.domain.figure import FIGURES
from services.payout.formulas.domain.pension import ANNUITY_MONTHS, EARLY_REDUCTION, PENSION_PARTS
from services.payout.formulas.domain.retirement import MINIMUM_MONTHS, RETIREMENT_AGES
from services.payout.formulas.domain.value import FormulaRule
from shared.errors import Fault

RULES: Final[dict[str, FormulaRule[Any]]] = {
    rule.name: rule
    for rule in (
        *FIGURES,
        RETIREMENT_AGES,
        MINIMUM_MONTHS,
        PENSION_PARTS,
        ANNUITY_MONTHS,
        EARLY_REDUCTION,
    )
}


def value_faults(rule: str, value: Any) -> list[Fault]:
    """Find every fault of a value that a row would give to a rule."""
    known = RULES.get(rule)
    if known is None:
        return [Fault("/rule", "RULE_UNKNOWN", "没有这项计发办法 (no such rule)")]
    return known.parse(value)[1]
