"""Quotes of a unit: contributions, heads and wages of last year come from collection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.payout.common.domain import UnitPaidYear
from services.payout.formulas.domain.maternity import BirthKind, MaternityInputs
from services.payout.formulas.domain.quote import QuoteInputs, quote
from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.stable_job import StableJobInputs
from services.payout.formulas.domain.worksheet import BenefitQuote, Worksheet
from shared.errors import Fault, Faulty
from shared.money import format_yuan


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRecord:
    """Facts of a unit's last year: what a question needs of them, and whether the unit owes."""

    year: int
    paid: UnitPaidYear | None = None
    overdue: bool = False
    average_wage_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StableJobQuestion:
    """Facts that collection lacks: the size, who drew benefit, who retired or died."""

    size: str
    drawing_heads: int | None = None
    natural_heads: int = 0
    disqualified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MaternityQuestion:
    """The event; the average wage is the unit's."""

    event: BirthKind = BirthKind.BIRTH
    difficult: bool = False
    children: int = 1


UnitQuestion = StableJobQuestion | MaternityQuestion


def quote_unit(
    book: RowBook, day: date, record: UnitRecord, question: UnitQuestion
) -> BenefitQuote:
    """Quote a benefit of a unit by the rows of a day, with the steps that lead to its inputs.

    Raises:
        Faulty: no month of last year is settled, or there were no heads. FormulaRowMissing: a row is missing.
    """
    sheet = Worksheet(book, day)
    given: QuoteInputs
    match question:
        case StableJobQuestion():
            given = _stable_job(sheet, record, question)
        case MaternityQuestion():
            if record.average_wage_fen == 0:
                message = "上年度无足额到账的缴费月份 (no month of last year is settled)"
                raise Faulty(faults=[Fault("/credit_code", "CONTRIBUTIONS_MISSING", message)])
            wage = format_yuan(record.average_wage_fen)
            sheet.step("单位上年度月平均工资", f"{record.year} 年申报工资 ÷ 人月数", f"{wage} 元")
            given = MaternityInputs(
                average_fen=record.average_wage_fen,
                event=question.event,
                difficult=question.difficult,
                children=question.children,
            )
    return quote(book, day, given).after(sheet.close())


def _stable_job(
    sheet: Worksheet, record: UnitRecord, question: StableJobQuestion
) -> StableJobInputs:
    paid = record.paid
    assert paid is not None, "the record of a refund has the paid year"
    sheet.step(
        "上年度实际缴纳失业保险费",
        f"{record.year} 年各月到账合计,不含滞纳金",
        f"{format_yuan(paid.paid_fen)} 元",
    )
    sheet.step(
        "参保人数",
        f"{record.year - 1} 年末、{record.year} 年末",
        f"{paid.heads_before} 人、{paid.heads_after} 人",
    )
    return StableJobInputs(
        size=question.size,
        contributions_fen=paid.paid_fen,
        paid_months=paid.paid_months,
        heads_before=paid.heads_before,
        heads_after=paid.heads_after,
        drawing_heads=question.drawing_heads,
        head_months=paid.head_months,
        natural_heads=question.natural_heads,
        disqualified=question.disqualified,
        overdue=record.overdue,
    )
