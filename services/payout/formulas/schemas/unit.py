"""Shapes of a unit's benefit quote: only what collection does not know is asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.payout.common.schemas import DayOfLaterYear
from services.payout.formulas.domain.maternity import BirthKind
from services.payout.formulas.domain.unit import (
    MaternityQuestion,
    StableJobQuestion,
    UnitQuestion,
)
from shared.schema import In


class UnitStableJobIn(In):
    """Stable-job refund. Contributions, months and heads come from collection."""

    kind: Literal["stable_job"]
    size: Literal["large", "other"] = Field(
        description="large 大型企业, other 中小微企业和参照执行的单位 (all others)"
    )
    drawing_heads: int | None = Field(
        None, ge=0, le=10_000_000, strict=True, description="领取失业保险金人数 (drawing benefit)"
    )
    natural_heads: int = Field(
        0, ge=0, le=10_000_000, strict=True, description="退休、死亡等自然减员 (retired or died)"
    )
    disqualified: bool = Field(False, description="严重失信或僵尸企业 (disqualified)")

    def question(self) -> UnitQuestion:
        """Return the question."""
        return StableJobQuestion(
            size=self.size,
            drawing_heads=self.drawing_heads,
            natural_heads=self.natural_heads,
            disqualified=self.disqualified,
        )


class UnitMaternityIn(In):
    """Maternity allowance. The average wage is the unit's of last year."""

    kind: Literal["maternity"]
    event: BirthKind = BirthKind.BIRTH
    difficult: bool = Field(False, description="难产 (difficult birth)")
    children: int = Field(1, ge=1, le=10, strict=True)

    def question(self) -> UnitQuestion:
        """Return the question."""
        return MaternityQuestion(event=self.event, difficult=self.difficult, children=self.children)


class UnitBenefitQuoteIn(In):
    """A quote of a unit by the rows of a day, from the year before."""

    on: DayOfLaterYear
    benefit: Annotated[UnitStableJobIn | UnitMaternityIn, Field(discriminator="kind")]
