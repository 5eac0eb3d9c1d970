"""Shapes of base reviews, corrections and adjustments."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.collection.bases.domain import (
    REQUIRED,
    PersonStanding,
    ReviewedPerson,
    ReviewFile,
    ReviewReason,
    totals,
)
from services.collection.bases.flows.adjustment import AdjustmentResult
from services.collection.bases.flows.base_correction import CorrectionRequest
from services.collection.bases.flows.review import ReviewRequest
from services.collection.bases.store import BasePersonRow, CorrectionRow, ReviewRow
from services.collection.common.schemas.common import Day, IdentityNumber
from services.collection.levy.schemas import Wage, WageTotal
from shared.ids import Ref
from shared.period import Period
from shared.references import Reference
from shared.schema import In, Out, PeriodField, ShortText, YuanOut

DocumentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]


class ReviewFileIn(In):
    """The file of a review; without any of these four it is refused (四不接收)."""

    documents: list[DocumentName] = Field(default=[], max_length=20, examples=[list(REQUIRED)])
    posted_on: Day | None = None
    signed_people: int = Field(default=0, ge=0, le=100_000)
    undertaking_on: Day | None = None


class ReviewedPersonIn(In):
    """A person with last year's own monthly average wage."""

    identity_number: IdentityNumber
    wage: Wage
    standing: PersonStanding = PersonStanding.INSURED


class BaseReviewIn(In):
    """A unit's bases for a year. A provisional review carries last year's on and has no people."""

    year: int = Field(ge=1990, le=2100)
    reason: ReviewReason = ReviewReason.ANNUAL
    from_period: PeriodField | None = Field(
        default=None,
        description="起始所属期,年度核定为一月 (first period; January for the annual review)",
    )
    provisional: bool = False
    unit_wage_total: WageTotal | None = None
    file: ReviewFileIn = ReviewFileIn()
    people: list[ReviewedPersonIn] = Field(default=[], max_length=10_000)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        first = self.from_period or Period(self.year, 1)
        if first.year != self.year or (self.reason is ReviewReason.ANNUAL and first.month != 1):
            raise PydanticCustomError(
                "from_period",
                "年度核定自一月起,其他须在本年度内 (an annual review begins in January, any other within its year)",
            )
        if self.reason is not ReviewReason.ANNUAL and (
            self.from_period is None or self.provisional
        ):
            raise PydanticCustomError(
                "from_period",
                "建制变动须写明起始所属期,且不得为暂定 (give the first period; not provisional)",
            )
        if self.provisional != (not self.people and self.unit_wage_total is None):
            raise PydanticCustomError(
                "provisional",
                "暂定沿用上年度基数,不另填名册;否则须填 (give no people when provisional, otherwise give them)",
            )
        if not self.provisional and (not self.people or self.unit_wage_total is None):
            raise PydanticCustomError(
                "unit_wage_total", "须填工资总额和名册 (wage total and people are required)"
            )
        return self

    def request(self) -> ReviewRequest:
        """Return the request for the flow."""
        return ReviewRequest(
            year=self.year,
            reason=self.reason,
            from_period=self.from_period or Period(self.year, 1),
            provisional=self.provisional,
            unit_wage_total_fen=self.unit_wage_total or 0,
            file=ReviewFile(
                documents=tuple(self.file.documents),
                posted_on=self.file.posted_on,
                signed_people=self.file.signed_people,
                undertaking_on=self.file.undertaking_on,
            ),
            people=[
                ReviewedPerson(
                    identity_number=person.identity_number,
                    wage_fen=person.wage,
                    standing=person.standing,
                )
                for person in self.people
            ],
        )


class BaseReviewOut(Out):
    """A base review; monthly amounts."""

    id: str = Field(examples=[Reference.BASE_REVIEW.example])
    credit_code: str
    year: int
    version: int
    reason: str
    from_period: str
    provisional: bool
    status: str = Field(examples=["submitted", "confirmed", "refused"])
    unit_kind: str
    people: int
    counted_only: int
    unit_wage_total: YuanOut
    counted_only_wages: YuanOut
    personal_sum: YuanOut
    unit_base: YuanOut

    @classmethod
    def of(cls, row: ReviewRow) -> BaseReviewOut:
        """Return the answer's shape."""
        return cls(
            id=Ref(row.unit_id, row.id).text(Reference.BASE_REVIEW),
            credit_code=row.credit_code,
            year=row.year,
            version=row.version,
            reason=row.reason,
            from_period=row.from_period,
            provisional=row.provisional,
            status=row.status,
            unit_kind=row.unit_kind,
            people=row.people,
            counted_only=row.counted_only,
            unit_wage_total=row.wage_total_fen,
            counted_only_wages=row.counted_only_fen,
            personal_sum=row.personal_sum_fen,
            unit_base=row.unit_base_fen,
        )


class BasePersonOut(Out):
    """A person of a review, masked; bases by insurance, empty for a person who only counts."""

    line: int
    masked_identity_number: str
    standing: str
    wage: YuanOut
    bases: dict[str, YuanOut]
    corrected: bool

    @classmethod
    def of(cls, row: BasePersonRow, insurances: tuple[str, ...]) -> BasePersonOut:
        """Return the list's shape."""
        insured = row.standing == PersonStanding.INSURED
        return cls(
            line=row.line_no,
            masked_identity_number=row.masked_number,
            standing=row.standing,
            wage=row.wage_fen,
            bases=dict(zip(insurances, row.base_fen, strict=True)) if insured else {},
            corrected=row.corrected,
        )


class CorrectionIn(In):
    """A written request to correct a person's base."""

    identity_number: IdentityNumber
    wage: Wage
    request_no: Annotated[
        str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)
    ]
    requested_on: Day

    def request(self) -> CorrectionRequest:
        """Return the request for the flow."""
        return CorrectionRequest(
            identity_number=self.identity_number,
            wage_fen=self.wage,
            request_no=self.request_no,
            requested_on=self.requested_on,
        )


class CorrectionRefusalIn(In):
    """The reason of a refusal."""

    why: ShortText


class CorrectionOut(Out):
    """A correction of a person's base."""

    id: str = Field(examples=[Reference.BASE_CORRECTION.example])
    review: str
    line: int
    wage: YuanOut
    request_no: str
    requested_on: date
    status: str = Field(examples=["requested"], description="requested | approved | refused")

    @classmethod
    def of(cls, row: CorrectionRow) -> CorrectionOut:
        """Return the answer's shape."""
        return cls(
            id=Ref(row.unit_id, row.id).text(Reference.BASE_CORRECTION),
            review=Ref(row.unit_id, row.review_id).text(Reference.BASE_REVIEW),
            line=row.line_no,
            wage=row.wage_fen,
            request_no=row.request_no,
            requested_on=row.requested_on,
            status=row.status,
        )


class AdjustmentIn(In):
    """The billed month to compare with the review."""

    period: PeriodField


class DifferenceOut(Out):
    """The total difference of an insurance and party over all lines of the run; negative when less."""

    insurance: str
    party: str
    account: str
    fund: str
    was: YuanOut
    now: YuanOut
    difference: YuanOut


class AdjustmentOut(Out):
    """An adjustment run: the differences from the month's last declaration, and its correction."""

    review: str
    declaration: str = Field(description="与之相比的申报 (the declaration it was compared with)")
    adjustment: str | None = Field(
        description="据此提交的更正申报,无差异时为空 (the correction submitted for the month, if any)"
    )
    period: str
    people: int
    difference: YuanOut
    lines: list[DifferenceOut]

    @classmethod
    def of(cls, result: AdjustmentResult) -> AdjustmentOut:
        """Return the answer's shape."""
        return cls(
            review=Ref(result.review.unit_id, result.review.id).text(Reference.BASE_REVIEW),
            declaration=Ref(result.declaration.unit_id, result.declaration.id).text(
                Reference.DECLARATION
            ),
            adjustment=None
            if result.correction is None
            else Ref(result.correction.unit_id, result.correction.id).text(Reference.DECLARATION),
            period=result.declaration.period,
            people=len({row.line_no for row in result.rows if row.line_no}),
            difference=sum(row.difference_fen for row in result.rows),
            lines=[
                DifferenceOut(
                    insurance=insurance,
                    party=party,
                    account=account,
                    fund=fund,
                    was=was,
                    now=now,
                    difference=now - was,
                )
                for (insurance, party, account, fund), (was, now) in totals(result.rows).items()
            ],
        )
