"""Shapes of lists of facts of pensioners."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.schemas import IdentityNumber, Note
from services.payout.raises.domain.fact import (
    PAID_MONTHS_MAX,
    FactDraft,
    FactList,
    FactListStatus,
    new_fact_list,
)
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField, ShortText


class PensionFactIn(In):
    """The facts that raises ask of one person. The month of birth is in the identity number."""

    identity_number: IdentityNumber = Field(examples=["120101195003071239"])
    retired_in: PeriodField = Field(description="退休月份 (month of retirement)")
    paid_months: Annotated[int, Field(ge=0, le=PAID_MONTHS_MAX)] = Field(
        examples=[372],
        description="缴费月数,含视同缴费 (months paid, with those that count as paid)",
    )

    def draft(self) -> FactDraft:
        """Turn it into the domain's draft."""
        return FactDraft(
            identity_number=self.identity_number,
            retired_in=self.retired_in,
            paid_months=self.paid_months,
        )


class PensionFactListIn(In):
    """Facts of up to 10,000 pensioners of one district, all or nothing."""

    district: Code = Field(examples=["heping"])
    kind: Literal["basic_pension"] = BASIC_PENSION
    document: ShortText = Field(
        examples=["退休审批表 2021-06"], description="依据 (the document behind the list)"
    )
    people: list[PensionFactIn] = Field(min_length=1, max_length=10_000)

    def paper(self, proposed_by: str) -> FactList:
        """Build the list."""
        return new_fact_list(
            kind=self.kind,
            district=self.district,
            document=self.document,
            people=len(self.people),
            proposed_by=proposed_by,
        )


class FactListApprovalIn(In):
    """An empty body."""


class FactListRefusalIn(In):
    """The reason for refusing a list."""

    note: Annotated[Note, StringConstraints(min_length=1)]


class PensionFactListOut(Out):
    """A list of facts."""

    id: str = Field(examples=[Reference.PENSION_FACT_LIST.example])
    kind: str
    district: str
    document: str
    people: int
    status: FactListStatus
    proposed_by: str

    @classmethod
    def of(cls, paper: FactList) -> PensionFactListOut:
        """Build it from a stored list."""
        return cls(
            id=paper.ref.text(Reference.PENSION_FACT_LIST),
            kind=paper.kind,
            district=paper.district,
            document=paper.document,
            people=paper.people,
            status=paper.status,
            proposed_by=paper.proposed_by,
        )
