"""Shapes of formula rows."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from services.payout.common.schemas import Day
from services.payout.formulas.domain.row import CHINA
from services.payout.formulas.domain.version import RowDraft, RowStatus, RowVersion
from services.payout.formulas.schemas.quote import row_ref
from shared.references import Reference
from shared.schema import Code, In, Out, ShortText


class FormulaRowIn(In):
    """A proposed row of a rule."""

    rule: Code = Field(examples=["pension_average"])
    place: Code = Field(
        examples=["tianjin"], description=f"统筹区代码,全国为 {CHINA} (the region, or china)"
    )
    in_force_from: Day
    in_force_to: Day | None = None
    value: dict[str, Any] = Field(examples=[{"amount": "9417.00"}])
    source: ShortText = Field(description="依据:文号或网址 (document or address)")
    certain: bool = Field(description="false: 待核 (still to be confirmed)")
    note: ShortText = Field(description="更正理由 (reason)")

    def draft(self) -> RowDraft:
        """Return the draft."""
        return RowDraft(
            rule=self.rule,
            place=self.place,
            in_force_from=self.in_force_from,
            in_force_to=self.in_force_to,
            value=self.value,
            source=self.source,
            certain=self.certain,
            note=self.note,
        )


class FormulaRowRefusalIn(In):
    """The reason of a refusal."""

    note: ShortText


class FormulaRowOut(Out):
    """A row with its status and its source."""

    id: str = Field(examples=[Reference.FORMULA_ROW.example])
    rule: str
    title: str
    place: str
    in_force_from: date
    in_force_to: date | None
    value: dict[str, Any]
    source: str
    certain: bool
    status: RowStatus
    proposed_by: str
    note: str | None

    @classmethod
    def of(cls, version: RowVersion) -> FormulaRowOut:
        """Build it from a version."""
        row = version.row
        return cls(
            id=row_ref(row),
            rule=row.rule,
            title=row.title,
            place=row.place,
            in_force_from=row.in_force_from,
            in_force_to=row.in_force_to,
            value=dict(row.value),
            source=row.source,
            certain=row.certain,
            status=version.status,
            proposed_by=version.proposed_by,
            note=version.note,
        )
