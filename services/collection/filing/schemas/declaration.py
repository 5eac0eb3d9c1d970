"""Shapes of declarations: what is handed in, what it levies, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.collection.common.schemas.common import IdentityNumber
from services.collection.filing.domain.restatement import own_lines
from services.collection.filing.flows.declaration import Declared, Found, Handed, totals_of
from services.collection.filing.store.declaration import DeclarationRow, LineRow
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

    def declared(self) -> Declared:
        """As the flow takes it."""
        if self.wages is None:
            assert self.wage is not None
            return Declared(self.identity_number, self.wage, figures=by_name(self.figures))
        own = {name: fen for name, fen in self.wages.items() if name != "*"}
        return Declared(self.identity_number, self.wages["*"], own or None, by_name(self.figures))


class DeclarationControlIn(In):
    """The sender's own count of people and sum of their wages ("*" where there are several)."""

    people: int = Field(ge=1, le=10_000)
    wages: WageTotal


class DeclarationIn(In):
    """One unit's declaration of a period, for all insurances at once."""

    credit_code: CreditCode = Field(examples=["91120101MA05K0TH17"])
    period: PeriodField
    unit_wage_total: WageTotal | None = None
    unit_figures: UnitFiguresIn | None = None
    control: DeclarationControlIn
    people: list[DeclaredPersonIn] = Field(min_length=1, max_length=10_000)

    def handed(self) -> Handed:
        """As the flow takes it."""
        return Handed(
            credit_code=self.credit_code,
            period=self.period,
            unit_wage_total_fen=self.unit_wage_total,
            control_people=self.control.people,
            control_wages_fen=self.control.wages,
            people=[person.declared() for person in self.people],
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
        description="monthly 月报 | default 未报核定 | adjustment 更正 | project",
    )
    corrects: str | None = Field(
        description="所更正的申报 (the paper of the month that it restates)"
    )
    reason_code: str | None
    note: str | None
    round: int = Field(description="第几次申报;退回后重报加一")
    status: str = Field(examples=["submitted"])
    people: int
    wages: YuanOut
    unit_wage_total: YuanOut | None
    frozen_base: YuanOut | None = Field(
        description="核定的单位缴费基数,当年不变 (the unit's reviewed base, where bases are frozen)"
    )
    unit: YuanOut
    personal: YuanOut
    total: YuanOut
    summary: str | None
    submitted_at: datetime | None

    @classmethod
    def of(cls, row: DeclarationRow) -> DeclarationHeadOut:
        """As it is listed."""
        return cls(**cls.members(row))

    @classmethod
    def members(cls, row: DeclarationRow) -> dict[str, Any]:
        """The members of a header."""
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
    """What a declaration levies for one insurance and party, of its people or the unit whole; what
    it takes back of the paper that it corrects, or is relieved of, has the opposite sign."""

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
        """As it is answered."""
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
    """A declaration with what it levies. `totals` is what it comes to, which for a correction is
    the difference; `restated` is then what the month comes to."""

    policy: str = Field(examples=["tianjin-2021"])
    totals: LevyTotalsOut
    restated: LevyTotalsOut | None
    lines: list[DeclarationLineOut]

    @classmethod
    def whole(cls, found: Found) -> DeclarationOut:
        """As it is answered."""
        return cls(
            **cls.members(found.row),
            policy=found.policy.pack,
            totals=LevyTotalsOut.of(totals_of(found.lines)),
            restated=LevyTotalsOut.of(totals_of(own_lines(found.lines)))
            if found.row.corrects
            else None,
            lines=[DeclarationLineOut.of(line) for line in found.lines],
        )


class DeclarationPageOut(Out):
    """Declarations, in the order of their keys."""

    items: list[DeclarationHeadOut]
    next_cursor: str | None
    has_more: bool
