"""Shapes of the inputs of benefit quotes, one for each kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.payout.formulas.domain.death import DeathInputs
from services.payout.formulas.domain.hospital import HospitalInputs
from services.payout.formulas.domain.injury import InjuryDeathInputs, InjuryInputs
from services.payout.formulas.domain.maternity import BirthKind, MaternityInputs
from services.payout.formulas.domain.pension import PensionInputs
from services.payout.formulas.domain.quote import QuoteInputs
from services.payout.formulas.domain.retirement import RetirementCategory, RetirementInputs
from services.payout.formulas.domain.sickness import SicknessInputs
from services.payout.formulas.domain.stable_job import StableJobInputs
from services.payout.formulas.domain.unemployment import UnemploymentInputs
from shared.schema import In, NonNegativeYuan, PeriodField, PositiveYuan, Rate

Months = Annotated[int, Field(ge=0, le=1200, strict=True)]


class RetirementQuoteIn(In):
    """Statutory retirement month (法定退休时间)."""

    kind: Literal["retirement"]
    category: RetirementCategory = Field(
        description="men 男职工, women_55 原55周岁退休的女职工, women_50 原50周岁退休的女职工"
    )
    birth_month: PeriodField
    chosen_month: PeriodField | None = Field(None, description="弹性选择的退休月 (chosen month)")

    def inputs(self) -> QuoteInputs:
        """Return the inputs of the calculation."""
        return RetirementInputs(
            category=self.category, birth=self.birth_month, chosen=self.chosen_month
        )


class PensionQuoteIn(In):
    """Basic pension of an enterprise employee (企业职工基本养老金)."""

    kind: Literal["pension"]
    retirement_month: PeriodField
    age_months: Months = Field(description="退休时的年龄,月 (age at retirement, in months)")
    paid_months: Months = Field(description="累计缴费月数,含视同缴费 (with the deemed months)")
    average_index: Rate = Field(description="平均缴费指数 (average contribution index)")
    account_balance: NonNegativeYuan = Field(description="个人账户储存额 (balance of the account)")
    deemed_months: Months = Field(0, description="视同缴费月数 (deemed months)")
    before_account_months: Months = Field(
        0, description="建立个人账户前的缴费月数 (months before the account was opened)"
    )
    estimated_account: NonNegativeYuan = Field(
        0, description="视同账户或推算储存额 (estimated account of the years before it)"
    )
    early_months: Months = Field(0, description="提前退休月数 (months of early retirement)")

    def inputs(self) -> QuoteInputs:
        """Return the inputs of the calculation."""
        return PensionInputs(
            retirement=self.retirement_month,
            age_months=self.age_months,
            paid_months=self.paid_months,
            index_ppm=self.average_index,
            account_fen=self.account_balance,
            deemed_months=self.deemed_months,
            before_account_months=self.before_account_months,
            estimated_account_fen=self.estimated_account,
            early_months=self.early_months,
        )


class SicknessQuoteIn(In):
    """Sickness allowance (病残津贴)."""

    kind: Literal["sickness"]
    month: PeriodField = Field(description="申领月 (month of the claim)")
    statutory_month: PeriodField = Field(description="法定退休月 (statutory month of retirement)")
    age_months: Months
    paid_months: Months
    average_index: Rate
    account_balance: NonNegativeYuan
    deemed_months: Months = 0

    def inputs(self) -> QuoteInputs:
        """Return the inputs of the calculation."""
        pension = PensionInputs(
            retirement=self.month,
            age_months=self.age_months,
            paid_months=self.paid_months,
            index_ppm=self.average_index,
            account_fen=self.account_balance,
            deemed_months=self.deemed_months,
        )
        return SicknessInputs(pension=pension, statutory=self.statutory_month)


class UnemploymentQuoteIn(In):
    """Unemployment benefit and its medical premium (失业保险金、代缴医保)."""

    kind: Literal["unemployment"]
    paid_months: Months
    used_months: Months = Field(
        0, description="同一缴费年限已领月数 (months drawn for the same months paid)"
    )

    def inputs(self) -> QuoteInputs:
        """Return the inputs of the calculation."""
        return UnemploymentInputs(paid_months=self.paid_months, used_months=self.used_months)


class MaternityQuoteIn(In):
    """Maternity allowance (生育津贴)."""

    kind: Literal["maternity"]
    average_wage: PositiveYuan = Field(
        description="用人单位上年度职工月平均工资 (the unit's average monthly wage of last year)"
    )
    event: BirthKind = BirthKind.BIRTH
    difficult: bool = Field(False, description="难产 (difficult birth)")
    children: int = Field(1, ge=1, le=10, strict=True)

    def inputs(self) -> QuoteInputs:
        """Return the inputs of the calculation."""
        return MaternityInputs(
            average_fen=self.average_wage,
            event=self.event,
            difficult=self.difficult,
            children=self.children,
        )


class HospitalQuoteIn(In):
    """Settlement of a hospital stay (住院医疗费)."""

    kind: Literal["hospital"]
    level: Literal["1", "2", "3"] = Field(description="医院级别 (level of the hospital)")
    total: PositiveYuan
    own: NonNegativeYuan = Field(0, description="目录外自费 (outside the catalogue)")
    first: NonNegativeYuan = Field(0, description="乙类等先行自付 (paid first by the person)")
    admission: int = Field(
        1, ge=1, le=100, strict=True, description="本年第几次住院 (number of the admission)"
    )
    retired: bool = False
    year_cost: NonNegativeYuan = Field(
        0, description="本年此前政策范围内费用 (eligible costs of earlier stays of the year)"
    )
    pool_paid: NonNegativeYuan = Field(0, description="本年统筹基金已付 (paid by the pool)")
    large_paid: NonNegativeYuan = Field(0, description="本年大额补助已付 (paid for large sums)")

    def inputs(self) -> QuoteInputs:
        """Return the inputs of the calculation."""
        return HospitalInputs(
            level=self.level,
            total_fen=self.total,
            own_fen=self.own,
            first_fen=self.first,
            admission=self.admission,
            retired=self.retired,
            year_cost_fen=self.year_cost,
            pool_paid_fen=self.pool_paid,
            large_paid_fen=self.large_paid,
        )


class StableJobQuoteIn(In):
    """Stable-job refund of a unit (稳岗返还)."""

    kind: Literal["stable_job"]
    size: Literal["large", "other"] = Field(
        description="large 大型企业, other 中小微企业和参照执行的单位"
    )
    contributions: PositiveYuan = Field(
        description="上年度实际缴纳失业保险费 (unemployment contributions paid last year)"
    )
    paid_months: Months
    heads_before: int = Field(
        ge=0,
        le=10_000_000,
        strict=True,
        description="年初(上上年末)参保人数 (heads at the beginning)",
    )
    heads_after: int = Field(
        ge=0, le=10_000_000, strict=True, description="年末参保人数 (heads at the end)"
    )
    drawing_heads: int | None = Field(
        None, ge=0, le=10_000_000, strict=True, description="领取失业保险金人数 (drawing benefit)"
    )
    head_months: int | None = Field(
        None, ge=0, le=100_000_000, strict=True, description="各月参保人数之和 (sum of the months)"
    )
    natural_heads: int = Field(
        0,
        ge=0,
        le=10_000_000,
        strict=True,
        description="退休、死亡等自然减员人数 (retired or died)",
    )
    disqualified: bool = Field(False, description="严重失信或僵尸企业 (disqualified)")

    def inputs(self) -> QuoteInputs:
        """Return the inputs of the calculation."""
        return StableJobInputs(
            size=self.size,
            contributions_fen=self.contributions,
            paid_months=self.paid_months,
            heads_before=self.heads_before,
            heads_after=self.heads_after,
            drawing_heads=self.drawing_heads,
            head_months=self.head_months,
            natural_heads=self.natural_heads,
            disqualified=self.disqualified,
        )


class InjuryQuoteIn(In):
    """Benefits of a grade of disability (工伤伤残待遇)."""

    kind: Literal["injury"]
    grade: int = Field(ge=1, le=10, strict=True)
    wage: PositiveYuan = Field(description="本人工资:受伤前12个月平均月缴费工资 (own wage)")
    leaves: bool = Field(False, description="终止劳动关系 (the contract ends)")

    def inputs(self) -> QuoteInputs:
        """Return the inputs of the calculation."""
        return InjuryInputs(grade=self.grade, wage_fen=self.wage, leaves=self.leaves)


class InjuryDeathQuoteIn(In):
    """Benefits of a death by injury (因工死亡待遇)."""

    kind: Literal["injury_death"]
    wage: PositiveYuan
    spouse: bool = False
    others: int = Field(
        0, ge=0, le=50, strict=True, description="其他供养亲属人数 (other dependants)"
    )
    spouse_alone: bool = Field(False, description="配偶为孤寡老人 (the spouse is alone)")
    others_alone: int = Field(
        0, ge=0, le=50, strict=True, description="其中孤寡老人或孤儿 (of them alone)"
    )

    def inputs(self) -> QuoteInputs:
        """Return the inputs of the calculation."""
        return InjuryDeathInputs(
            wage_fen=self.wage,
            spouse=self.spouse,
            others=self.others,
            spouse_alone=self.spouse_alone,
            others_alone=min(self.others_alone, self.others),
        )


class DeathQuoteIn(In):
    """Funeral grant and grant at a death not by injury (丧葬补助金和抚恤金)."""

    kind: Literal["death"]
    paid_months: Months
    drawn_months: Months | None = Field(
        None, description="已领取基本养老金月数;在职为空 (months drawn; null if still insured)"
    )

    def inputs(self) -> QuoteInputs:
        """Return the inputs of the calculation."""
        return DeathInputs(paid_months=self.paid_months, drawn_months=self.drawn_months)


QuoteKindIn = Annotated[
    RetirementQuoteIn
    | PensionQuoteIn
    | SicknessQuoteIn
    | UnemploymentQuoteIn
    | MaternityQuoteIn
    | HospitalQuoteIn
    | StableJobQuoteIn
    | InjuryQuoteIn
    | InjuryDeathQuoteIn
    | DeathQuoteIn,
    Field(discriminator="kind"),
]
"""The inputs of one kind."""
