"""Shapes of a person's benefit quote: only what the records do not know is asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.payout.common.schemas import Day
from services.payout.formulas.domain.person import (
    DeathQuestion,
    InjuryQuestion,
    PensionQuestion,
    PersonQuestion,
    UnemploymentQuestion,
)
from services.payout.formulas.domain.retirement import RetirementCategory
from services.payout.formulas.schemas.inputs import Months
from shared.schema import In, PeriodField


class PersonPensionIn(In):
    """Basic pension. Months, index and balance come from the records."""

    kind: Literal["pension"]
    category: RetirementCategory | None = Field(
        None, description="女职工须说明 women_55 或 women_50 (must be given for women)"
    )
    chosen_month: PeriodField | None = Field(None, description="弹性选择的退休月 (chosen month)")
    deemed_months: Months = Field(0, description="档案审定的视同缴费月数 (deemed months)")
    before_account_months: Months = 0

    def question(self) -> PersonQuestion:
        """Return the question."""
        return PensionQuestion(
            category=self.category,
            chosen=self.chosen_month,
            deemed_months=self.deemed_months,
            before_account_months=self.before_account_months,
        )


class PersonUnemploymentIn(In):
    """Unemployment benefit."""

    kind: Literal["unemployment"]
    used_months: Months = Field(0, description="同一缴费年限已领月数 (months drawn before)")

    def question(self) -> PersonQuestion:
        """Return the question."""
        return UnemploymentQuestion(used_months=self.used_months)


class PersonDeathIn(In):
    """Funeral grant and grant at a death not by injury."""

    kind: Literal["death"]
    drawn_months: Months | None = Field(
        None, description="已领取基本养老金月数 (months drawn; null if still insured)"
    )

    def question(self) -> PersonQuestion:
        """Return the question."""
        return DeathQuestion(drawn_months=self.drawn_months)


class PersonInjuryIn(In):
    """Benefits of a grade of disability; the wage is the mean of the last twelve bases."""

    kind: Literal["injury"]
    grade: int = Field(ge=1, le=10, strict=True)
    leaves: bool = Field(False, description="终止劳动关系 (the contract ends)")

    def question(self) -> PersonQuestion:
        """Return the question."""
        return InjuryQuestion(grade=self.grade, leaves=self.leaves)


class PersonBenefitQuoteIn(In):
    """A quote of a person by the rows of a day."""

    on: Day
    benefit: Annotated[
        PersonPensionIn | PersonUnemploymentIn | PersonDeathIn | PersonInjuryIn,
        Field(discriminator="kind"),
    ]
