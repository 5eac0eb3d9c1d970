"""Hospital settlement (住院医疗费): deductible by level and admission, bands by cost, yearly cap, large sums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.value import FormulaRule, ValueReader
from services.payout.formulas.domain.worksheet import BenefitQuote, Worksheet, percent
from shared.errors import Fault, Faulty, Kind, Refusal
from shared.money import PPM, Rounding, format_yuan

LEVELS: Final = ("1", "2", "3")
FUNDS: Final = ("pool", "large")
"""The pool (统筹基金), and the fund for large sums (大额医疗费补助)."""


class HospitalLevelUnknown(Refusal):
    """该级别医院没有报销参数 (the row has nothing for hospitals of this level)"""

    kind = Kind.INVALID
    code = "HOSPITAL_LEVEL_UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostBand:
    """The share that a fund pays of the year's cost above an amount, for workers and the retired."""

    above_fen: int
    rate_ppm: int
    retired_ppm: int
    fund: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalLevel:
    """Deductibles of the first, second and later admissions of a year, and the bands of cost."""

    deductibles: tuple[int, ...]
    retired_deductibles: tuple[int, ...]
    bands: tuple[CostBand, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalRule:
    """The levels; bands by the year's cost or by each stay's; and what each fund pays at most a year."""

    levels: dict[str, HospitalLevel]
    by_year: bool
    from_deductible: bool
    caps_fen: dict[str, int]
    rounding: Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalInputs:
    """A stay. `own_fen` is outside the catalogue (自费), `first_fen` is paid first by the person (先行自付).

    `year_cost_fen` and the `paid` amounts are the earlier stays of the year.
    """

    level: str
    total_fen: int
    own_fen: int = 0
    first_fen: int = 0
    admission: int = 1
    retired: bool = False
    year_cost_fen: int = 0
    pool_paid_fen: int = 0
    large_paid_fen: int = 0


def _read_deductibles(value: ValueReader, name: str) -> tuple[int, ...]:
    amounts = []
    for item in value.items(name):
        amounts.append(item.yuan("amount"))
        item.finish()
    return tuple(amounts)


def _read_band(value: ValueReader) -> CostBand:
    rate_ppm = value.rate("rate")
    band = CostBand(
        above_fen=value.yuan("above"),
        rate_ppm=rate_ppm,
        retired_ppm=value.rate("retired_rate") if value.has("retired_rate") else rate_ppm,
        fund=value.word("fund", FUNDS) if value.has("fund") else "pool",
    )
    if max(band.rate_ppm, band.retired_ppm) > PPM:
        value.fault("rate", "RATE_ABOVE_ONE", "比例不得超过1 (must not exceed 1)")
    value.finish()
    return band


def _read_level(value: ValueReader) -> HospitalLevel:
    deductibles = _read_deductibles(value, "deductibles")
    bands = tuple(_read_band(item) for item in value.items("bands"))
    if bands and (
        bands[0].above_fen != 0
        or [b.above_fen for b in bands] != sorted({b.above_fen for b in bands})
    ):
        value.fault("bands", "BANDS_UNORDERED", "档次须从0递增 (bands must rise from 0)")
    level = HospitalLevel(
        deductibles=deductibles,
        retired_deductibles=_read_deductibles(value, "retired_deductibles")
        if value.has("retired_deductibles")
        else deductibles,
        bands=bands,
    )
    value.finish()
    return level


def _read(value: ValueReader) -> HospitalRule:
    levels = {}
    for level in LEVELS:
        group = value.group(f"level_{level}")
        if group is not None:
            levels[level] = _read_level(group)
    if not levels:
        value.fault("", "LEVELS_MISSING", "至少须有一个级别 (at least one level)")
    caps = value.group("caps")
    caps_fen = {}
    if caps is not None:
        caps_fen = {fund: caps.yuan(fund) for fund in FUNDS if caps.has(fund)}
        caps.finish()
    return HospitalRule(
        levels=levels,
        by_year=value.word("bands_by", ("year", "stay")) == "year",
        from_deductible=value.word("bands_from", ("zero", "deductible")) == "deductible",
        caps_fen=caps_fen,
        rounding=value.rounding(),
    )


HOSPITAL_STAY: Final = FormulaRule("hospital_stay", "住院医疗费支付", _read)


def quote_hospital(book: RowBook, day: date, given: HospitalInputs) -> BenefitQuote:
    """Quote the settlement of a stay by the rows of a day.

    Raises:
        Faulty: the person's own costs exceed the total.
        HospitalLevelUnknown, FormulaRowMissing: the rows say nothing of this.
    """
    eligible_fen = given.total_fen - given.own_fen - given.first_fen
    if eligible_fen < 0:
        message = "自费与先行自付超过总费用 (own costs exceed the total)"
        raise Faulty(faults=[Fault("/total", "COSTS_CONTRADICTED", message)])
    sheet = Worksheet(book, day)
    rule = sheet.value(HOSPITAL_STAY)
    if given.level not in rule.levels:
        raise HospitalLevelUnknown(level=given.level)
    level = rule.levels[given.level]
    total, own, first = map(format_yuan, (given.total_fen, given.own_fen, given.first_fen))
    sheet.step("政策范围内费用", f"{total} - {own} - {first}", f"{format_yuan(eligible_fen)} 元")
    amounts = level.retired_deductibles if given.retired else level.deductibles
    deductible_fen = min(amounts[min(given.admission, len(amounts)) - 1], eligible_fen)
    sheet.step(
        "起付线",
        f"{given.level}级医院,第 {given.admission} 次住院",
        f"{format_yuan(deductible_fen)} 元",
    )
    over_fen = eligible_fen - deductible_fen
    start_fen = given.year_cost_fen if rule.by_year else 0
    if rule.from_deductible:
        start_fen += deductible_fen
    paid = _bands(sheet, rule, level, given, (start_fen, start_fen + over_fen))
    paid = {fund: _capped(sheet, rule, given, fund, amount) for fund, amount in paid.items()}
    names = {"pool": "统筹基金支付", "large": "大额医疗费补助"}
    for fund, amount_fen in paid.items():
        if amount_fen:
            sheet.pay(fund, names[fund], amount_fen)
    borne_fen = given.total_fen - sum(paid.values())
    sheet.step("个人负担", f"{total} - 基金支付", f"{format_yuan(borne_fen)} 元")
    sheet.fact("deductible", "起付线", format_yuan(deductible_fen))
    sheet.fact("person_bears", "个人负担", format_yuan(borne_fen))
    return sheet.close()


def _bands(
    sheet: Worksheet,
    rule: HospitalRule,
    level: HospitalLevel,
    given: HospitalInputs,
    span: tuple[int, int],
) -> dict[str, int]:
    """Pay each slice of the cost at the rate of its band."""
    paid = dict.fromkeys(FUNDS, 0)
    start_fen, end_fen = span
    tops = [band.above_fen for band in level.bands[1:]]
    for band, top_fen in zip(level.bands, [*tops, None], strict=True):
        upper_fen = end_fen if top_fen is None else min(end_fen, top_fen)
        slice_fen = upper_fen - max(start_fen, band.above_fen)
        if slice_fen <= 0:
            continue
        rate_ppm = band.retired_ppm if given.retired else band.rate_ppm
        paid[band.fund] += sheet.amount(
            f"{format_yuan(band.above_fen)} 元以上部分",
            f"{format_yuan(slice_fen)} × {percent(rate_ppm)}",
            slice_fen,
            (rate_ppm, PPM),
            rule.rounding,
        )
    return paid


def _capped(
    sheet: Worksheet, rule: HospitalRule, given: HospitalInputs, fund: str, amount_fen: int
) -> int:
    cap_fen = rule.caps_fen.get(fund)
    if cap_fen is None:
        return amount_fen
    used_fen = given.pool_paid_fen if fund == "pool" else given.large_paid_fen
    left_fen = max(0, cap_fen - used_fen)
    if amount_fen > left_fen:
        sheet.step(
            "年度支付限额",
            f"{format_yuan(cap_fen)} - 已付 {format_yuan(used_fen)}",
            f"{format_yuan(left_fen)} 元",
        )
    return min(amount_fen, left_fen)
