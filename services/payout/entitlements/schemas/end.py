"""Shapes of ends of entitlements."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import IdentityNumber, Note, masked_name
from services.payout.entitlements.domain.end import EndDraft, EndReason, EndStatus, EntitlementEnd
from services.payout.entitlements.flows.end import EndDetail
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField, YuanOut


class EntitlementEndIn(In):
    """The end of a person's entitlement."""

    district: Code = Field(examples=["heping"])
    identity_number: IdentityNumber = Field(examples=["120101195003071239"])
    kind: Literal["basic_pension"] = BASIC_PENSION
    last_period: PeriodField = Field(description="最后发放的所属期 (last month to be paid)")
    reason: EndReason
    note: Note | None = None

    def draft(self) -> EndDraft:
        """Turn it into the domain's draft."""
        return EndDraft(
            identity_number=self.identity_number,
            kind=self.kind,
            district=self.district,
            last_period=self.last_period,
            reason=self.reason,
            note=self.note,
        )


class EndApprovalIn(In):
    """An empty body."""


class EndRefusalIn(In):
    """The reason for refusing an end."""

    note: Annotated[Note, StringConstraints(min_length=1)]


class EntitlementEndOut(Out):
    """An end, with the person masked."""

    id: str = Field(examples=[Reference.ENTITLEMENT_END.example])
    kind: str
    district: str
    masked_identity_number: str = Field(examples=["1201**********1239"])
    name: str = Field(examples=["张**"])
    last_period: PeriodField
    reason: str
    note: str | None
    status: EndStatus
    proposed_by: str

    @classmethod
    def of(cls, end: EntitlementEnd, keys: PersonKeys) -> EntitlementEndOut:
        """Build it from a stored end."""
        return cls(
            id=end.ref.text(Reference.ENTITLEMENT_END),
            kind=end.kind,
            district=end.district,
            masked_identity_number=keys.mask(end.sealed_number),
            name=masked_name(keys.name.open(end.name)),
            last_period=end.last_period,
            reason=end.reason,
            note=end.note,
            status=end.status,
            proposed_by=end.proposed_by,
        )


class PaidMonthOut(Out):
    """The amount paid of one month."""

    period: PeriodField
    amount: YuanOut


class EntitlementEndDetailOut(Out):
    """An end, and the months after it that were paid already."""

    end: EntitlementEndOut
    paid_after: list[PaidMonthOut] = Field(
        description="终止后已发放、须追回的月份 (months paid after the end, to be recovered)"
    )

    @classmethod
    def of(cls, detail: EndDetail, keys: PersonKeys) -> EntitlementEndDetailOut:
        """Build it from an end and the months paid after it."""
        return cls(
            end=EntitlementEndOut.of(detail.end, keys),
            paid_after=[
                PaidMonthOut(period=month.period, amount=month.amount_fen)
                for month in detail.paid_after
            ],
        )
