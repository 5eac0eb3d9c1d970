"""Maternity allowance (生育津贴): the unit's average wage over the days of leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.value import FormulaRule, ValueReader
from services.payout.formulas.domain.worksheet import BenefitQuote, Worksheet
from shared.errors import Fault, Faulty
from shared.money import Rounding, format_yuan, scale


class BirthKind(StrEnum):
    """The kind of the event."""

    BIRTH = "birth"
    EARLY_MISCARRIAGE = "early_miscarriage"  # 怀孕未满4个月流产
    LATE_MISCARRIAGE = "late_miscarriage"  # 怀孕满4个月流产


@dataclass(frozen=True, slots=True, kw_only=True)
class MaternityLeave:
    """Days of leave; `extension` is what a place adds to a birth (地方延长产假)."""

    birth: int
    difficult: int
    further_child: int
    early_miscarriage: int
    late_miscarriage: int
    extension: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyWage:
    """The day's wage: the monthly average times `times` over `days`, perhaps rounded by itself."""

    times: int
    days: int
    daily_rounding: Rounding | None
    rounding: Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class MaternityInputs:
    """The unit's average monthly wage of last year, and the event."""

    average_fen: int
    event: BirthKind = BirthKind.BIRTH
    difficult: bool = False
    children: int = 1


def _read_leave(value: ValueReader) -> MaternityLeave:
    return MaternityLeave(
        birth=value.whole("birth", 1),
        difficult=value.whole("difficult"),
        further_child=value.whole("further_child"),
        early_miscarriage=value.whole("early_miscarriage"),
        late_miscarriage=value.whole("late_miscarriage"),
        extension=value.whole("extension") if value.has("extension") else 0,
    )


def _read_daily(value: ValueReader) -> DailyWage:
    return DailyWage(
        times=value.whole("times", 1),
        days=value.whole("days", 1),
        daily_rounding=value.rounding("daily_rounding") if value.has("daily_rounding") else None,
        rounding=value.rounding(),
    )


MATERNITY_LEAVE: Final = FormulaRule("maternity_leave", "产假天数", _read_leave)
MATERNITY_DAILY: Final = FormulaRule("maternity_daily", "生育津贴日标准", _read_daily)


def quote_maternity(book: RowBook, day: date, given: MaternityInputs) -> BenefitQuote:
    """Quote a maternity allowance by the rows of a day.

    Raises:
        Faulty: children or difficulty with a miscarriage. FormulaRowMissing: a row is missing.
    """
    if given.event is not BirthKind.BIRTH and (given.difficult or given.children != 1):
        message = "流产不计难产和多胞胎天数 (a miscarriage has no further days)"
        raise Faulty(faults=[Fault("/event", "EVENT_CONTRADICTED", message)])
    sheet = Worksheet(book, day)
    leave = sheet.value(MATERNITY_LEAVE)
    parts = _days(leave, given)
    days = sum(number for _, number in parts)
    formula = " + ".join(f"{name} {number}" for name, number in parts)
    sheet.step("津贴天数", formula, f"{days} 天")
    sheet.fact("days", "津贴天数", str(days))
    daily = sheet.value(MATERNITY_DAILY)
    average = format_yuan(given.average_fen)
    month = f"{average} × {daily.times}" if daily.times > 1 else average
    if daily.daily_rounding is None:
        ratio = (daily.times * days, daily.days)
        text = f"{month} ÷ {daily.days} × {days}"
        base_fen = given.average_fen
    else:
        rounding = daily.daily_rounding
        base_fen = scale(given.average_fen, daily.times, daily.days, rounding)
        sheet.step("日标准", f"{month} ÷ {daily.days}", f"{format_yuan(base_fen)} 元", rounding)
        ratio, text = (days, 1), f"{format_yuan(base_fen)} × {days}"
    amount_fen = sheet.amount("生育津贴", text, base_fen, ratio, daily.rounding)
    sheet.pay("allowance", "生育津贴", amount_fen)
    return sheet.close()


def _days(leave: MaternityLeave, given: MaternityInputs) -> list[tuple[str, int]]:
    match given.event:
        case BirthKind.EARLY_MISCARRIAGE:
            return [("流产假", leave.early_miscarriage)]
        case BirthKind.LATE_MISCARRIAGE:
            return [("流产假", leave.late_miscarriage)]
    parts = [("产假", leave.birth)]
    if given.difficult:
        parts.append(("难产", leave.difficult))
    if given.children > 1:
        parts.append(("多胞胎", leave.further_child * (given.children - 1)))
    if leave.extension:
        parts.append(("地方延长", leave.extension))
    return parts
