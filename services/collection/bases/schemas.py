"""Shapes of base reviews, corrections and what a review changes."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.collection.bases.domain import REQUIRED, Reason, Reviewed, ReviewFile, Standing
from services.collection.bases.flows.adjustment import AdjustmentResult
from services.collection.bases.flows.review import Asked, CorrectionAsked
from services.collection.bases.store import BasePersonRow, CorrectionRow, ReviewRow
from services.collection.common.schemas.common import Day, IdentityNumber
from services.collection.levy.schemas import Wage, WageTotal
from shared.ids import Ref
from shared.period import Period
from shared.references import Reference
from shared.schema import In, Out, PeriodField, YuanOut

DocumentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]


class ReviewFileIn(In):
    """The four things without which a file is not taken (四不接收)."""

    documents: list[DocumentName] = Field(default=[], max_length=20, examples=[list(REQUIRED)])
    posted_on: Day | None = None
    signed_people: int = Field(default=0, ge=0, le=100_000)
    undertaking_on: Day | None = None


class ReviewedPersonIn(In):
    """A person and last year's own monthly average wage."""

    identity_number: IdentityNumber
    wage: Wage
    standing: Standing = Standing.INSURED


class BaseReviewIn(In):
    """A unit's bases for a year. Provisional: last year's carry on, and nothing else is given."""

    year: int = Field(ge=1990, le=2100)
    reason: Reason = Reason.ANNUAL
    from_period: PeriodField | None = Field(
        default=None, description="自何所属期起;年度核定为一月 (January for the annual review)"
    )
    provisional: bool = False
    unit_wage_total: WageTotal | None = None
    file: ReviewFileIn = ReviewFileIn()
    people: list[ReviewedPersonIn] = Field(default=[], max_length=10_000)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        first = self.from_period or Period(self.year, 1)
        if first.year != self.year or (self.reason is Reason.ANNUAL and first.month != 1):
            raise PydanticCustomError(
                "from_period",
                "年度核定自一月起,其他须在本年度内 (annual from January; within the year)",
            )
        if self.reason is not Reason.ANNUAL and (self.from_period is None or self.provisional):
            raise PydanticCustomError(
                "from_period",
                "建制变动须写明起始所属期,且不得为暂定 (say from when; not provisional)",
            )
        if self.provisional != (not self.people and self.unit_wage_total is None):
            raise PydanticCustomError(
                "provisional", "暂定沿用上年度基数,不另填名册;否则须填 (no people when provisional)"
            )
        if not self.provisional and (not self.people or self.unit_wage_total is None):
            raise PydanticCustomError(
                "unit_wage_total", "须填工资总额和名册 (wage total and people are needed)"
            )
        return self

    def asked(self) -> Asked:
        """As the flow takes it."""
        return Asked(
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
                Reviewed(
                    identity_number=person.identity_number,
                    wage_fen=person.wage,
                    standing=person.standing,
                )
                for person in self.people
            ],
        )


class BaseReviewOut(Out):
    """A review; amounts by the month."""

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


class BaseReviewPageOut(Out):
    """A unit's reviews, oldest first."""

    items: list[BaseReviewOut]
    next_cursor: str | None
    has_more: bool


class BasePersonOut(Out):
    """One person of a review, masked; bases by insurance, empty for who only counts."""

    line: int
    masked_identity_number: str
    standing: str
    wage: YuanOut
    bases: dict[str, YuanOut]
    corrected: bool

    @classmethod
    def of(cls, row: BasePersonRow, insurances: tuple[str, ...]) -> BasePersonOut:
        """Return the list's shape."""
        insured = row.standing == Standing.INSURED
        return cls(
            line=row.line_no,
            masked_identity_number=row.masked_number,
            standing=row.standing,
            wage=row.wage_fen,
            bases=dict(zip(insurances, row.base_fen, strict=True)) if insured else {},
            corrected=row.corrected,
        )


class BasePeopleOut(Out):
    """A review's people."""

    items: list[BasePersonOut]
    next_cursor: str | None
    has_more: bool


class CorrectionIn(In):
    """A written request to correct one person's base."""

    identity_number: IdentityNumber
    wage: Wage
    request_no: Annotated[
        str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)
    ]
    requested_on: Day

    def asked(self) -> CorrectionAsked:
        """As the flow takes it."""
        return CorrectionAsked(
            identity_number=self.identity_number,
            wage_fen=self.wage,
            request_no=self.request_no,
            requested_on=self.requested_on,
        )


class CorrectionOut(Out):
    """A correction."""

    id: str = Field(examples=[Reference.BASE_CORRECTION.example])
    review: str
    line: int
    wage: YuanOut
    request_no: str
    requested_on: date
    status: str = Field(examples=["requested", "approved"])

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
    """The billed month to hold against the review."""

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
    declaration: str = Field(description="与之相比的申报 (the paper that it was compared with)")
    adjustment: str | None = Field(
        description="据此提交的更正申报,无差异时为空 (the paper that restates the month, if any)"
    )
    period: str
    people: int
    difference: YuanOut
    lines: list[DifferenceOut]

    @classmethod
    def of(cls, found: AdjustmentResult) -> AdjustmentOut:
        """Return the answer's shape."""
        sums: dict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        for row in found.rows:
            pair = sums[row.insurance, row.party, row.account, row.fund]
            pair[0] += row.was_fen
            pair[1] += row.now_fen
        return cls(
            review=Ref(found.review.unit_id, found.review.id).text(Reference.BASE_REVIEW),
            declaration=Ref(found.declaration.unit_id, found.declaration.id).text(
                Reference.DECLARATION
            ),
            adjustment=None
            if found.paper is None
            else Ref(found.paper.unit_id, found.paper.id).text(Reference.DECLARATION),
            period=found.declaration.period,
            people=len({row.line_no for row in found.rows if row.line_no}),
            difference=sum(row.difference_fen for row in found.rows),
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
                for (insurance, party, account, fund), (was, now) in sums.items()
            ],
        )
