"""The five insurances (险种) and their terms.

Insurances and funds are both short codes. They are not the same idea: the map insurance → fund is
part of the policy (maternity has been booked in the medical fund since the 2019 merger).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

FIVE_INSURANCES: Final = ("pension", "medical", "unemployment", "work_injury", "maternity")

INSURANCE_NAMES: Final = {
    "pension": "基本养老保险",
    "medical": "基本医疗保险",
    "unemployment": "失业保险",
    "work_injury": "工伤保险",
    "maternity": "生育保险",
    "large_outpatient": "大额医疗(门诊)补助",
    "large_medical": "大额医疗救助",
    "civil_servant_aid": "公务员医疗补助",
    "supplementary_medical": "地方附加医疗保险",
    "serious_illness": "大病保险",
    "long_term_care": "长期护理保险",
}

CODE_PATTERN: Final = r"^[a-z][a-z0-9_]{1,31}$"
"""Shape of an insurance, fund, district or account-part code."""


class Party(StrEnum):
    """The party that bears a contribution: the unit or the person."""

    UNIT = "unit"
    PERSONAL = "personal"


class AccountKind(StrEnum):
    """The account inside a fund that a contribution goes to: the pool or the person's own."""

    POOLED = "pooled"
    PERSONAL_ACCOUNT = "personal_account"


class UnitKind(StrEnum):
    """The kind of a unit (单位类型); rates and base sources differ by it."""

    ENTERPRISE = "enterprise"
    INSTITUTION = "institution"
    ORGAN = "organ"
    RURAL_ENTERPRISE = "rural_enterprise"
    FLEXIBLE = "flexible"


class UnitSize(StrEnum):
    """The size of a unit (单位规模); some relief differs by it."""

    LARGE = "large"
    MEDIUM = "medium"
    SMALL = "small"
    MICRO = "micro"
    SOLE = "sole"
