"""Shapes of policy packs.

Rates and amounts stay text here. The domain names every unreadable one together with all other
faults of the pack, instead of stopping at the first.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from services.collection.policy.domain import charge_pack as charge_pack_rules
from services.collection.policy.domain import pack_rows as pack_rows_rules
from services.collection.policy.domain.allocation_order import AllocationMethod
from services.collection.policy.domain.rate import BaseKind
from services.collection.policy.flows import key_of_region
from services.collection.policy.schemas.charge import (
    CapIn,
    ChargeAccountIn,
    DeferralRuleIn,
    InterestIn,
    LateFeeIn,
    LateFeeRowIn,
    ReliefIn,
)
from services.collection.policy.schemas.fields import (
    AmountText,
    KindText,
    Name,
    PackDay,
    RateText,
    SourceId,
)
from services.collection.policy.schemas.rows import (
    AverageIn,
    CategoryIn,
    ConstructionIn,
    CreditIn,
    DefaultLevyIn,
    FloatingIn,
    FromAverageIn,
    FrozenBasesIn,
)
from services.collection.policy.store import PolicyRow
from shared.fund import AccountKind, Party
from shared.ids import Ref
from shared.money import RoundingMode
from shared.references import Reference
from shared.schema import Code, In, Out, ShortText


class SourceIn(In):
    """The source of a row; if `certain` is false, a person must confirm it before use."""

    id: SourceId
    text: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    certain: bool = True


class RoundingIn(In):
    """The unit and mode of rounding; `level` is where the unit's share is rounded (null:
    person)."""

    unit: Literal["0.01", "0.10", "1.00"] = "0.01"
    mode: RoundingMode = RoundingMode.HALF_UP
    level: Literal["person", "unit"] | None = None
    source: SourceId


class RowRoundingIn(In):
    """The rounding of one rate's amounts, or of an insurance's bases (基数取整)."""

    unit: Literal["0.01", "0.10", "1.00"]
    mode: RoundingMode = RoundingMode.HALF_UP


class NameIn(In):
    """The name of an insurance that only this region has."""

    insurance: Code = Field(examples=["long_term_care"])
    name: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(
        examples=["长期护理保险"]
    )
    source: SourceId


class FundIn(In):
    """The fund in which an insurance is booked, on all days of the pack or some (both
    inclusive)."""

    insurance: Code
    fund: Code
    in_force_from: PackDay | None = None
    in_force_to: PackDay | None = None
    source: SourceId


class ReceiptAccountIn(In):
    """The account on which a channel's money arrives."""

    channel: Code
    account: Code


class RateLimitsIn(In):
    """The limits of one rate's base, if they differ from the insurance's."""

    floor: AmountText | None
    ceiling: AmountText | None
    floor_from: FromAverageIn | None = None
    ceiling_from: FromAverageIn | None = None
    base_rounding: RowRoundingIn | None = None


class RateIn(In):
    """A rate for an insurance, a party, unit kinds and an injury class (null: every class).

    `amount` is the fixed amount of base head, `average` the base of base city_average, `sum_of` the
    source of the personal bases that are summed, `months` the months in which the rate applies
    (null: all), `categories` the only people who bear it, `rounding` its own rounding (null: the
    pack's), `limits` those of its base (null: the insurance's).
    """

    id: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    insurance: Code
    party: Party
    unit_kinds: list[KindText] = Field(min_length=1, max_length=20)
    injury_class: int | None = Field(default=None, ge=1, le=8)
    rate: RateText | None = None
    base: BaseKind
    account: AccountKind
    amount: AmountText | None = None
    average: FromAverageIn | None = None
    sum_of: BaseKind | None = None
    months: list[Annotated[int, Field(ge=1, le=12)]] | None = Field(
        default=None, min_length=1, max_length=12
    )
    categories: list[Code] | None = Field(default=None, min_length=1, max_length=20)
    rounding: RowRoundingIn | None = None
    limits: RateLimitsIn | None = None
    source: SourceId


class ExemptIn(In):
    """Unit kinds that an insurance does not cover on purpose."""

    insurance: Code
    unit_kinds: list[KindText] = Field(min_length=1, max_length=20)
    source: SourceId


class LimitIn(In):
    """Floor and ceiling of a base; null: no limit, or a limit that follows from averages.

    A published amount takes precedence over the formula. `base_rounding` rounds a person's base
    before the limits are applied (null: as declared).
    """

    id: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    insurance: KindText = Field(examples=["*"])
    floor: AmountText | None
    ceiling: AmountText | None
    floor_from: FromAverageIn | None = None
    ceiling_from: FromAverageIn | None = None
    base_rounding: RowRoundingIn | None = None
    source: SourceId


class CalendarIn(In):
    """The day of the following month by which a bill is due, moved to a workday."""

    due_day: int = Field(ge=1, le=31)
    declare_day: int | None = Field(
        default=None, ge=1, le=31, description="申报截止日 (last day to declare, next month)"
    )
    settlement_day: int | None = Field(
        default=None, ge=1, le=31, description="结算日 (where late fees start by it)"
    )
    source: SourceId


class AllocationIn(In):
    """The order in which payments are allocated, and whether late charges come before principal.

    `insurances` are in the order of payment (null: the pack's order).
    """

    order: AllocationMethod = Field(examples=["one_ticket"])
    insurances: list[Code] | None = Field(default=None, min_length=1, max_length=20)
    charges: Literal["principal_first", "charges_first"] | None = None
    source: SourceId


_RATE_OPTIONAL = (
    *("rate", "amount", "average", "sum_of", "months"),
    *("categories", "rounding", "limits"),
)
_LIMIT_OPTIONAL = ("floor_from", "ceiling_from", "base_rounding")


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
    names: list[NameIn] | None = Field(default=None, max_length=20)
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
    averages: list[AverageIn] | None = Field(default=None, max_length=50)
    crediting: list[CreditIn] | None = Field(default=None, max_length=50)
    injury_floating: FloatingIn | None = None
    construction: ConstructionIn | None = None
    default_levy: DefaultLevyIn | None = None
    frozen_bases: FrozenBasesIn | None = None
    categories: list[CategoryIn] | None = Field(default=None, max_length=100)
    notes: list[Annotated[str, StringConstraints(max_length=500)]] = Field(
        default=[], max_length=50
    )

    def content(self) -> dict[str, Any]:
        """Return the pack as it is stored.

        An absent member stays absent, so that a pack written before the member existed has the same
        bytes.
        """
        content = self.model_dump(mode="json", by_alias=True)
        days = ("in_force_from", "in_force_to")
        for name in pack_rows_rules.OPTIONAL:
            content[name] = _without_nulls(content[name])
        own = [row["limits"] for row in content["rates"] if row["limits"]]
        for row in (*content["limits"], *content["rates"], *own):
            for name in ("floor_from", "ceiling_from", "average"):
                if name in row:
                    row[name] = _without_nulls(row[name])
        for place, names in (
            (content, (*charge_pack_rules.OPTIONAL, *pack_rows_rules.OPTIONAL)),
            (content["calendar"], ("settlement_day", "declare_day")),
            (content["allocation"], ("charges", "insurances")),
            (content["rounding"], ("level",)),
            *((row, days) for row in content["fund_map"]),
            *((row, _LIMIT_OPTIONAL) for row in content["limits"]),
            *((row, _LIMIT_OPTIONAL) for row in own),
            *((row, _RATE_OPTIONAL) for row in content["rates"]),
            *((row, ("spares_accounts",)) for row in content["relief"] or ()),
        ):
            for name in names:
                if place[name] is None:
                    del place[name]
        return content


def _without_nulls(value: Any) -> Any:
    """Return a member without its null values."""
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_nulls(part) for part in value]
    return value


class PolicyOut(Out):
    """A policy version without its rows."""

    id: str = Field(examples=[Reference.POLICY.example])
    region: str
    pack: str
    title: str
    in_force_from: date
    in_force_to: date | None
    status: str = Field(examples=["draft", "in_force", "refused"])
    author: str
    decided_by: str | None = Field(description="批准或不予批准的人 (who approved or refused it)")
    created_at: datetime
    published_at: datetime | None

    @classmethod
    def of(cls, row: PolicyRow) -> PolicyOut:
        """Build the answer from a row."""
        return cls(**cls.members(row))

    @classmethod
    def members(cls, row: PolicyRow) -> dict[str, Any]:
        """Return the members that every answer about a version has."""
        return {
            "id": Ref(key_of_region(row.region), row.id).text(Reference.POLICY),
            "region": row.region,
            "pack": row.pack,
            "title": row.title,
            "in_force_from": row.effective_from,
            "in_force_to": row.effective_to,
            "status": row.status,
            "author": row.author,
            "decided_by": row.decided_by,
            "created_at": row.created_at,
            "published_at": row.published_at,
        }


class PolicyWholeOut(PolicyOut):
    """A policy version with its pack as it was published."""

    content: dict[str, Any]


class PolicyInForceOut(PolicyWholeOut):
    """The policy in force on a day, with its rows as readable text."""

    text: str = Field(description="政策摘要,Markdown (the policy as Markdown, in Chinese)")
