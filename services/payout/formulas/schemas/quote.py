"""Shapes of benefit quotes: the question, and the explained answer."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.payout.common.schemas import Day
from services.payout.formulas.domain.row import FormulaRow
from services.payout.formulas.domain.worksheet import BenefitQuote, QuoteStep
from services.payout.formulas.schemas.inputs import QuoteKindIn
from shared.ids import Ref, key_of
from shared.references import Reference
from shared.schema import In, Out, YuanOut


class BenefitQuoteIn(In):
    """A what-if: the inputs are the caller's, the rows are those of the day."""

    on: Day = Field(description="按此日执行的政策计算 (the rows in force on this day)")
    benefit: QuoteKindIn


class RowUsedOut(Out):
    """A row that a quote used, with its source."""

    id: str = Field(examples=[Reference.FORMULA_ROW.example])
    rule: str
    title: str
    place: str
    in_force_from: date
    in_force_to: date | None
    source: str
    certain: bool = Field(description="false: 待核 (still to be confirmed)")

    @classmethod
    def of(cls, row: FormulaRow) -> RowUsedOut:
        """Build it from a row."""
        names = cls.model_fields.keys() - {"id"}
        return cls(id=row_ref(row), **{name: getattr(row, name) for name in names})


def row_ref(row: FormulaRow) -> str:
    """Write the reference of a row."""
    return Ref(key_of("formula", row.rule), row.id).text(Reference.FORMULA_ROW)


class QuoteStepOut(Out):
    """One step of the calculation."""

    name: str
    formula: str
    result: str
    rounding: str | None
    rows: list[str]

    @classmethod
    def of(cls, step: QuoteStep) -> QuoteStepOut:
        """Build it from a step."""
        return cls(
            name=step.name,
            formula=step.formula,
            result=step.result,
            rounding=step.rounding,
            rows=[row_ref(row) for row in step.rows],
        )


class QuoteLineOut(Out):
    """An amount: once, every month for the counted months, or every month."""

    id: str
    name: str
    amount: YuanOut
    monthly: bool
    months: int | None


class QuoteFactOut(Out):
    """A result that is no amount."""

    id: str
    name: str
    value: str


class QuoteConditionOut(Out):
    """A condition of the benefit, and whether the inputs meet it."""

    id: str
    name: str
    required: str
    given: str
    met: bool


class QuoteInputOut(Out):
    """A fact that the calculation was given: typed by the caller, or read from the records."""

    name: str
    value: str


class BenefitQuoteOut(Out):
    """The explained quote. Nothing is stored."""

    kind: str
    on: date
    place: str
    eligible: bool = Field(description="false: 不符合条件,金额不予支付 (nothing is payable)")
    provisional: bool = Field(
        description="公布数尚未公布,暂按上一次公布的计算 (a figure is not yet published)"
    )
    confirmed: bool = Field(
        description="false: 所用参数有待核的 (a row that was used must still be confirmed)"
    )
    total: YuanOut
    lines: list[QuoteLineOut]
    facts: list[QuoteFactOut]
    conditions: list[QuoteConditionOut]
    inputs: list[QuoteInputOut]
    steps: list[QuoteStepOut]
    rows: list[RowUsedOut]
    last_known: list[RowUsedOut] = Field(
        description="代替未公布数的参数 (rows used in place of unpublished figures)"
    )

    @classmethod
    def of(cls, kind: str, on: date, place: str, quote: BenefitQuote) -> BenefitQuoteOut:
        """Build it from a quote."""
        return cls(
            kind=kind,
            on=on,
            place=place,
            eligible=quote.eligible,
            provisional=bool(quote.provisional),
            confirmed=all(row.certain for row in quote.rows),
            total=quote.total_fen,
            lines=[
                QuoteLineOut(
                    id=line.id,
                    name=line.name,
                    amount=line.amount_fen,
                    monthly=line.monthly,
                    months=line.months,
                )
                for line in quote.lines
            ],
            facts=[QuoteFactOut(id=f.id, name=f.name, value=f.value) for f in quote.facts],
            conditions=[
                QuoteConditionOut(
                    id=c.id, name=c.name, required=c.required, given=c.given, met=c.met
                )
                for c in quote.conditions
            ],
            inputs=[QuoteInputOut(name=name, value=value) for name, value in quote.inputs],
            steps=[QuoteStepOut.of(step) for step in quote.steps],
            rows=[RowUsedOut.of(row) for row in quote.rows],
            last_known=[RowUsedOut.of(row) for row in quote.provisional],
        )
