"""Unemployment benefit (失业保险金): months by months paid, the amount by steps, and its medical premium."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.payout.formulas.domain.figure import MEDICAL_BASE, MINIMUM_WAGE
from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.value import FormulaRule, ValueReader
from services.payout.formulas.domain.worksheet import BenefitQuote, Worksheet, percent, span_text
from shared.money import PPM, Rounding, format_yuan


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthBand:
    """Months drawn by people who paid at least `paid_from` months.

    They are `months`, and `add` for every further `every` months paid, up to `most`.
    """

    paid_from: int
    months: int
    every: int
    add: int
    most: int

    def drawn(self, paid_months: int) -> int:
        """Return the months that may be drawn."""
        further = (paid_months - self.paid_from) // self.every * self.add
        return min(self.months + further, self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitRate:
    """The monthly amount: a share of the minimum wage, or a fixed amount."""

    rate_ppm: int | None
    amount_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnemploymentAmounts:
    """The amounts by months paid, and from a later month of drawing on."""

    bands: tuple[tuple[int, BenefitRate], ...]
    later_after: int | None
    later: BenefitRate | None
    rounding: Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class UnemploymentInputs:
    """Months paid, and months drawn earlier for the same months paid."""

    paid_months: int
    used_months: int = 0


def _read_months(value: ValueReader) -> tuple[MonthBand, ...]:
    bands = []
    for item in value.items("bands"):
        steps = item.has("every")
        months = item.whole("months")
        bands.append(
            MonthBand(
                paid_from=item.whole("paid_from"),
                months=months,
                every=item.whole("every", 1) if steps else 1,
                add=item.whole("add") if steps else 0,
                most=item.whole("most") if steps else months,
            )
        )
        item.finish()
    if [band.paid_from for band in bands] != sorted({band.paid_from for band in bands}):
        value.fault("bands", "BANDS_UNORDERED", "档次须递增 (bands must rise)")
    return tuple(bands)


def _read_rate(value: ValueReader) -> BenefitRate:
    fixed = value.has("amount")
    return BenefitRate(
        rate_ppm=None if fixed else value.rate("rate"),
        amount_fen=value.yuan("amount") if fixed else None,
    )


def _read_amounts(value: ValueReader) -> UnemploymentAmounts:
    bands = []
    for item in value.items("bands"):
        bands.append((item.whole("paid_from"), _read_rate(item)))
        item.finish()
    later = value.group("later")
    later_after, later_rate = None, None
    if later is not None:
        later_after, later_rate = later.whole("after", 1), _read_rate(later)
        later.finish()
    if [first for first, _ in bands] != sorted({first for first, _ in bands}):
        value.fault("bands", "BANDS_UNORDERED", "档次须递增 (bands must rise)")
    return UnemploymentAmounts(
        bands=tuple(bands),
        later_after=later_after,
        later=later_rate,
        rounding=value.rounding(),
    )


UNEMPLOYMENT_MONTHS: Final = FormulaRule("unemployment_months", "失业保险金领取期限", _read_months)
UNEMPLOYMENT_AMOUNT: Final = FormulaRule("unemployment_amount", "失业保险金标准", _read_amounts)
UNEMPLOYMENT_MEDICAL: Final = FormulaRule(
    "unemployment_medical", "失业期间职工医保费率(单位和个人合计)", lambda value: value.rate("rate")
)


def quote_unemployment(book: RowBook, day: date, given: UnemploymentInputs) -> BenefitQuote:
    """Quote unemployment benefit by the rows of a day.

    Raises:
        FormulaRowMissing: a row is missing.
    """
    sheet = Worksheet(book, day)
    bands = sheet.value(UNEMPLOYMENT_MONTHS)
    least = bands[0].paid_from
    sheet.require(
        "paid_months",
        "累计缴费时间",
        f"不少于 {span_text(least)}",
        span_text(given.paid_months),
        given.paid_months >= least,
    )
    reached = [band for band in bands if band.paid_from <= given.paid_months]
    months = max(0, reached[-1].drawn(given.paid_months) - given.used_months) if reached else 0
    used = f",已领 {given.used_months} 个月" if given.used_months else ""
    sheet.step("领取期限", f"累计缴费 {span_text(given.paid_months)}{used}", f"{months} 个月")
    sheet.fact("months", "领取月数", str(months))
    if months:
        _benefit(sheet, given, months)
        _medical(sheet, months)
    return sheet.close()


def _benefit(sheet: Worksheet, given: UnemploymentInputs, months: int) -> None:
    amounts = sheet.value(UNEMPLOYMENT_AMOUNT)
    own = next(
        (rate for first, rate in reversed(amounts.bands) if first <= given.paid_months),
        amounts.bands[0][1],
    )
    early = months
    if amounts.later_after is not None:
        early = max(0, min(months, amounts.later_after - given.used_months))
    if early:
        amount_fen = _monthly(sheet, "失业保险金(月)", own, amounts.rounding)
        sheet.pay("benefit", "失业保险金", amount_fen, months=early)
    if months > early and amounts.later is not None:
        name = f"失业保险金(第 {amounts.later_after or 0} 个月后)"
        amount_fen = _monthly(sheet, name, amounts.later, amounts.rounding)
        sheet.pay("benefit_later", name, amount_fen, months=months - early)


def _monthly(sheet: Worksheet, name: str, rate: BenefitRate, rounding: Rounding) -> int:
    if rate.amount_fen is not None:
        sheet.step(name, "定额", f"{format_yuan(rate.amount_fen)} 元")
        return rate.amount_fen
    wage_fen = sheet.figure(MINIMUM_WAGE)
    rate_ppm = rate.rate_ppm or 0
    formula = f"{format_yuan(wage_fen)} × {percent(rate_ppm)}"
    return sheet.amount(name, formula, wage_fen, (rate_ppm, PPM), rounding)


def _medical(sheet: Worksheet, months: int) -> None:
    rate_ppm = sheet.optional(UNEMPLOYMENT_MEDICAL)
    if rate_ppm is None:
        return
    base_fen = sheet.figure(MEDICAL_BASE)
    amount_fen = sheet.amount(
        "代缴基本医疗保险费(月)",
        f"{format_yuan(base_fen)} × {percent(rate_ppm)}",
        base_fen,
        (rate_ppm, PPM),
    )
    sheet.pay("medical_premium", "代缴基本医疗保险费", amount_fen, months=months)
