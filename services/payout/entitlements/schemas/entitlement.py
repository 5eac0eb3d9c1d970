"""Shapes of entitlements."""

from __future__ import annotations

from pydantic import Field

from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import BankAccountOut, masked_name
from services.payout.entitlements.domain.entitlement import Entitlement, SuspensionReason
from services.payout.entitlements.domain.suspension import Suspension
from shared.references import Reference
from shared.schema import Out, PeriodField, YuanOut


class SuspensionOut(Out):
    """The reason for which an entitlement pays no more, and the correction of the person behind it."""

    reason: SuspensionReason
    correction: str = Field(examples=[Reference.PERSON_CORRECTION.example])

    @classmethod
    def of(cls, row: Entitlement) -> SuspensionOut | None:
        """Build it from a stored row; None for one that pays."""
        if row.suspended_reason is None or row.suspended_by is None:
            return None
        return cls(reason=row.suspended_reason, correction=row.suspended_by)


class EntitlementOut(Out):
    """One entitlement, masked."""

    id: str = Field(examples=[Reference.ENTITLEMENT.example])
    kind: str
    district: str
    masked_identity_number: str = Field(examples=["1201**********1239"])
    name: str = Field(examples=["张**"])
    monthly_amount: YuanOut
    bank_account: BankAccountOut
    since: PeriodField = Field(serialization_alias="from")
    moved: bool = Field(description="金额同前一行 (has the amount of the row before it)")
    change: str | None = Field(
        description="两人批准的变更单;规则实行前由一人登记的为空 "
        "(the paper of two people; null for a row that one person registered before that rule)"
    )
    suspended: SuspensionOut | None

    @classmethod
    def of(cls, row: Entitlement, keys: PersonKeys) -> EntitlementOut:
        """Build it from a stored row."""
        return cls(
            id=row.ref.text(Reference.ENTITLEMENT),
            kind=row.kind,
            district=row.district,
            masked_identity_number=keys.mask(row.sealed_number),
            name=masked_name(keys.name.open(row.name)),
            monthly_amount=row.monthly_fen,
            bank_account=BankAccountOut.of(
                row.bank,
                keys.bank_number.open(row.bank_number),
                keys.bank_holder.open(row.bank_holder),
            ),
            since=row.since,
            moved=row.moved,
            change=None if row.change is None else row.change.text(Reference.ENTITLEMENT_CHANGE),
            suspended=SuspensionOut.of(row),
        )


class EntitlementSuspensionOut(Out):
    """A person's suspended months, masked, and the papers that began and ended them."""

    district: str
    masked_identity_number: str = Field(examples=["1201**********1239"])
    name: str = Field(examples=["张**"])
    since: PeriodField = Field(serialization_alias="from")
    until: str | None = Field(
        examples=["2021-09"],
        description="恢复的首月,空为仍停发 (first month due again; null: still suspended)",
    )
    reason: str
    change: str = Field(examples=[Reference.ENTITLEMENT_CHANGE.example])
    resumed_by: str | None = Field(examples=[Reference.ENTITLEMENT_CHANGE.example])

    @classmethod
    def of(cls, row: Suspension, keys: PersonKeys) -> EntitlementSuspensionOut:
        """Build it from a stored suspension."""
        return cls(
            district=row.district,
            masked_identity_number=keys.mask(bytes(row.sealed_number)),
            name=masked_name(keys.name.open(bytes(row.name))),
            since=row.since,
            until=None if row.until is None else str(row.until),
            reason=row.reason,
            change=row.change.text(Reference.ENTITLEMENT_CHANGE),
            resumed_by=None
            if row.resumed_by is None
            else row.resumed_by.text(Reference.ENTITLEMENT_CHANGE),
        )
