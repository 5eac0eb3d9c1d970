"""Sickness allowance (病残津贴): for those who lost their ability to work before retirement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.payout.formulas.domain.pension import PensionInputs, quote_pension
from services.payout.formulas.domain.retirement import MINIMUM_MONTHS, minimum_months
from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.value import FormulaRule, ValueReader
from services.payout.formulas.domain.worksheet import BenefitQuote, QuoteLine, Worksheet, span_text
from shared.money import format_yuan
from shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class SicknessAllowance:
    """Near retirement the whole pension is paid, else its basic part; with too few years for some months.

    Fewer than `short_from` months paid give `months`; every started further year gives `add`.
    """

    near_months: int
    short_from: int
    months: int
    add: int

    def limited_months(self, paid_months: int) -> int:
        """Return the months of a person who has not the minimum years."""
        further = max(0, paid_months - self.short_from)
        return self.months + -(-further // 12) * self.add


@dataclass(frozen=True, slots=True, kw_only=True)
class SicknessInputs:
    """The pension's inputs in the month of the claim, and the statutory month of retirement."""

    pension: PensionInputs
    statutory: Period


def _read(value: ValueReader) -> SicknessAllowance:
    return SicknessAllowance(
        near_months=value.whole("near_months"),
        short_from=value.whole("short_from"),
        months=value.whole("months", 1),
        add=value.whole("add"),
    )


SICKNESS_ALLOWANCE: Final = FormulaRule("sickness_allowance", "病残津贴", _read)


def quote_sickness(book: RowBook, day: date, given: SicknessInputs) -> BenefitQuote:
    """Quote a sickness allowance by the rows of a day.

    Raises:
        Faulty: the inputs contradict each other. FormulaRowMissing: a row is missing.
    """
    pension = quote_pension(book, day, given.pension)
    sheet = Worksheet(book, day)
    rule = sheet.value(SICKNESS_ALLOWANCE)
    month = given.pension.retirement
    left = (given.statutory.year - month.year) * 12 + given.statutory.month - month.month
    minimum = minimum_months(sheet.value(MINIMUM_MONTHS), given.statutory)
    enough = given.pension.paid_months >= minimum
    near = enough and left <= rule.near_months
    months = None if enough else rule.limited_months(given.pension.paid_months)
    sheet.require(
        "before_retirement", "未达到法定退休年龄", "是", "是" if left > 0 else "否", left > 0
    )
    sheet.step(
        "计发口径",
        f"距法定退休 {span_text(max(left, 0))},缴费 {span_text(given.pension.paid_months)},"
        f"最低 {span_text(minimum)}",
        "按基本养老金全额" if near else "按基础养老金",
    )
    paid = [line for line in pension.lines if near or line.id == "basic"]
    for line in paid:
        _pay(sheet, line, months)
    if months is not None:
        sheet.step("支付期限", "年限不足,按缴费年限计", f"{months} 个月")
        sheet.fact("months", "支付月数", str(months))
    total = " + ".join(format_yuan(line.amount_fen) for line in paid) or "0.00"
    sheet.step("病残津贴(月)", total, f"{format_yuan(sum(line.amount_fen for line in paid))} 元")
    return sheet.close().after(pension)


def _pay(sheet: Worksheet, line: QuoteLine, months: int | None) -> None:
    sheet.pay(line.id, line.name, line.amount_fen, monthly=True, months=months)
