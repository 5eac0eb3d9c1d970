"""Published figures (公布数): averages, wages and incomes that formulas start from."""

from __future__ import annotations

from typing import Final

from services.payout.formulas.domain.value import FormulaRule, ValueReader


def _amount(value: ValueReader) -> int:
    return value.yuan("amount")


PENSION_AVERAGE: Final = FormulaRule("pension_average", "养老金计发基数(月)", _amount)
INDEX_AVERAGE: Final = FormulaRule(
    "pension_index_average", "指数化工资所用的计发基数(与计发基数不同的地区)", _amount
)
INDEX_WAGE: Final = FormulaRule("index_wage", "缴费指数对照的月平均工资", _amount)
AVERAGE_WAGE: Final = FormulaRule("average_wage", "统筹地区上年度职工月平均工资", _amount)
MINIMUM_WAGE: Final = FormulaRule("minimum_wage", "月最低工资标准", _amount)
MEDICAL_BASE: Final = FormulaRule("medical_base", "失业期间职工医保缴费基数(月)", _amount)
URBAN_INCOME_MONTH: Final = FormulaRule(
    "urban_income_month", "上年度城镇居民月人均可支配收入", _amount
)
NATIONAL_INCOME_YEAR: Final = FormulaRule(
    "national_income_year", "上年度全国城镇居民人均可支配收入(年)", _amount
)
FIGURES: Final = (
    PENSION_AVERAGE,
    INDEX_AVERAGE,
    INDEX_WAGE,
    AVERAGE_WAGE,
    MINIMUM_WAGE,
    MEDICAL_BASE,
    URBAN_INCOME_MONTH,
    NATIONAL_INCOME_YEAR,
)
