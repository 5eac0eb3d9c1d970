"""Shapes of quotes, and of the explanation that every contribution line carries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from services.collection.levy.domain.levy import (
    WAGE_MAX_FEN,
    WAGE_TOTAL_MAX_FEN,
    ContributionLine,
    UnitFacts,
    Wages,
)
from services.collection.levy.domain.totals import Totals
from services.collection.levy.flows import Quote
from services.collection.policy.domain.category import EMPLOYEE, Coverage
from services.collection.policy.domain.rate import Figure, UnitFigure
from shared.errors import Refusal
from shared.fund import UnitKind, UnitSize
from shared.money import format_rate, format_yuan
from shared.period import Period
from shared.schema import Code, In, NonNegativeYuan, Out, RateOut, YuanOut, plain_day


def _at_most(limit_fen: int) -> AfterValidator:
    def check(amount_fen: int) -> int:
        if amount_fen >= limit_fen:
            raise PydanticCustomError("amount_too_large", "金额过大 (amount too large)")
        return amount_fen

    return AfterValidator(check)


def _yuan(digits: int, example: str) -> WithJsonSchema:
    pattern = rf"^(0|[1-9][0-9]{{0,{digits - 1}}})\.[0-9]{{2}}$"
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


Wage = Annotated[NonNegativeYuan, _at_most(WAGE_MAX_FEN), _yuan(8, "6500.00")]
"""A monthly wage."""
WageTotal = Annotated[NonNegativeYuan, _at_most(WAGE_TOTAL_MAX_FEN), _yuan(12, "650000.00")]
"""A unit's monthly wage total."""


def _with_default(wages: dict[str, int]) -> dict[str, int]:
    if "*" not in wages:
        raise PydanticCustomError(
            "wage_default_missing", '须有通用工资 "*" (a wage for all insurances is needed)'
        )
    return wages


InsuranceOrAll = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][a-z0-9_]{1,31})$")]
WagesIn = Annotated[
    dict[InsuranceOrAll, Wage],
    AfterValidator(_with_default),
    Field(max_length=20, examples=[{"*": "11300.00", "medical": "1850.00"}]),
]
"""Insurance → wage; "*" is the wage of every insurance not named."""


def _day(value: Any) -> Any:
    """Accept a period in place of its first day."""
    if isinstance(value, str) and len(value) == len("2021-07"):
        try:
            return Period.parse(value).first_day
        except Refusal as refusal:
            raise PydanticCustomError("period_malformed", refusal.message) from None
    return plain_day(value)


QuoteDay = Annotated[
    date,
    BeforeValidator(_day),
    Field(ge=date(1990, 1, 1), le=date(2100, 12, 31)),
    WithJsonSchema({"type": "string", "examples": ["2021-07", "2021-07-15"]}),
]


FiguresIn = Annotated[
    dict[Figure, Wage],
    Field(
        max_length=len(Figure),
        examples=[{"last_year": "6200.00"}],
        description="本人上年度月平均工资、上月工资、档案工资 (only where the policy needs them)",
    ),
]
UnitFiguresIn = Annotated[
    dict[UnitFigure, WageTotal],
    Field(
        max_length=len(UnitFigure),
        examples=[{"last_month": "650000.00"}],
        description="单位上年度月平均、上月工资总额 (only where the policy needs them)",
    ),
]


def by_name(figures: Mapping[Figure, int] | Mapping[UnitFigure, int] | None) -> dict[str, int]:
    """Parse figures into fen."""
    return {name.value: fen for name, fen in (figures or {}).items()}


class QuotedPersonIn(In):
    """A person of a quote; `ref` is the caller's own mark."""

    ref: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(examples=["a"])
    wages: WagesIn
    figures: FiguresIn | None = None
    age: int | None = Field(default=None, ge=0, le=150, description="周岁 (full years)")
    category: Code = Field(default=EMPLOYEE, description="参保类别")
    base_choice: Code | None = Field(default=None, description="缴费档次")

    def taken(self) -> Wages:
        """Return the wages as the calculation takes them."""
        own = {name: fen for name, fen in self.wages.items() if name != "*"}
        return Wages(
            self.ref,
            self.wages["*"],
            own,
            by_name(self.figures),
            self.age,
            self.category,
            self.base_choice,
        )


class QuoteIn(In):
    """A request for a quote; nothing is stored."""

    region: Code | None = None
    on: QuoteDay
    unit_kind: UnitKind
    injury_class: int | None = Field(default=None, ge=1, le=8)
    injury_step: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = Field(
        default=None, examples=["up_120"], description="工伤费率浮动档次 (floating step)"
    )
    unit_size: UnitSize | None = Field(default=None, description="单位规模 (for relief)")
    unit_wage_total: WageTotal | None = None
    unit_figures: UnitFiguresIn | None = None
    people: list[QuotedPersonIn] = Field(min_length=1, max_length=200)

    def facts(self) -> UnitFacts:
        """Return the unit's facts that the levy needs."""
        return UnitFacts(
            kind=self.unit_kind.value,
            injury_class=self.injury_class,
            wage_total_fen=self.unit_wage_total,
            figures=by_name(self.unit_figures),
        )


class ExplainOut(Out):
    """The explanation of an amount: `product` is base x rate in yuan, exact, before rounding.

    `credited` of it went to personal accounts, on lines of their own. `factors` are the floating
    step and the stage cut in the rate. `category` is the category row of a person who is not an
    employee, `choice` the row of the chosen base. For relief, the base is what was owed, the rate
    the remitted share, and `cap` its limit.
    """

    rule: str = Field(examples=["pension.unit"])
    asked: YuanOut | None
    floor: YuanOut | None
    ceiling: YuanOut | None
    clamp: str | None = Field(examples=["floor"])
    base: YuanOut
    rate: RateOut
    product: str = Field(examples=["538.24"])
    rounding: str = Field(examples=["0.01 half_up"])
    credited: YuanOut | None = None
    factors: list[str] = Field(default=[], examples=[["up_120 1.2000"]])
    category: str | None = Field(default=None, examples=["injury_only"])
    choice: str | None = Field(default=None, examples=["flexible.60.2006 0.6000"])
    cap: YuanOut | None = None
    source: str

    @classmethod
    def of(cls, line: ContributionLine) -> ExplainOut:
        """Build the explanation of a line."""
        unit_fen, mode = line.rounding.unit_fen, line.rounding.mode
        return cls(
            rule=line.rate.id,
            asked=line.asked_fen,
            floor=line.floor_fen,
            ceiling=line.ceiling_fen,
            clamp=line.clamp,
            base=line.base_fen,
            rate=line.rate.rate_ppm,
            product=exact_yuan(line.product),
            rounding=f"{format_yuan(unit_fen)} {mode.value}",
            credited=line.credited_fen or None,
            factors=[f"{row.id} {format_rate(row.factor_ppm)}" for row in line.rate.factors],
            category=None if line.coverage.row is None else line.coverage.row.id,
            choice=None
            if line.chosen is None
            else f"{line.chosen.id} {format_rate(line.chosen.factor_ppm)}",
            cap=None if line.relief is None else line.relief.cap_fen,
            source=line.rate.source,
        )


def exact_yuan(hundred_millionths: int) -> str:
    """Format 10⁻⁸ yuan as yuan, with two decimals or as many as are not zero."""
    whole, part = divmod(hundred_millionths, 10**8)
    decimals = f"{part:08d}"
    return f"{whole}.{decimals[:2]}{decimals[2:].rstrip('0')}"


class StandingOut(Out):
    """The category of a person who is not an employee, and the insurances it is levied for."""

    category: str = Field(examples=["injury_only"])
    base_choice: str | None
    rule: str | None = Field(examples=["injury_only"])
    insurances: list[str]
    source: str | None

    @classmethod
    def of(cls, coverage: Coverage, choice: str | None) -> StandingOut:
        """Build the answer."""
        row = coverage.row
        return cls(
            category=coverage.category,
            base_choice=choice,
            rule=None if row is None else row.id,
            insurances=[] if row is None else list(row.insurances),
            source=None if row is None else row.source,
        )


class LineOut(Out):
    """A contribution; `ref` is null for a line of the unit as a whole.

    `ref` is also null for relief, whose amount is negative.
    """

    level: str = Field(examples=["people", "unit", "relief"])
    ref: str | None
    insurance: str
    party: str
    account: str
    fund: str
    base: YuanOut
    rate: RateOut
    amount: YuanOut
    explain: ExplainOut

    @classmethod
    def of(cls, line: ContributionLine) -> LineOut:
        """Build the answer from a line."""
        return cls(
            level=line.level,
            ref=line.ref,
            insurance=line.insurance,
            party=line.party.value,
            account=line.rate.account.value,
            fund=line.fund,
            base=line.base_fen,
            rate=line.rate.rate_ppm,
            amount=line.amount_fen,
            explain=ExplainOut.of(line),
        )


class LevyTotalsOut(Out):
    """The totals of lines."""

    unit: YuanOut
    personal: YuanOut
    total: YuanOut
    by_insurance: dict[str, YuanOut]
    by_fund: dict[str, YuanOut]

    @classmethod
    def of(cls, totals: Totals) -> LevyTotalsOut:
        """Build the answer from totals."""
        return cls(
            unit=totals.unit_fen,
            personal=totals.personal_fen,
            total=totals.total_fen,
            by_insurance=dict(totals.by_insurance),
            by_fund=dict(totals.by_fund),
        )


class SourceOut(Out):
    """A source that the lines cite."""

    text: str
    certain: bool


class QuoteOut(Out):
    """The lines, their totals, and the sources that they cite."""

    policy: str = Field(examples=["tianjin-2021"])
    lines: list[LineOut]
    totals: LevyTotalsOut
    sources: dict[str, SourceOut]

    @classmethod
    def of(cls, quote: Quote) -> QuoteOut:
        """Build the answer from a quote."""
        cited = {line.rate.source for line in quote.lines}
        cited |= {source for line in quote.lines for source in line.category_sources}
        cited |= {factor.source for line in quote.lines for factor in line.rate.factors}
        return cls(
            policy=quote.policy.pack,
            lines=[LineOut.of(line) for line in quote.lines],
            totals=LevyTotalsOut.of(quote.totals),
            sources={
                name: SourceOut(text=text, certain=certain)
                for name, (text, certain) in quote.policy.sources.items()
                if name in cited
            },
        )
