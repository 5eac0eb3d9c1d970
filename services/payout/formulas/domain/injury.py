"""Work injury benefits (工伤待遇): disability by grade, and death with its survivors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.payout.formulas.domain.figure import (
    AVERAGE_WAGE,
    MINIMUM_WAGE,
    NATIONAL_INCOME_YEAR,
)
from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.value import FormulaRule, ValueReader
from services.payout.formulas.domain.worksheet import BenefitQuote, Worksheet, percent
from shared.money import PPM, format_yuan, scale

GRADES: Final = tuple(range(1, 11))


@dataclass(frozen=True, slots=True, kw_only=True)
class DisabilityGrade:
    """One-off months of the own wage, and the monthly share of it; 0 where none is paid."""

    months: int
    monthly_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disability:
    """The grades, and the limits of the own wage as shares of the average wage."""

    grades: dict[int, DisabilityGrade]
    floor_ppm: int
    ceiling_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InjuryDeath:
    """Death by injury: the grant in yearly incomes, months of funeral, shares of survivors."""

    grant_times: int
    funeral_months: int
    spouse_ppm: int
    other_ppm: int
    alone_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InjuryInputs:
    """The grade and the own monthly wage (before the accident); `leaves` when the contract ends."""

    grade: int
    wage_fen: int
    leaves: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InjuryDeathInputs:
    """The own monthly wage, and who is survived: spouse, others, and how many of them are alone."""

    wage_fen: int
    spouse: bool = False
    others: int = 0
    spouse_alone: bool = False
    others_alone: int = 0


def _read_grades(value: ValueReader, name: str) -> dict[int, ValueReader]:
    group = value.group(name)
    if group is None:
        value.fault(name, "MEMBER_MISSING", "缺少此项 (missing)")
        return {}
    found = {grade: group.group(str(grade)) for grade in GRADES}
    group.finish()
    return {grade: reader for grade, reader in found.items() if reader is not None}


def _read_disability(value: ValueReader) -> Disability:
    grades = {}
    for grade, item in _read_grades(value, "grades").items():
        monthly = item.rate("monthly") if item.has("monthly") else 0
        grades[grade] = DisabilityGrade(months=item.whole("months", 1), monthly_ppm=monthly)
        item.finish()
    if set(grades) != set(GRADES):
        value.fault("grades", "GRADES_MISSING", "须有一至十级 (grades 1 to 10)")
    return Disability(
        grades=grades,
        floor_ppm=value.rate("wage_floor"),
        ceiling_ppm=value.rate("wage_ceiling"),
    )


def _read_leaving(value: ValueReader) -> dict[int, int]:
    months = {}
    for grade, item in _read_grades(value, "grades").items():
        months[grade] = item.whole("months", 1)
        item.finish()
    return months


def _read_death(value: ValueReader) -> InjuryDeath:
    return InjuryDeath(
        grant_times=value.whole("grant_times", 1),
        funeral_months=value.whole("funeral_months", 1),
        spouse_ppm=value.rate("spouse"),
        other_ppm=value.rate("other"),
        alone_ppm=value.rate("alone"),
    )


INJURY_DISABILITY: Final = FormulaRule("injury_disability", "工伤伤残待遇", _read_disability)
INJURY_LEAVING: Final = FormulaRule(
    "injury_leaving", "一次性工伤医疗补助金(月数,基数为统筹地区月平均工资)", _read_leaving
)
INJURY_DEATH: Final = FormulaRule("injury_death", "因工死亡待遇", _read_death)


def quote_injury(book: RowBook, day: date, given: InjuryInputs) -> BenefitQuote:
    """Quote the benefits of a grade of disability by the rows of a day.

    Raises:
        FormulaRowMissing: a row is missing.
    """
    sheet = Worksheet(book, day)
    rule = sheet.value(INJURY_DISABILITY)
    wage_fen = _limited_wage(sheet, rule, given.wage_fen)
    grade = rule.grades[given.grade]
    once_fen = sheet.amount(
        "一次性伤残补助金",
        f"{format_yuan(wage_fen)} × {grade.months} 个月",
        wage_fen,
        (grade.months, 1),
    )
    sheet.pay("disability_grant", "一次性伤残补助金", once_fen)
    if grade.monthly_ppm:
        _monthly(sheet, grade, wage_fen)
    if given.leaves:
        leaving = sheet.optional(INJURY_LEAVING) or {}
        if given.grade in leaving:
            average_fen = sheet.figure(AVERAGE_WAGE)
            months = leaving[given.grade]
            formula = f"{format_yuan(average_fen)} × {months} 个月"
            amount_fen = sheet.amount("一次性工伤医疗补助金", formula, average_fen, (months, 1))
            sheet.pay("medical_grant", "一次性工伤医疗补助金", amount_fen)
    return sheet.close()


def _limited_wage(sheet: Worksheet, rule: Disability, wage_fen: int) -> int:
    average_fen = sheet.figure(AVERAGE_WAGE)
    floor_fen = scale(average_fen, rule.floor_ppm, PPM)
    ceiling_fen = scale(average_fen, rule.ceiling_ppm, PPM)
    limited_fen = min(max(wage_fen, floor_fen), ceiling_fen)
    sheet.step(
        "本人工资",
        f"{format_yuan(wage_fen)},不低于 {format_yuan(average_fen)} 的 {percent(rule.floor_ppm)},"
        f"不高于其 {percent(rule.ceiling_ppm)}",
        f"{format_yuan(limited_fen)} 元",
    )
    return limited_fen


def _monthly(sheet: Worksheet, grade: DisabilityGrade, wage_fen: int) -> None:
    monthly_fen = sheet.amount(
        "伤残津贴(月)",
        f"{format_yuan(wage_fen)} × {percent(grade.monthly_ppm)}",
        wage_fen,
        (grade.monthly_ppm, PPM),
    )
    minimum_fen = sheet.figure(MINIMUM_WAGE)
    if monthly_fen < minimum_fen:
        sheet.step(
            "补足到最低工资",
            f"{format_yuan(monthly_fen)} 低于 {format_yuan(minimum_fen)}",
            f"{format_yuan(minimum_fen)} 元",
        )
        monthly_fen = minimum_fen
    sheet.pay("disability_allowance", "伤残津贴", monthly_fen, monthly=True)


def quote_injury_death(book: RowBook, day: date, given: InjuryDeathInputs) -> BenefitQuote:
    """Quote the benefits of a death by injury by the rows of a day.

    Raises:
        FormulaRowMissing: a row is missing.
    """
    sheet = Worksheet(book, day)
    rule = sheet.value(INJURY_DEATH)
    income_fen = sheet.figure(NATIONAL_INCOME_YEAR)
    grant_fen = sheet.amount(
        "一次性工亡补助金",
        f"{format_yuan(income_fen)} × {rule.grant_times}",
        income_fen,
        (rule.grant_times, 1),
    )
    sheet.pay("death_grant", "一次性工亡补助金", grant_fen)
    average_fen = sheet.figure(AVERAGE_WAGE)
    funeral_fen = sheet.amount(
        "丧葬补助金",
        f"{format_yuan(average_fen)} × {rule.funeral_months} 个月",
        average_fen,
        (rule.funeral_months, 1),
    )
    sheet.pay("funeral", "丧葬补助金", funeral_fen)
    if given.spouse or given.others:
        _survivors(sheet, rule, given)
    return sheet.close()


def _survivors(sheet: Worksheet, rule: InjuryDeath, given: InjuryDeathInputs) -> None:
    """Pay survivors a share of the wage each; together not more than the wage."""
    parts = []
    if given.spouse:
        parts.append(rule.spouse_ppm + (rule.alone_ppm if given.spouse_alone else 0))
    parts += [rule.other_ppm] * given.others
    rate_ppm = sum(parts) + rule.alone_ppm * given.others_alone
    text = " + ".join(percent(part) for part in parts)
    if given.others_alone:
        text += f" + {percent(rule.alone_ppm)} × {given.others_alone}"
    monthly_fen = sheet.amount(
        "供养亲属抚恤金(月,合计)",
        f"{format_yuan(given.wage_fen)} × ({text}),合计不超过本人工资",
        given.wage_fen,
        (min(rate_ppm, PPM), PPM),
    )
    sheet.pay("survivors", "供养亲属抚恤金", monthly_fen, monthly=True)
