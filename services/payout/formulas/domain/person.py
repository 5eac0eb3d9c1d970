"""Quotes of a person: the inputs come from the paid months and the personal account, not from a form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from services.payout.formulas.domain.death import DeathInputs
from services.payout.formulas.domain.figure import INDEX_WAGE
from services.payout.formulas.domain.injury import InjuryInputs
from services.payout.formulas.domain.pension import INDEX_DECIMALS, PensionInputs, average_index
from services.payout.formulas.domain.quote import QuoteInputs, quote
from services.payout.formulas.domain.retirement import (
    RETIREMENT_AGES,
    OutsideFlexibleRange,
    RetirementCategory,
    retirement_months,
)
from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.unemployment import UnemploymentInputs
from services.payout.formulas.domain.worksheet import (
    BenefitQuote,
    Worksheet,
    age_text,
    decimal_text,
    span_text,
)
from shared.errors import Fault, Faulty, Forbidden
from shared.money import format_yuan, scale
from shared.period import Period
from shared.roles import Caller, Level

PENSION = "pension"
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonYear:
    """The months of a year that were paid for an insurance, and the sum of their bases."""

    insurance: str
    year: int
    months: int
    bases_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecord:
    """A person's paid years, last bases by insurance, and balance of the pension account."""

    person: str
    districts: tuple[str, ...]
    birth: Period | None
    is_female: bool | None
    years: tuple[PersonYear, ...]
    last_bases_fen: Mapping[str, tuple[int, ...]]
    account_fen: int
    doubled_months: int = 0
    """Months of pension that letters of other cities state beyond twelve a year."""

    def require_own(self, caller: Caller) -> None:
        """Refuse a district caller who never had the person at one of the district's units.

        Raises:
            Forbidden: the person belongs to other districts.
        """
        if caller.level is Level.DISTRICT and caller.district not in self.districts:
            raise Forbidden(own_district=caller.district)

    def months(self, insurance: str) -> int:
        """Return the months that were paid for an insurance."""
        return sum(year.months for year in self.years if year.insurance == insurance)


def doubled_months(
    paid: Iterable[PersonYear], brought: Iterable[PersonYear], insurance: str
) -> int:
    """Count the months beyond a full year once the years of letters are added to those paid here.

    A letter of a person who comes back may list the years that were paid here, and a supplement may
    repeat a letter's years. Months that two units paid here are counted by collection.
    """
    here, letters = (
        _by_year(one for one in years if one.insurance == insurance) for years in (paid, brought)
    )
    return sum(
        max(0, here[year] + months - max(MONTHS_A_YEAR, here[year]))
        for year, months in letters.items()
    )


def _by_year(years: Iterable[PersonYear]) -> Counter[int]:
    months: Counter[int] = Counter()
    for one in years:
        months[one.year] += one.months
    return months


@dataclass(frozen=True, slots=True, kw_only=True)
class PensionQuestion:
    """Facts of a pension that the records lack: a category, a chosen month, deemed months."""

    category: RetirementCategory | None = None
    chosen: Period | None = None
    deemed_months: int = 0
    before_account_months: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnemploymentQuestion:
    """Months drawn earlier for the same months paid."""

    used_months: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathQuestion:
    """Months that a pensioner drew; None for a person still insured."""

    drawn_months: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InjuryQuestion:
    """The grade of disability, and whether the contract ends."""

    grade: int
    leaves: bool = False


PersonQuestion = PensionQuestion | UnemploymentQuestion | DeathQuestion | InjuryQuestion


def quote_person(
    book: RowBook, day: date, record: PersonRecord, question: PersonQuestion
) -> BenefitQuote:
    """Quote a benefit of a person by the rows of a day, with the steps that lead to its inputs.

    Raises:
        Faulty: the records lack something, or inputs contradict each other.
        OutsideFlexibleRange, FormulaRowMissing: see the calculation.
    """
    sheet = Worksheet(book, day)
    given: QuoteInputs
    match question:
        case PensionQuestion():
            given = _pension(sheet, day, record, question)
        case UnemploymentQuestion():
            months = _months(sheet, record, "unemployment", "失业保险")
            given = UnemploymentInputs(paid_months=months, used_months=question.used_months)
        case DeathQuestion():
            months = _months(sheet, record, PENSION, "养老保险")
            given = DeathInputs(paid_months=months, drawn_months=question.drawn_months)
        case InjuryQuestion():
            given = InjuryInputs(
                grade=question.grade,
                wage_fen=_injury_wage(sheet, record),
                leaves=question.leaves,
            )
    return quote(book, day, given).after(sheet.close())


def _months(sheet: Worksheet, record: PersonRecord, insurance: str, name: str) -> int:
    months = record.months(insurance)
    sheet.step(f"{name}已缴月数", "征缴系统足额到账月份合计", span_text(months))
    return months


def _injury_wage(sheet: Worksheet, record: PersonRecord) -> int:
    """Average the last twelve bases: the wage before the accident (本人工资)."""
    bases = record.last_bases_fen.get("work_injury", ())
    if not bases:
        message = "无工伤保险缴费记录 (no month of work injury insurance was paid)"
        raise Faulty(faults=[Fault("/person", "CONTRIBUTIONS_MISSING", message)])
    wage_fen = scale(sum(bases), 1, len(bases))
    sheet.step(
        "本人工资",
        f"最近 {len(bases)} 个月缴费基数合计 {format_yuan(sum(bases))} ÷ {len(bases)}",
        f"{format_yuan(wage_fen)} 元",
    )
    return wage_fen


def _pension(
    sheet: Worksheet, day: date, record: PersonRecord, question: PensionQuestion
) -> PensionInputs:
    category, birth = _category(record, question), record.birth
    if birth is None:
        raise _unknown(
            "BIRTH_UNKNOWN", "证件号码不含出生日期,请用试算 (the number hides the birth)"
        )
    months = retirement_months(sheet.value(RETIREMENT_AGES), category, birth)
    retirement = question.chosen or months.statutory
    if not months.earliest <= retirement <= months.latest:
        raise OutsideFlexibleRange(
            chosen=str(retirement), earliest=str(months.earliest), latest=str(months.latest)
        )
    age = _index(retirement) - _index(birth)
    sheet.step("退休月", f"{birth} 出生,法定 {months.statutory}", f"{retirement},{age_text(age)}")
    paid = _months(sheet, record, PENSION, "养老保险")
    index_ppm = _average_index(sheet, record, day)
    sheet.step("个人账户储存额", "账务系统个人账户余额", f"{format_yuan(record.account_fen)} 元")
    return PensionInputs(
        retirement=retirement,
        age_months=age,
        paid_months=paid + question.deemed_months,
        index_ppm=index_ppm,
        account_fen=record.account_fen,
        deemed_months=question.deemed_months,
        before_account_months=question.before_account_months,
        early_months=max(0, _index(months.statutory) - _index(retirement)),
    )


def _average_index(sheet: Worksheet, record: PersonRecord, day: date) -> int:
    decimals = sheet.value(INDEX_DECIMALS)
    years, texts = [], []
    for year in record.years:
        if year.insurance != PENSION:
            continue
        wage_fen = sheet.figure(INDEX_WAGE, min(date(year.year, 12, 31), day))
        years.append((year.bases_fen, wage_fen, year.months))
        texts.append(f"{year.year}: {format_yuan(year.bases_fen)} ÷ {format_yuan(wage_fen)}")
    index_ppm = average_index(years, decimals)
    sheet.step(
        "平均缴费指数",
        f"({'; '.join(texts)}) 合计 ÷ {sum(months for _, _, months in years)} 个月",
        decimal_text(index_ppm),
    )
    return index_ppm


def _category(record: PersonRecord, question: PensionQuestion) -> RetirementCategory:
    """Return the category: a man's follows from the number, a woman's must be given."""
    if record.is_female is None or record.is_female:
        if question.category is None:
            raise _unknown("CATEGORY_MISSING", "须说明退休年龄类别 (the category must be given)")
        if record.is_female and question.category is RetirementCategory.MEN:
            raise _unknown("CATEGORY_CONTRADICTED", "与证件性别不符 (contradicts the number)")
        return question.category
    if question.category not in (None, RetirementCategory.MEN):
        raise _unknown("CATEGORY_CONTRADICTED", "与证件性别不符 (contradicts the number)")
    return RetirementCategory.MEN


def _unknown(code: str, message: str) -> Faulty:
    return Faulty(faults=[Fault("/benefit/category", code, message)])


def _index(period: Period) -> int:
    return period.year * 12 + period.month
