"""Shapes of declarations: the request, the header, the levied lines."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.collection.common.schemas.common import IdentityNumber
from services.collection.filing.domain.one_unit import DeclaredPerson, UnitDeclaration
from services.collection.filing.domain.records import (
    DeclarationRow,
    LeviedDeclaration,
    LineRow,
    totals_of,
)
from services.collection.filing.domain.restatement import own_lines
from services.collection.levy.schemas import (
    FiguresIn,
    LevyTotalsOut,
    UnitFiguresIn,
    Wage,
    WagesIn,
    WageTotal,
    by_name,
)
from shared.ids import Ref, district_key
from shared.references import Reference
from shared.schema import CreditCode, In, Out, PeriodField, YuanOut


class DeclaredPersonIn(In):
    """A person and the wage: one for all insurances, or by insurance with "*" for the others."""

    identity_number: IdentityNumber
    wage: Wage | None = None
    wages: WagesIn | None = None
    figures: FiguresIn | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.wage is None) == (self.wages is None):
            raise PydanticCustomError(
                "wage_or_wages", "wage 与 wages 须有且仅有一项 (give one of wage, wages)"
            )
        return self

    def person(self) -> DeclaredPerson:
        """Build the declared person."""
        if self.wages is None:
            assert self.wage is not None
            return DeclaredPerson(self.identity_number, self.wage, figures=by_name(self.figures))
        own = {name: fen for name, fen in self.wages.items() if name != "*"}
        return DeclaredPerson(
            self.identity_number, self.wages["*"], own or None, by_name(self.figures)
        )


class DeclarationControlIn(In):
    """The sender's own count of people and sum of their wages ("*" where a person has several)."""

    people: int = Field(ge=1, le=10_000)
    wages: WageTotal


class DeclarationIn(In):
    """One unit's declaration of a period, for all insurances at once."""

    credit_code: CreditCode = Field(examples=["91120101MA05K0TH1H"])
    period: PeriodField
    unit_wage_total: WageTotal | None = None
    unit_figures: UnitFiguresIn | None = None
    control: DeclarationControlIn
    people: list[DeclaredPersonIn] = Field(min_length=1, max_length=10_000)

    def declaration(self) -> UnitDeclaration:
        """Build the declaration."""
        return UnitDeclaration(
            credit_code=self.credit_code,
            period=self.period,
            unit_wage_total_fen=self.unit_wage_total,
            control_people=self.control.people,
            control_wages_fen=self.control.wages,
            people=[person.person() for person in self.people],
            unit_figures=by_name(self.unit_figures),
        )


class DeclarationHeadOut(Out):
    """A declaration without its lines."""

    id: str = Field(examples=[Reference.DECLARATION.example])
    credit_code: str
    district: str
    period: str
    kind: str = Field(
        examples=["monthly"],
        description="monthly 月报 | default 未报核定 | adjustment 更正 | project 建设项目 | extension 补缴、延长缴费",
    )
    corrects: str | None = Field(description="所更正的申报 (the declaration that it corrects)")
    reason_code: str | None
    note: str | None
    round: int = Field(description="第几次申报;退回后重报加一 (the next round follows a return)")
    status: str = Field(examples=["submitted"])
    people: int
    wages: YuanOut
    unit_wage_total: YuanOut | None
    frozen_base: YuanOut | None = Field(
        description="核定的单位缴费基数,当年不变 (the reviewed base of the unit, fixed for the year)"
    )
    unit: YuanOut
    personal: YuanOut
    total: YuanOut
    summary: str | None
    submitted_at: datetime | None

    @classmethod
    def of(cls, row: DeclarationRow) -> DeclarationHeadOut:
        """Build the header."""
        return cls(**cls.members(row))

    @classmethod
    def members(cls, row: DeclarationRow) -> dict[str, Any]:
        """Return the members of a header."""
        summary = None
        if row.summary_id is not None:
            summary = Ref(district_key(row.district), row.summary_id).text(Reference.SUMMARY)
        return {
            "id": Ref(row.unit_id, row.id).text(Reference.DECLARATION),
            "credit_code": row.credit_code,
            "district": row.district,
            "period": row.period,
            "kind": row.kind,
            "corrects": None
            if row.corrects is None
            else Ref(row.unit_id, row.corrects).text(Reference.DECLARATION),
            "reason_code": row.reason_code,
            "note": row.note,
            "round": row.round,
            "status": row.status,
            "people": row.people,
            "wages": row.wages_fen,
            "unit_wage_total": row.unit_wage_total_fen,
            "frozen_base": row.frozen_base_fen,
            "unit": row.unit_fen,
            "personal": row.personal_fen,
            "total": row.total_fen,
            "summary": summary,
            "submitted_at": row.submitted_at,
        }


class DeclarationLineOut(Out):
    """The amount levied for one insurance and party, on the people or on the unit as a whole. A line
    that takes back an earlier one, or relief, has the opposite sign."""

    level: str = Field(examples=["people", "unit", "corrected", "relief"])
    insurance: str
    party: str
    account: str
    fund: str
    rule: str
    base: YuanOut
    amount: YuanOut

    @classmethod
    def of(cls, line: LineRow) -> DeclarationLineOut:
        """Build the line."""
        return cls(
            level=line.level,
            insurance=line.insurance,
            party=line.party,
            account=line.account,
            fund=line.fund,
            rule=line.rule,
            base=line.base_fen,
            amount=line.amount_fen,
        )


class DeclarationOut(DeclarationHeadOut):
    """A declaration with its lines. `totals` adds them up: for a correction that is the difference,
    and `restated` is the new sum of the month."""

    policy: str = Field(examples=["tianjin-2021"])
    totals: LevyTotalsOut
    restated: LevyTotalsOut | None
    lines: list[DeclarationLineOut]

    @classmethod
    def whole(cls, levied: LeviedDeclaration) -> DeclarationOut:
        """Build the declaration."""
        return cls(
            **cls.members(levied.row),
            policy=levied.policy.pack,
            totals=LevyTotalsOut.of(totals_of(levied.lines)),
            restated=LevyTotalsOut.of(totals_of(own_lines(levied.lines)))
            if levied.row.corrects
            else None,
            lines=[DeclarationLineOut.of(line) for line in levied.lines],
        )
