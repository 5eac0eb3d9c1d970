"""Stable-job refund (稳岗返还): a share of last year's unemployment contributions, by size and layoff rate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.value import FormulaRule, ValueReader
from services.payout.formulas.domain.worksheet import BenefitQuote, Worksheet, percent
from shared.errors import Fault, Faulty
from shared.money import PPM, Rounding, format_yuan, scale

SIZES: Final = ("large", "other")
"""Large enterprises (大型企业), and all others (中小微企业和参照执行的单位)."""

LAYOFF_BY: Final = ("lost", "drawing", "either")
"""Heads that count as laid off: those lost, those drawing benefit, or whichever is less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StableJobRefund:
    """Rates by size, and the conditions. The layoff rate of a small unit has its own limit."""

    rates_ppm: dict[str, int]
    paid_months: int
    limit_ppm: int
    small_heads: int
    small_limit_ppm: int
    layoff_by: str
    over_average: bool
    natural_excluded: bool
    rounding: Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class StableJobInputs:
    """Last year's contributions of a unit and its people, its heads, and those who drew benefit.

    `head_months` is the sum of the months' heads; `natural_heads` retired or died in the year;
    `overdue`: the unit owes contributions.
    """

    size: str
    contributions_fen: int
    paid_months: int
    heads_before: int
    heads_after: int
    drawing_heads: int | None = None
    head_months: int | None = None
    natural_heads: int = 0
    disqualified: bool = False
    overdue: bool = False


def _read(value: ValueReader) -> StableJobRefund:
    rates = value.group("rates")
    rates_ppm = dict.fromkeys(SIZES, 0)
    if rates is None:
        value.fault("rates", "MEMBER_MISSING", "缺少此项 (missing)")
    else:
        rates_ppm = {size: rates.rate(size) for size in SIZES}
        rates.finish()
    return StableJobRefund(
        rates_ppm=rates_ppm,
        paid_months=value.whole("paid_months"),
        limit_ppm=value.rate("layoff_limit"),
        small_heads=value.whole("small_heads"),
        small_limit_ppm=value.rate("small_layoff_limit"),
        layoff_by=value.word("layoff_by", LAYOFF_BY),
        over_average=value.word("layoff_over", ("before", "average")) == "average",
        natural_excluded=value.word("natural_decrease", ("counts", "excluded")) == "excluded",
        rounding=value.rounding(),
    )


STABLE_JOB_REFUND: Final = FormulaRule("stable_job_refund", "稳岗返还", _read)


def quote_stable_job(book: RowBook, day: date, given: StableJobInputs) -> BenefitQuote:
    """Quote the refund of a unit by the rows of a day.

    Raises:
        Faulty: no heads at the end of the year before. FormulaRowMissing: a row is missing.
    """
    if given.heads_before == 0:
        raise _missing("heads_before", "年初无参保职工,裁员率无从计算 (no heads, no layoff rate)")
    sheet = Worksheet(book, day)
    rule = sheet.value(STABLE_JOB_REFUND)
    months = given.paid_months
    sheet.require(
        "paid_months",
        "足额缴纳失业保险费",
        f"不少于 {rule.paid_months} 个月",
        f"{months} 个月",
        months >= rule.paid_months,
    )
    sheet.require(
        "no_arrears", "无逾期欠费", "是", "否" if given.overdue else "是", not given.overdue
    )
    _layoff(sheet, rule, given)
    sheet.require(
        "standing",
        "非严重失信、非僵尸企业",
        "是",
        "否" if given.disqualified else "是",
        not given.disqualified,
    )
    rate_ppm = rule.rates_ppm[given.size]
    amount_fen = sheet.amount(
        "稳岗返还",
        f"{format_yuan(given.contributions_fen)} × {percent(rate_ppm)}",
        given.contributions_fen,
        (rate_ppm, PPM),
        rule.rounding,
    )
    sheet.pay("refund", "稳岗返还", amount_fen)
    return sheet.close()


def _layoff(sheet: Worksheet, rule: StableJobRefund, given: StableJobInputs) -> None:
    """Compare the layoff rate with its limit; which heads count, and over which, says the row."""
    natural = given.natural_heads if rule.natural_excluded else 0
    lost = max(0, given.heads_before - given.heads_after - natural)
    ways = {"lost": ("减少人数", lost)}
    if given.drawing_heads is not None:
        ways["drawing"] = ("领取失业保险金人数", given.drawing_heads)
    counted = [ways[way] for way in ways if rule.layoff_by in (way, "either")]
    if not counted:
        raise _missing("drawing_heads", "须给出领取失业保险金人数 (heads drawing benefit)")
    if rule.over_average and not given.head_months:
        raise _missing("head_months", "须给出各月参保人数之和 (the sum of the months' heads)")
    # The rate is heads × times ÷ over; an average is the sum of the months' heads ÷ 12.
    times, over = (12, given.head_months or 1) if rule.over_average else (1, given.heads_before)
    for name, heads in counted:
        basis = f"({over} ÷ 12)" if rule.over_average else str(over)
        sheet.step(f"裁员率(按{name})", f"{heads} ÷ {basis}", _rate_text(heads * times, over))
    least = min(heads for _, heads in counted) * times
    # The limit of small units goes by the heads at the end of the year.
    small = given.heads_after <= rule.small_heads
    limit_ppm = rule.small_limit_ppm if small else rule.limit_ppm
    sheet.require(
        "layoff_rate",
        f"裁员率({'不超过' if small else '超过'} {rule.small_heads} 人的单位)",
        f"不高于 {percent(limit_ppm)}",
        _rate_text(least, over),
        least * PPM <= limit_ppm * over,
    )
    sheet.fact("layoff_rate", "裁员率", _rate_text(least, over))


def _missing(name: str, message: str) -> Faulty:
    return Faulty(faults=[Fault(f"/{name}", "HEADS_MISSING", message)])


def _rate_text(heads: int, over: int) -> str:
    """Write a rate in percent with two decimals; it is compared unrounded."""
    return percent(scale(heads * 10_000, 1, over) * 100)
