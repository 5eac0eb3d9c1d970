"""Every rule that rows give values to, and the check of a proposed value."""

from __future__ import annotations

from typing import Any, Final

from services.payout.formulas.domain.death import DEATH_GRANT
from services.payout.formulas.domain.figure import FIGURES
from services.payout.formulas.domain.hospital import HOSPITAL_STAY
from services.payout.formulas.domain.injury import (
    INJURY_DEATH,
    INJURY_DISABILITY,
    INJURY_LEAVING,
)
from services.payout.formulas.domain.maternity import MATERNITY_DAILY, MATERNITY_LEAVE
from services.payout.formulas.domain.pension import (
    ANNUITY_MONTHS,
    EARLY_REDUCTION,
    INDEX_DECIMALS,
    PENSION_PARTS,
)
from services.payout.formulas.domain.retirement import MINIMUM_MONTHS, RETIREMENT_AGES
from services.payout.formulas.domain.sickness import SICKNESS_ALLOWANCE
from services.payout.formulas.domain.stable_job import STABLE_JOB_REFUND
from services.payout.formulas.domain.transfer import TRANSFER_POOLED
from services.payout.formulas.domain.unemployment import (
    UNEMPLOYMENT_AMOUNT,
    UNEMPLOYMENT_MEDICAL,
    UNEMPLOYMENT_MONTHS,
)
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
        INDEX_DECIMALS,
        UNEMPLOYMENT_MONTHS,
        UNEMPLOYMENT_AMOUNT,
        UNEMPLOYMENT_MEDICAL,
        MATERNITY_LEAVE,
        MATERNITY_DAILY,
        HOSPITAL_STAY,
        STABLE_JOB_REFUND,
        INJURY_DISABILITY,
        INJURY_LEAVING,
        INJURY_DEATH,
        DEATH_GRANT,
        SICKNESS_ALLOWANCE,
        TRANSFER_POOLED,
    )
}


def value_faults(rule: str, value: Any) -> list[Fault]:
    """Find every fault of a value that a row would give to a rule."""
    known = RULES.get(rule)
    if known is None:
        return [Fault("/rule", "RULE_UNKNOWN", "没有这项计发办法 (no such rule)")]
    return known.parse(value)[1]
