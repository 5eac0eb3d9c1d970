"""The worksheet of a quote: every step with its formula, rounding and rows, and what is payable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from services.payout.formulas.domain.row import FormulaRow, FormulaRowMissing, RowBook
from services.payout.formulas.domain.value import FormulaRule
from shared.money import HALF_UP_FEN, Rounding, RoundingMode, format_yuan, scale

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteStep:
    """One step: its name, the formula with its numbers, the result, the rows and the rounding."""

    name: str
    formula: str
    result: str
    rows: tuple[FormulaRow, ...]
    rounding: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLine:
    """An amount: paid once, or every month; `months` where the months are counted."""

    id: str
    name: str
    amount_fen: int
    monthly: bool
    months: int | None

    @property
    def sum_fen(self) -> int:
        """Return the amount, over its months where they are counted."""
        return self.amount_fen * (1 if self.months is None else self.months)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteFact:
    """A result that is no amount: a month, an age, a number of days."""

    id: str
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteCondition:
    """A condition of the benefit: what is required, what is given, and whether it is met."""

    id: str
    name: str
    required: str
    given: str
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitQuote:
    """The result of a worksheet.

    `provisional` are figures not yet published, by the row used instead; `inputs` are the facts that
    the calculation was given, as (name, value).
    """

    lines: tuple[QuoteLine, ...]
    facts: tuple[QuoteFact, ...]
    conditions: tuple[QuoteCondition, ...]
    steps: tuple[QuoteStep, ...]
    rows: tuple[FormulaRow, ...]
    provisional: tuple[FormulaRow, ...]
    inputs: tuple[tuple[str, str], ...] = ()

    @property
    def eligible(self) -> bool:
        """Tell whether every condition is met. The amounts of another quote are not payable."""
        return all(condition.met for condition in self.conditions)

    @property
    def total_fen(self) -> int:
        """Return the sum of all lines; a line for life counts one month."""
        return sum(line.sum_fen for line in self.lines)

    def after(self, earlier: BenefitQuote) -> BenefitQuote:
        """Return this quote with the steps and rows of an earlier one, which it was taken from, in front."""
        rows = {row.id: row for row in (*earlier.rows, *self.rows)}
        stand_ins = {row.id: row for row in (*earlier.provisional, *self.provisional)}
        return replace(
            self,
            steps=(*earlier.steps, *self.steps),
            rows=tuple(rows.values()),
            provisional=tuple(stand_ins.values()),
        )


class Worksheet:
    """Collects the steps of one quote, and the rows they use."""

    def __init__(self, book: RowBook, day: date) -> None:
        self.day = day
        self._book = book
        self._steps: list[QuoteStep] = []
        self._lines: list[QuoteLine] = []
        self._facts: list[QuoteFact] = []
        self._conditions: list[QuoteCondition] = []
        self._rows: dict[str, FormulaRow] = {}
        self._pending: list[FormulaRow] = []
        self._provisional: dict[str, FormulaRow] = {}

    def value(self, rule: FormulaRule[T], day: date | None = None) -> T:
        """Read the value of a rule on the day of the quote, and note its row.

        Raises:
            FormulaRowMissing: no row is in force.
        """
        return self._read(rule, self._book.find(rule.name, day or self.day))

    def optional(self, rule: FormulaRule[T]) -> T | None:
        """Read the value of a rule that a place may do without."""
        row = self._book.search(rule.name, self.day)
        return None if row is None else self._read(rule, row)

    def figure(self, rule: FormulaRule[int], day: date | None = None) -> int:
        """Read a published figure. One not yet published is replaced by the last known one.

        Raises:
            FormulaRowMissing: none was ever published.
        """
        on = day or self.day
        row = self._book.search(rule.name, on)
        if row is None:
            row = self._book.last_known(rule.name, on)
            if row is None:
                raise FormulaRowMissing(rule=rule.name, place=self._book.place, day=on)
            self._provisional[rule.name] = row
        return self._read(rule, row)

    def step(self, name: str, formula: str, result: str, rounding: Rounding | None = None) -> None:
        """Write a step. It names the rows that were read since the last one."""
        self._steps.append(
            QuoteStep(
                name=name,
                formula=formula,
                result=result,
                rows=tuple(self._pending),
                rounding=None if rounding is None else rounding_text(rounding),
            )
        )
        self._pending = []

    def amount(
        self,
        name: str,
        formula: str,
        base_fen: int,
        ratio: tuple[int, int],
        rounding: Rounding = HALF_UP_FEN,
    ) -> int:
        """Calculate `base × ratio`, rounded once, and write it as a step."""
        result_fen = scale(base_fen, *ratio, rounding)
        self.step(name, formula, f"{format_yuan(result_fen)} 元", rounding)
        return result_fen

    def pay(
        self,
        id: str,
        name: str,
        amount_fen: int,
        *,
        monthly: bool = False,
        months: int | None = None,
    ) -> None:
        """Add an amount to what the quote pays."""
        self._lines.append(
            QuoteLine(
                id=id,
                name=name,
                amount_fen=amount_fen,
                monthly=monthly or months is not None,
                months=months,
            )
        )

    def fact(self, id: str, name: str, value: str) -> None:
        """Add a result that is no amount."""
        self._facts.append(QuoteFact(id=id, name=name, value=value))

    def require(self, id: str, name: str, required: str, given: str, met: bool) -> None:
        """Add a condition of the benefit."""
        self._conditions.append(
            QuoteCondition(id=id, name=name, required=required, given=given, met=met)
        )

    def close(self) -> BenefitQuote:
        """Return the finished quote."""
        return BenefitQuote(
            lines=tuple(self._lines),
            facts=tuple(self._facts),
            conditions=tuple(self._conditions),
            steps=tuple(self._steps),
            rows=tuple(self._rows.values()),
            provisional=tuple(self._provisional.values()),
        )

    def _read(self, rule: FormulaRule[T], row: FormulaRow) -> T:
        self._rows[str(row.id)] = row
        if row not in self._pending:
            self._pending.append(row)
        value, faults = rule.parse(row.value)
        assert not faults, f"a stored row has been checked: {faults}"
        return value


_MODES = {
    RoundingMode.HALF_UP: "四舍五入",
    RoundingMode.UP: "向上进",
    RoundingMode.DOWN: "舍去尾数",
}
_UNITS = {1: "分", 10: "角", 100: "元"}


def rounding_text(rounding: Rounding) -> str:
    """Describe a rounding rule: 四舍五入到分."""
    unit = _UNITS.get(rounding.unit_fen, f"{format_yuan(rounding.unit_fen)} 元的倍数")
    return f"{_MODES[rounding.mode]}到{unit}"


def percent(rate_ppm: int) -> str:
    """Write 15,000 parts per million as 1.5%."""
    whole, part = divmod(rate_ppm, 10_000)
    return f"{whole}.{part:04d}".rstrip("0").rstrip(".") + "%"


def decimal_text(number_ppm: int) -> str:
    """Write 1,051,400 parts per million as 1.0514."""
    whole, part = divmod(number_ppm, 1_000_000)
    return f"{whole}.{part:06d}".rstrip("0").rstrip(".")


def age_text(months: int) -> str:
    """Write 721 months as 60岁1个月."""
    years, rest = divmod(months, 12)
    return f"{years}岁{rest}个月" if rest else f"{years}岁"


def span_text(months: int) -> str:
    """Write 521 months as 43年5个月."""
    years, rest = divmod(months, 12)
    return f"{years}年{rest}个月" if rest else f"{years}年"
