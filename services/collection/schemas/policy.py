"""Shapes of policy packs.

Rates and amounts stay text here: the domain names every one that it cannot read, together with all
other faults of the pack, instead of stopping at the first.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from services.collection.domain import charge_pack
from services.collection.domain.policy import BaseKind
from services.collection.flows.policy import key_of_region
from services.collection.schemas.charge_policy import (
    CapIn,
    ChargeAccountIn,
    DeferralRuleIn,
    InterestIn,
    LateFeeIn,
    LateFeeRowIn,
    ReliefIn,
)
from services.collection.schemas.policy_fields import (
    AmountText,
    KindText,
    Name,
    PackDay,
    RateText,
    SourceId,
)
from services.collection.store.policy import PolicyRow
from shared.fund import AccountKind, Party
from shared.ids import Ref
from shared.money import RoundingMode
from shared.schema import Code, In, Out, ShortText

REF = "pol"


class SourceIn(In):
    """Where a row comes from; `certain` false means a person must confirm it before use."""

    id: SourceId
    text: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    certain: bool = True


class RoundingIn(In):
    """To what, and how, an amount is rounded."""

    unit: Literal["0.01", "0.10", "1.00"] = "0.01"
    mode: RoundingMode = RoundingMode.HALF_UP
    source: SourceId


class FundIn(In):
    """The fund that an insurance is booked in."""

    insurance: Code
    fund: Code
    source: SourceId


class ReceiptAccountIn(In):
    """The account that a channel's money arrives on."""

    channel: Code
    account: Code


class RateIn(In):
    """A rate for an insurance, a party, unit kinds and (or null: every) injury class."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    insurance: Code
    party: Party
    unit_kinds: list[KindText] = Field(min_length=1, max_length=20)
    injury_class: int | None = Field(default=None, ge=1, le=8)
    rate: RateText
    base: BaseKind
    account: AccountKind
    source: SourceId


class ExemptIn(In):
    """Unit kinds that an insurance leaves out on purpose."""

    insurance: Code
    unit_kinds: list[KindText] = Field(min_length=1, max_length=20)
    source: SourceId


class LimitIn(In):
    """Floor and ceiling of a base; null says that there is none."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    insurance: KindText = Field(examples=["*"])
    floor: AmountText | None
    ceiling: AmountText | None
    source: SourceId


class CalendarIn(In):
    """The day of the following month by which a bill is due, moved to a workday."""

    due_day: int = Field(ge=1, le=31)
    settlement_day: int | None = Field(
        default=None, ge=1, le=31, description="结算日 (where late fees start by it)"
    )
    source: SourceId


class AllocationIn(In):
    """How a part payment is split, and whether late charges are paid before the principal."""

    order: Literal["one_ticket"]
    charges: Literal["principal_first", "charges_first"] | None = None
    source: SourceId


class PackIn(In):
    """A policy pack: one region's rules from a day on, each row with its source."""

    pack: Name
    region: Code
    title: ShortText
    in_force_from: PackDay
    in_force_to: PackDay | None
    sources: list[SourceIn] = Field(min_length=1, max_length=200)
    rounding: RoundingIn
    insurances: list[Code] = Field(min_length=1, max_length=20)
    fund_map: list[FundIn] = Field(min_length=1, max_length=20)
    suspense_fund: Code
    receipt_accounts: list[ReceiptAccountIn] = Field(min_length=1, max_length=10)
    rates: list[RateIn] = Field(min_length=1, max_length=300)
    exempt: list[ExemptIn] = Field(default=[], max_length=100)
    limits: list[LimitIn] = Field(min_length=1, max_length=20)
    calendar: CalendarIn
    allocation: AllocationIn
    late_fee: LateFeeIn | Annotated[list[LateFeeRowIn], Field(min_length=1, max_length=20)]
    late_fee_caps: list[CapIn] | None = Field(default=None, max_length=20)
    interest: list[InterestIn] | None = Field(default=None, max_length=20)
    charge_accounts: list[ChargeAccountIn] | None = Field(default=None, max_length=10)
    deferral: DeferralRuleIn | None = None
    relief: list[ReliefIn] | None = Field(default=None, max_length=200)
    notes: list[Annotated[str, StringConstraints(max_length=500)]] = Field(
        default=[], max_length=50
    )

    def content(self) -> dict[str, Any]:
        """The pack as it is stored. A member that it leaves out stays left out, so that a pack
        written before the member was known has the same bytes."""
        content = self.model_dump(mode="json")
        for place, names in (
            (content, charge_pack.OPTIONAL),
            (content["calendar"], ("settlement_day",)),
            (content["allocation"], ("charges",)),
        ):
            for name in names:
                if place[name] is None:
                    del place[name]
        return content


class PolicyOut(Out):
    """A version without its rows."""

    id: str = Field(examples=["pol_…"])
    region: str
    pack: str
    title: str
    in_force_from: date
    in_force_to: date | None
    status: str = Field(examples=["draft", "in_force"])
    author: str
    created_at: datetime
    published_at: datetime | None

    @classmethod
    def of(cls, row: PolicyRow) -> PolicyOut:
        """A version as it is answered."""
        return cls(**cls.members(row))

    @classmethod
    def members(cls, row: PolicyRow) -> dict[str, Any]:
        """The members of a version."""
        return {
            "id": Ref(key_of_region(row.region), row.id).text(REF),
            "region": row.region,
            "pack": row.pack,
            "title": row.title,
            "in_force_from": row.effective_from,
            "in_force_to": row.effective_to,
            "status": row.status,
            "author": row.author,
            "created_at": row.created_at,
            "published_at": row.published_at,
        }


class PolicyWholeOut(PolicyOut):
    """A version with its pack as it was published."""

    content: dict[str, Any]


class PolicyPageOut(Out):
    """Versions, oldest first."""

    items: list[PolicyOut]
    next_cursor: str | None
    has_more: bool
