"""Basic pension of enterprise employees (企业职工基本养老金): parts by policy, each explained."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from services.payout.formulas.domain.figure import INDEX_AVERAGE, PENSION_AVERAGE
from services.payout.formulas.domain.retirement import MINIMUM_MONTHS, minimum_months
from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.value import FormulaRule, ValueReader
from services.payout.formulas.domain.worksheet import (
    BenefitQuote,
    Worksheet,
    decimal_text,
    percent,
    span_text,
)
from shared.errors import Fault, Faulty
from shared.money import HALF_UP_FEN, PPM, Rounding, format_yuan, scale
from shared.period import Period

_WAGES: Final = ("average", "indexed", "half_sum")
_SPANS: Final = ("all", "deemed", "before_account", "paid")


@dataclass(frozen=True, slots=True, kw_only=True)
class PensionPart:
    """A part of the pension: by wage and years, or an account over its months, or a fixed sum.

    A part by years may count only the years over `over_years`, up to `up_to_years`.
    """

    id: str
    name: str
    form: str
    wage: str = ""
    span: str = ""
    over_years: int = 0
    up_to_years: int | None = None
    rate_ppm: int = 0
    divisor: int = 1
    amount_fen: int = 0
    rounding: Rounding = HALF_UP_FEN

    def counted(self, years: int, unit: int) -> int:
        """Return the years that this part counts; years are given in parts of a year, by `unit`."""
        most = years if self.up_to_years is None else min(years, self.up_to_years * unit)
        return max(0, most - self.over_years * unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class PensionParts:
    """The parts of a place. Years are exact twelfths, or rounded to decimals; so is the index wage."""

    parts: tuple[PensionPart, ...]
    year_decimals: int | None
    wage_rounding: Rounding | None
    total_rounding: Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnuityMonths:
    """The months that the account is divided by, in tenths, by age; between ages interpolated."""

    months: dict[int, int]
    interpolated: bool

    def tenths(self, age_months: int) -> int:
        """Return the months in tenths; outside the table its first or last age counts."""
        age = min(max(age_months, min(self.months) * 12), max(self.months) * 12)
        years, rest = divmod(age, 12)
        if rest == 0 or not self.interpolated:
            return self.months[years] * 10
        fall = self.months[years] - self.months[years + 1]
        return scale(self.months[years] * 120 - fall * 10 * rest, 1, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyReduction:
    """A reduction of some parts for every started `step` months of early retirement."""

    rate_ppm: int
    step: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PensionInputs:
    """The facts of a person. `paid_months` are all that count, with the deemed ones (视同缴费)."""

    retirement: Period
    age_months: int
    paid_months: int
    index_ppm: int
    account_fen: int
    deemed_months: int = 0
    before_account_months: int = 0
    estimated_account_fen: int = 0
    early_months: int = 0

    def faults(self) -> list[Fault]:
        """Find inputs that contradict each other."""
        return [
            Fault(
                f"/{name}",
                "MONTHS_EXCEED_PAID",
                "不得超过累计缴费月数 (must not exceed the months paid)",
            )
            for name in ("deemed_months", "before_account_months")
            if getattr(self, name) > self.paid_months
        ]


def _read_part(value: ValueReader) -> PensionPart:
    form = value.word("form", ("wage_years", "account_months", "estimated_account", "fixed"))
    part = PensionPart(
        id=value.text("id"),
        name=value.text("name"),
        form=form,
        wage=value.word("wage", _WAGES) if form == "wage_years" else "",
        span=value.word("span", _SPANS) if form == "wage_years" else "",
        over_years=value.whole("over_years") if value.has("over_years") else 0,
        up_to_years=value.whole("up_to_years", 1) if value.has("up_to_years") else None,
        rate_ppm=value.rate("rate") if form == "wage_years" else 0,
        divisor=value.whole("divisor", 1) if form == "estimated_account" else 1,
        amount_fen=value.yuan("amount") if form == "fixed" else 0,
        rounding=value.rounding(),
    )
    value.finish()
    return part


def _read_parts(value: ValueReader) -> PensionParts:
    parts = tuple(_read_part(item) for item in value.items("parts"))
    if len({part.id for part in parts}) < len(parts):
        value.fault("parts", "PART_REPEATED", "分项重复 (a part is repeated)")
    return PensionParts(
        parts=parts,
        year_decimals=value.whole("year_decimals") if value.has("year_decimals") else None,
        wage_rounding=value.rounding("wage_rounding") if value.has("wage_rounding") else None,
        total_rounding=value.rounding("total_rounding"),
    )


def _read_annuity(value: ValueReader) -> AnnuityMonths:
    between = value.word("between", ("year", "interpolated"))
    group = value.group("months")
    months = {}
    if group is None:
        value.fault("months", "MEMBER_MISSING", "缺少此项 (missing)")
        return AnnuityMonths(months={60: 139}, interpolated=False)
    for name in group.members():
        if name.isascii() and name.isdigit():
            months[int(name)] = group.whole(name, 1)
    group.finish()
    if not months or sorted(months) != list(range(min(months), max(months) + 1)):
        group.fault("", "AGES_MISSING", "年龄须连续 (ages must follow each other)")
    return AnnuityMonths(months=months or {60: 139}, interpolated=between == "interpolated")


def _read_reduction(value: ValueReader) -> EarlyReduction:
    parts = []
    for item in value.items("parts"):
        parts.append(item.text("id"))
        item.finish()
    return EarlyReduction(
        rate_ppm=value.rate("rate"), step=value.whole("step", 1), parts=tuple(parts)
    )


def _read_index(value: ValueReader) -> int:
    decimals = value.whole("decimals")
    if decimals > 6:
        value.fault("decimals", "NUMBER_MALFORMED", "不超过6位小数 (six decimals at most)")
        return 6
    return decimals


INDEX_DECIMALS: Final = FormulaRule("pension_index", "平均缴费指数的小数位数", _read_index)
PENSION_PARTS: Final = FormulaRule("pension_parts", "基本养老金构成", _read_parts)
ANNUITY_MONTHS: Final = FormulaRule("pension_annuity_months", "个人账户计发月数", _read_annuity)
EARLY_REDUCTION: Final = FormulaRule("pension_early_reduction", "提前退休减发", _read_reduction)


def average_index(years: Iterable[tuple[int, int, int]], decimals: int) -> int:
    """Calculate the average index from (sum of bases, average wage, months) of years, in ppm.

    Every month weighs the same; the result is rounded half up to `decimals`.
    """
    total, count = Fraction(0), 0
    for bases_fen, wage_fen, months in years:
        total += Fraction(bases_fen, wage_fen)
        count += months
    if count == 0:
        return 0
    mean = total * Fraction(1, count)
    unit: int = 10**decimals
    return scale(mean.numerator, unit, mean.denominator) * (PPM // unit)


def quote_pension(book: RowBook, day: date, given: PensionInputs) -> BenefitQuote:
    """Quote a monthly pension by the rows of a day.

    Raises:
        Faulty: the inputs contradict each other. FormulaRowMissing: a row is missing.
    """
    if faults := given.faults():
        raise Faulty(faults=faults)
    sheet = Worksheet(book, day)
    minimum = minimum_months(sheet.value(MINIMUM_MONTHS), given.retirement)
    sheet.step("最低缴费年限", f"{given.retirement.year} 年退休", span_text(minimum))
    sheet.require(
        "minimum_months",
        "累计缴费年限",
        f"不少于 {span_text(minimum)}",
        span_text(given.paid_months),
        given.paid_months >= minimum,
    )
    average_fen = sheet.figure(PENSION_AVERAGE)
    sheet.step("计发基数", f"{day} 执行的标准", f"{format_yuan(average_fen)} 元")
    index_average_fen = sheet.optional(INDEX_AVERAGE)
    parts = sheet.value(PENSION_PARTS)
    if index_average_fen is None:
        index_average_fen = average_fen
    _Calculation(sheet, given, parts, average_fen, index_average_fen).run()
    return sheet.close()


class _Calculation:
    """The calculation of one pension, part by part."""

    def __init__(
        self,
        sheet: Worksheet,
        given: PensionInputs,
        parts: PensionParts,
        average_fen: int,
        index_average_fen: int,
    ) -> None:
        self._sheet = sheet
        self._given = given
        self._parts = parts
        self._average_fen = average_fen
        # The indexed wage as a fraction of a fen, unless a row rounds it first.
        self._index_average_fen = index_average_fen
        self._indexed = (index_average_fen * given.index_ppm, PPM)

    def run(self) -> None:
        """Calculate every part, and add what is above zero to the sheet."""
        self._index_wage()
        forms: dict[str, Callable[[PensionPart], int]] = {
            "wage_years": self._wage_years,
            "account_months": self._account,
            "estimated_account": self._estimated_account,
            "fixed": lambda part: part.amount_fen,
        }
        reduction = self._sheet.optional(EARLY_REDUCTION) if self._given.early_months else None
        amounts = {}
        for part in self._parts.parts:
            amount_fen = forms[part.form](part)
            if reduction is not None and part.id in reduction.parts:
                amount_fen -= self._reduction(part, amount_fen, reduction)
            amounts[part.id] = (part.name, amount_fen)
        self._total(amounts)

    def _index_wage(self) -> None:
        rounding = self._parts.wage_rounding
        formula = f"{format_yuan(self._index_average_fen)} × {decimal_text(self._given.index_ppm)}"
        wage_fen = scale(self._indexed[0], 1, self._indexed[1], rounding or HALF_UP_FEN)
        if rounding is not None:
            self._indexed = (wage_fen, 1)
        note = "" if rounding is not None else "(后续计算用未舍入值)"
        self._sheet.step(
            "本人指数化月平均缴费工资", formula, f"{format_yuan(wage_fen)} 元{note}", rounding
        )

    def _wage(self, kind: str) -> tuple[int, int, str]:
        """Return a wage as numerator and denominator in fen, and its text."""
        indexed, over = self._indexed
        average = format_yuan(self._average_fen)
        own = format_yuan(scale(indexed, 1, over))
        match kind:
            case "average":
                return self._average_fen, 1, average
            case "indexed":
                return indexed, over, own
        return self._average_fen * over + indexed, 2 * over, f"({average} + {own}) ÷ 2"

    def _years(self, part: PensionPart) -> tuple[int, int, str]:
        given = self._given
        months = {
            "all": given.paid_months,
            "deemed": given.deemed_months,
            "before_account": given.before_account_months,
            "paid": given.paid_months - given.deemed_months,
        }[part.span]
        decimals = self._parts.year_decimals
        if decimals is None:
            counted = part.counted(months, 12)
            return counted, 12, f"{counted} ÷ 12"
        unit: int = 10**decimals
        counted = part.counted(scale(months, unit, 12), unit)
        return counted, unit, decimal_text(counted * PPM // unit)

    def _wage_years(self, part: PensionPart) -> int:
        wage, wage_over, wage_text = self._wage(part.wage)
        years, years_over, years_text = self._years(part)
        return self._sheet.amount(
            part.name,
            f"{wage_text} × {years_text} 年 × {percent(part.rate_ppm)}",
            wage,
            (years * part.rate_ppm, wage_over * years_over * PPM),
            part.rounding,
        )

    def _account(self, part: PensionPart) -> int:
        tenths = self._sheet.value(ANNUITY_MONTHS).tenths(self._given.age_months)
        return self._sheet.amount(
            part.name,
            f"{format_yuan(self._given.account_fen)} ÷ {decimal_text(tenths * PPM // 10)} 个月",
            self._given.account_fen,
            (10, tenths),
            part.rounding,
        )

    def _estimated_account(self, part: PensionPart) -> int:
        return self._sheet.amount(
            part.name,
            f"{format_yuan(self._given.estimated_account_fen)} ÷ {part.divisor}",
            self._given.estimated_account_fen,
            (1, part.divisor),
            part.rounding,
        )

    def _reduction(self, part: PensionPart, amount_fen: int, reduction: EarlyReduction) -> int:
        steps = -(-self._given.early_months // reduction.step)
        return self._sheet.amount(
            f"{part.name}提前退休减发",
            f"{format_yuan(amount_fen)} × {percent(reduction.rate_ppm)} × {steps}",
            amount_fen,
            (min(reduction.rate_ppm * steps, PPM), PPM),
        )

    def _total(self, amounts: dict[str, tuple[str, int]]) -> None:
        for id, (name, amount_fen) in amounts.items():
            if amount_fen:
                self._sheet.pay(id, name, amount_fen, monthly=True)
        total_fen = sum(amount_fen for _, amount_fen in amounts.values())
        rounded_fen = scale(total_fen, 1, 1, self._parts.total_rounding)
        if rounded_fen != total_fen:
            self._sheet.pay("rounding", "尾数舍入", rounded_fen - total_fen, monthly=True)
        self._sheet.step(
            "月基本养老金",
            " + ".join(format_yuan(amount_fen) for _, amount_fen in amounts.values()),
            f"{format_yuan(rounded_fen)} 元",
            self._parts.total_rounding,
        )
