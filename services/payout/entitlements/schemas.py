"""Shapes of entitlements and benefit kinds."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.payout.benefits.domain import BASIC_PENSION, BenefitKind
from services.payout.common.domain import AskedPerson
from services.payout.common.flows import People
from services.payout.common.schemas import BankAccountIn, BankAccountOut, bank_account, masked_name
from services.payout.entitlements.domain import Entitlement
from shared.cursor import write_cursor
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField, PositiveYuan, ShortText, YuanOut

IdentityNumber = Annotated[str, StringConstraints(min_length=1, max_length=18)]
"""公民身份号码; its check digit and date are the domain's business."""


class PersonIn(In):
    """One person's entitlement."""

    identity_number: IdentityNumber = Field(examples=["120101195003071239"])
    name: ShortText = Field(examples=["张建国"])
    kind: Literal["basic_pension"] = BASIC_PENSION
    monthly_amount: PositiveYuan = Field(examples=["2345.60"])
    bank_account: BankAccountIn
    since: PeriodField = Field(alias="from", description="自该所属期起 (first month)")

    def asked(self) -> AskedPerson:
        """As the domain reads it."""
        return AskedPerson(
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
    people: list[PersonIn] = Field(min_length=1, max_length=10_000)


class EntitlementBatchOut(Out):
    """How many are new, and how many were there with the same content."""

    registered: int
    replayed: int


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

    @classmethod
    def of(cls, one: Entitlement, people: People) -> EntitlementOut:
        """From a stored row."""
        account = bank_account(one.bank, one.bank_number, one.bank_holder)
        return cls(
            id=one.ref.text(Reference.ENTITLEMENT),
            kind=one.kind,
            district=one.district,
            masked_identity_number=people.mask(one.sealed_number),
            name=masked_name(one.name),
            monthly_amount=one.monthly_fen,
            bank_account=account.model_copy(update={"name": masked_name(one.bank_holder)}),
            since=one.since,
        )


class EntitlementsOut(Out):
    """A page of entitlements."""

    items: list[EntitlementOut]
    next_cursor: str | None
    has_more: bool

    @classmethod
    def of(
        cls, rows: list[Entitlement], limit: int, filters: dict[str, str | None], people: People
    ) -> EntitlementsOut:
        """From `limit` + 1 rows."""
        shown = rows[:limit]
        more = len(rows) > limit
        return cls(
            items=[EntitlementOut.of(row, people) for row in shown],
            next_cursor=write_cursor([shown[-1].ref.id.hex], filters) if more else None,
            has_more=more,
        )


class BenefitKindOut(Out):
    """Which fund pays a kind of claim and where it is booked, from a day to a day."""

    kind: str
    name: str
    fund: str
    account: str
    in_force_from: date
    in_force_to: date | None
    source: str

    @classmethod
    def of(cls, row: BenefitKind) -> BenefitKindOut:
        """From a stored row."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class BenefitKindsOut(Out):
    """Every dated row."""

    items: list[BenefitKindOut]
