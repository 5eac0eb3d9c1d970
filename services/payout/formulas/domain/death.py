"""Death of an insured person or pensioner (遗属待遇): funeral grant and the grant by years paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.payout.formulas.domain.figure import URBAN_INCOME_MONTH
from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.value import FormulaRule, ValueReader
from services.payout.formulas.domain.worksheet import BenefitQuote, Worksheet, span_text
from shared.money import format_yuan


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathGrant:
    """Months of the funeral grant, and of the grant: by bands, then a month for every further year.

    A pensioner's months fall by a month for every year drawn, but not below `least`.
    """

    funeral_months: int
    bands: tuple[tuple[int, int], ...]
    further_from: int
    counted_to: int
    least: int

    def twelfths(self, paid_months: int) -> int:
        """Return the months of the grant in twelfths, by the months paid."""
        whole = [months for first, months in self.bands if first <= paid_months]
        further = max(0, min(paid_months, self.counted_to) - self.further_from)
        return (whole[-1] if whole else 0) * 12 + further


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathInputs:
    """Months paid, and the months that a pensioner drew; None for a person still insured."""

    paid_months: int
    drawn_months: int | None = None


def _read(value: ValueReader) -> DeathGrant:
    bands = []
    for item in value.items("bands"):
        bands.append((item.whole("paid_from"), item.whole("months")))
        item.finish()
    if [first for first, _ in bands] != sorted({first for first, _ in bands}):
        value.fault("bands", "BANDS_UNORDERED", "档次须递增 (bands must rise)")
    return DeathGrant(
        funeral_months=value.whole("funeral_months", 1),
        bands=tuple(bands),
        further_from=value.whole("further_from"),
        counted_to=value.whole("counted_to"),
        least=value.whole("least"),
    )


DEATH_GRANT: Final = FormulaRule("death_grant", "丧葬补助金和抚恤金", _read)


def quote_death(book: RowBook, day: date, given: DeathInputs) -> BenefitQuote:
    """Quote the grants at a death by the rows of a day.

    Raises:
        FormulaRowMissing: a row is missing.
    """
    sheet = Worksheet(book, day)
    rule = sheet.value(DEATH_GRANT)
    income_fen = sheet.figure(URBAN_INCOME_MONTH)
    funeral_fen = sheet.amount(
        "丧葬补助金",
        f"{format_yuan(income_fen)} × {rule.funeral_months} 个月",
        income_fen,
        (rule.funeral_months, 1),
    )
    sheet.pay("funeral", "丧葬补助金", funeral_fen)
    twelfths = rule.twelfths(given.paid_months)
    sheet.step(
        "抚恤金月数(按缴费年限)", f"累计缴费 {span_text(given.paid_months)}", _months_text(twelfths)
    )
    if given.drawn_months is not None:
        left = max(twelfths - given.drawn_months, rule.least * 12)
        sheet.step(
            "抚恤金月数(扣减已领取年限)",
            f"{_months_text(twelfths)} - 已领取 {span_text(given.drawn_months)},"
            f"不低于 {rule.least} 个月",
            _months_text(left),
        )
        twelfths = left
    grant_fen = sheet.amount(
        "抚恤金",
        f"{format_yuan(income_fen)} × {_months_text(twelfths)}",
        income_fen,
        (twelfths, 12),
    )
    sheet.pay("grant", "抚恤金", grant_fen)
    sheet.fact("grant_months", "抚恤金月数", _months_text(twelfths))
    return sheet.close()


def _months_text(twelfths: int) -> str:
    whole, rest = divmod(twelfths, 12)
    return f"{whole}又{rest}/12 个月" if rest else f"{whole} 个月"
