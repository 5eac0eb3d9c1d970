"""Shapes of changes of the register: facts of units, blocks of people, departures, covers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.collection.common.schemas.common import Day, IdentityNumber, Note, ReturnCodes
from services.collection.policy.schemas.fields import RowId
from services.collection.register.flows.change import Asked, Changed
from services.collection.register.flows.people_change import BlockAsked, Departed, Departing
from services.collection.register.schemas.unit import BankAccountIn, masked_account
from services.collection.register.store.block import BlockPerson
from services.collection.register.store.change import ChangeRow
from services.collection.register.store.cover import CoverRow
from shared.fund import UnitKind, UnitSize
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, CreditCode, In, Out, ShortText

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


_MAY_BE_NONE = frozenset({"injury_class", "injury_step", "size", "bank_account"})


class FactsIn(In):
    """The facts that change; those not named stay as they are."""

    name: ShortText | None = None
    kind: UnitKind | None = None
    district: Code | None = None
    injury_class: int | None = Field(default=None, ge=1, le=8)
    injury_step: RowId | None = Field(
        default=None, examples=["up_120"], description="工伤费率浮动档次;null 为基准费率"
    )
    size: UnitSize | None = Field(default=None, description="单位规模")
    collector: Literal["bank_debit", "tax"] | None = None
    bank_account: BankAccountIn | None = None
    status: Literal["active", "closed"] | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        empty = [
            name for name in self.model_fields_set - _MAY_BE_NONE if getattr(self, name) is None
        ]
        if empty or not self.model_fields_set:
            raise PydanticCustomError(
                "facts_missing", "至少一项,且不得为空 (name what changes, and to what)"
            )
        return self

    def facts(self) -> dict[str, Any]:
        """The facts that were named, as units hold them."""
        found = self.model_dump(mode="json", include=set(self.model_fields_set))
        if "bank_account" in found:
            found["bank"] = found.pop("bank_account")
        return found


class ChangeIn(In):
    """A change of a unit's facts from a day on. A levy goes by those of its period's first day."""

    facts: FactsIn
    effective_on: Day
    reason: Reason

    def asked(self, credit_code: str) -> Asked:
        """As the flow takes it."""
        return Asked(
            credit_code=credit_code,
            facts=self.facts.facts(),
            effective_on=self.effective_on,
            reason=self.reason,
        )


class BlockTransferIn(In):
    """People who move from one unit to another from a day on; without a list, everybody."""

    credit_code: CreditCode = Field(description="转出单位", examples=["91120101MA05K0TH17"])
    to: CreditCode = Field(description="转入单位")
    effective_on: Day
    reason: Reason
    people: Annotated[list[IdentityNumber], Field(min_length=1, max_length=10_000)] | None = None

    def asked(self) -> BlockAsked:
        """As the flow takes it."""
        return BlockAsked(
            credit_code=self.credit_code,
            to_credit_code=self.to,
            effective_on=self.effective_on,
            identity_numbers=self.people,
            reason=self.reason,
        )


class DecisionIn(In):
    """An optional note with an approval."""

    note: Note | None = None


class RefusalIn(In):
    """Why a change is refused."""

    codes: ReturnCodes
    note: Note | None = None


class ChangeOut(Out):
    """A change. `levied_periods` were declared before: they take adjustments, not this change."""

    id: str = Field(examples=[Reference.REGISTER_CHANGE.example])
    kind: str = Field(examples=["facts", "block_transfer"])
    credit_code: str
    to: str | None
    status: str = Field(examples=["proposed", "in_force", "refused"])
    district: str
    decided_in: str = Field(description="由该分中心复核")
    effective_on: date
    before: dict[str, Any]
    after: dict[str, Any]
    people: int
    reason: str
    levied_periods: list[str]
    proposed_at: datetime | None
    decided_at: datetime | None

    @classmethod
    def of(cls, found: Changed) -> ChangeOut:
        """As it is answered."""
        row = found.row
        return cls(
            id=Ref(row.unit_id, row.id).text(Reference.REGISTER_CHANGE),
            kind=row.kind,
            credit_code=row.credit_code,
            to=row.to_credit_code,
            status=row.status,
            district=row.district,
            decided_in=row.decided_in,
            effective_on=row.effective_on,
            before=_shown(row.before),
            after=_shown(row.after),
            people=row.people,
            reason=row.reason,
            levied_periods=list(found.levied_periods),
            proposed_at=row.proposed_at,
            decided_at=row.decided_at,
        )

    @classmethod
    def row(cls, row: ChangeRow) -> ChangeOut:
        """As it is listed."""
        return cls.of(Changed(row))


def _shown(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts with the middle of an account number hidden."""
    shown = {name: value for name, value in facts.items() if name != "bank"}
    if "bank" in facts:
        bank = facts["bank"]
        shown["bank_account"] = (
            None if bank is None else bank | {"number": masked_account(bank["number"])}
        )
    return shown


class ChangePageOut(Out):
    """Changes, in the order in which they were asked for."""

    items: list[ChangeOut]
    next_cursor: str | None
    has_more: bool


class ChangePersonOut(Out):
    """A person of a block, masked."""

    line: int
    person: str
    masked_identity_number: str
    name: str

    @classmethod
    def of(cls, row: BlockPerson) -> ChangePersonOut:
        """As it is listed."""
        return cls(
            line=row.line_no,
            person=Ref(row.person_id, row.person_uuid).text(Reference.PERSON),
            masked_identity_number=row.masked_number,
            name=row.masked_name,
        )


class ChangePeopleOut(Out):
    """The people of a block."""

    items: list[ChangePersonOut]
    next_cursor: str | None
    has_more: bool


class DepartingIn(In):
    """A person who leaves; the day is the last one covered."""

    identity_number: IdentityNumber
    left_on: Day


class DeparturesIn(In):
    """People who leave a unit, all together or none."""

    people: list[DepartingIn] = Field(min_length=1, max_length=10_000)

    def departing(self) -> list[Departing]:
        """As the flow takes them."""
        return [Departing(person.identity_number, person.left_on) for person in self.people]


class DeparturesOut(Out):
    """How many left, and how many had left on that day before."""

    left: int
    replayed: int

    @classmethod
    def of(cls, found: Departed) -> DeparturesOut:
        """As it is answered."""
        return cls(left=found.left, replayed=found.replayed)


class CoverOut(Out):
    """A person's time at a unit; `overlaps` when another unit covers some of the same days."""

    credit_code: str
    unit_name: str
    district: str
    joined_on: date
    left_on: date | None
    overlaps: bool


class CoversOut(Out):
    """Everywhere a person is or was covered."""

    masked_identity_number: str
    name: str
    overlapping: bool
    items: list[CoverOut]

    @classmethod
    def of(cls, rows: list[CoverRow], marks: list[bool]) -> CoversOut:
        """As it is answered."""
        return cls(
            masked_identity_number=rows[-1].masked_number,
            name=rows[-1].masked_name,
            overlapping=any(marks),
            items=[
                CoverOut(
                    credit_code=row.credit_code,
                    unit_name=row.unit_name,
                    district=row.district,
                    joined_on=row.joined_on,
                    left_on=row.left_on,
                    overlaps=mark,
                )
                for row, mark in zip(rows, marks, strict=True)
            ],
        )
