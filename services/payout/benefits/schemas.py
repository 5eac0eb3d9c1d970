"""Shapes of benefit kinds."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.payout.benefits.domain import (
    SIGNATURES,
    SIGNATURES_LEAST,
    BenefitKind,
    BenefitKindCorrection,
    Once,
    Origin,
    Payee,
)
from services.payout.benefits.flows import kind_key
from services.payout.common.schemas import Day
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, In, Out, PositiveYuan, ShortText, YuanOut

_ACCOUNT = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")]


class BenefitKindOut(Out):
    """The fund and account of a kind of claim, and its conditions, from a day to a day."""

    kind: str
    name: str
    fund: str
    account: str
    in_force_from: date
    in_force_to: date | None
    source: str
    payee: Payee
    origin: Origin = Field(description="filed 人工提交 | run 按月生成 | computed 系统算出")
    once: Once = Field(description="同一事项只付一次的依据 (the key of an event that is paid once)")
    event_group: str | None = Field(
        description="同组待遇,同一事项只付其中一种 (kinds of a group pay an event once among them)"
    )
    documents: list[str] = Field(description="须交材料 (documents that a claim needs)")
    needs_person: bool
    needs_employer: bool
    checks_arrears: bool
    needs_cost: bool = Field(description="须填费用构成 (each line needs its cost)")
    not_with_pension: bool = Field(
        description="领取基本养老金的月份不付 (not paid for a month of a basic pension)"
    )
    line_limit: YuanOut | None = Field(description="每笔上限 (most for one payee of a claim)")
    year_limit: YuanOut | None = Field(description="每人每年上限 (most for a person and year)")
    signatures: int

    @classmethod
    def of(cls, row: BenefitKind) -> BenefitKindOut:
        """Build it from a stored row."""
        plain = set(cls.model_fields) - {"documents", "line_limit", "year_limit"}
        return cls(
            **{name: getattr(row, name) for name in plain},
            documents=list(row.documents),
            line_limit=row.line_limit_fen,
            year_limit=row.year_limit_fen,
        )


class BenefitKindsOut(Out):
    """Every dated row."""

    items: list[BenefitKindOut]


class BenefitKindIn(In):
    """A row as it is to be, and the reason."""

    name: ShortText = Field(examples=["丧葬补助金"])
    fund: Code = Field(examples=["pension"])
    account: Annotated[_ACCOUNT, StringConstraints(max_length=64)] = Field(
        examples=["benefit.funeral_grant"]
    )
    in_force_from: Day
    in_force_to: Day | None = None
    source: ShortText
    payee: Payee
    origin: Origin = Origin.FILED
    once: Once
    event_group: Code | None = Field(default=None, examples=["funeral"])
    documents: list[Code] = Field(default=[], max_length=20)
    needs_person: bool = False
    needs_employer: bool = False
    checks_arrears: bool = False
    needs_cost: bool = False
    not_with_pension: bool = False
    line_limit: PositiveYuan | None = None
    year_limit: PositiveYuan | None = None
    signatures: int = Field(default=SIGNATURES, ge=SIGNATURES_LEAST, le=SIGNATURES, strict=True)
    reason: ShortText

    def row(self, kind: str) -> BenefitKind:
        """Return the row of a kind."""
        other = {"reason", "documents", "line_limit", "year_limit"}
        return BenefitKind(
            kind=kind,
            documents=tuple(sorted(set(self.documents))),
            line_limit_fen=self.line_limit,
            year_limit_fen=self.year_limit,
            **{name: getattr(self, name) for name in set(type(self).model_fields) - other},
        )


class BenefitKindApprovalIn(In):
    """An empty body: the correction is approved as it was filed."""


class BenefitKindRefusalIn(In):
    """The reason of a refusal."""

    why: ShortText


class BenefitKindCorrectionOut(Out):
    """A correction of a row of a benefit kind."""

    id: str = Field(examples=[Reference.BENEFIT_KIND_CORRECTION.example])
    row: BenefitKindOut
    reason: str
    status: str = Field(examples=["filed"], description="filed | approved | refused")
    filed_by: str

    @classmethod
    def of(cls, correction: BenefitKindCorrection) -> BenefitKindCorrectionOut:
        """Build it from a correction."""
        ref = Ref(kind_key(correction.row.kind), correction.id)
        return cls(
            id=ref.text(Reference.BENEFIT_KIND_CORRECTION),
            row=BenefitKindOut.of(correction.row),
            reason=correction.reason,
            status=correction.status,
            filed_by=correction.filed_by,
        )
