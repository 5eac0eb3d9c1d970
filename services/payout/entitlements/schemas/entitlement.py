"""Shapes of entitlements."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import (
    BankAccountIn,
    BankAccountOut,
    IdentityNumber,
    masked_name,
)
from services.payout.entitlements.domain.entitlement import (
    Entitlement,
    EntitlementDraft,
    SuspensionReason,
)
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField, PositiveYuan, ShortText, YuanOut


class EntitlementIn(In):
    """One person's entitlement."""

    identity_number: IdentityNumber = Field(examples=["120101195003071239"])
    name: ShortText = Field(examples=["张建国"])
    kind: Literal["basic_pension"] = BASIC_PENSION
    monthly_amount: PositiveYuan = Field(examples=["2345.60"])
    bank_account: BankAccountIn
    since: PeriodField = Field(alias="from", description="自该所属期起 (first month)")

    def draft(self) -> EntitlementDraft:
        """Turn it into the domain's draft."""
        return EntitlementDraft(
            identity_number=self.identity_number,
            name=self.name,
            monthly_fen=self.monthly_amount,
            bank=self.bank_account.bank,
            bank_number=self.bank_account.number,
            bank_holder=self.bank_account.name,
            since=self.since,
        )


class EntitlementBatchIn(In):
    """Up to 10,000 entitlements of one district, all or nothing."""

    district: Code = Field(examples=["heping"])
    people: list[EntitlementIn] = Field(min_length=1, max_length=10_000)


class EntitlementBatchOut(Out):
    """Rows of the list: new ones, and ones stored before with the same content."""

    registered: int
    replayed: int


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
            suspended=SuspensionOut.of(row),
        )
