"""Shapes of changes of the register: facts of units, block transfers, departures, cover."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.collection.common.schemas.common import Day, IdentityNumber, Note, ReturnCodes
from services.collection.policy.schemas.fields import RowId
from services.collection.register.flows.change import ChangeRequest, ChangeResult
from services.collection.register.flows.people_change import (
    BlockTransfer,
    Departure,
    DepartureResult,
)
from services.collection.register.schemas.unit import BankAccountIn, masked_account
from services.collection.register.store.block import BlockPerson
from services.collection.register.store.change import ChangeRow
from services.collection.register.store.cover import CoverRow
from shared.fund import UnitKind, UnitSize
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, CreditCode, In, Out, ShortText
from shared.security.personal_data import AccountCipher

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


_MAY_BE_NONE = frozenset({"injury_class", "injury_step", "size", "bank_account"})


class FactsIn(In):
    """The facts to change. Facts not named stay as they are."""

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
    def _not_empty(self) -> Self:
        empty = [
            name for name in self.model_fields_set - _MAY_BE_NONE if getattr(self, name) is None
        ]
        if empty or not self.model_fields_set:
            raise PydanticCustomError(
                "facts_missing", "至少一项,且不得为空 (name at least one fact, with a value)"
            )
        return self

    def facts(self, accounts: AccountCipher) -> dict[str, Any]:
        """Return the named facts in the form in which units hold them."""
        found = self.model_dump(mode="json", include=set(self.model_fields_set))
        if "bank_account" in found:
            found["bank"] = accounts.sealed(found.pop("bank_account"))
        return found


class ChangeIn(In):
    """A change of a unit's facts from a day on. A levy uses the facts of its period's first day."""

    facts: FactsIn
    effective_on: Day
    reason: Reason

    def change_request(self, credit_code: str, accounts: AccountCipher) -> ChangeRequest:
        """Build the requested change."""
        return ChangeRequest(
            credit_code=credit_code,
            facts=self.facts.facts(accounts),
            effective_on=self.effective_on,
            reason=self.reason,
        )


class BlockTransferIn(In):
    """People who move to another unit from a day on. Without `people` everybody moves."""

    credit_code: CreditCode = Field(description="转出单位", examples=["91120101MA05K0TH1H"])
    to: CreditCode = Field(description="转入单位")
    effective_on: Day
    reason: Reason
    people: Annotated[list[IdentityNumber], Field(min_length=1, max_length=10_000)] | None = None

    def transfer(self) -> BlockTransfer:
        """Build the requested transfer."""
        return BlockTransfer(
            credit_code=self.credit_code,
            to_credit_code=self.to,
            effective_on=self.effective_on,
            identity_numbers=self.people,
            reason=self.reason,
        )


class DecisionIn(In):
    """An approval, with an optional note."""

    note: Note | None = None


class RefusalIn(In):
    """A refusal, with its reasons."""

    codes: ReturnCodes
    note: Note | None = None


class ChangeOut(Out):
    """A change. `levied_periods` were declared before it; they take adjustments instead."""

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
    def of(cls, found: ChangeResult, accounts: AccountCipher) -> ChangeOut:
        """Build the answer."""
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
            before=_shown(row.before, accounts),
            after=_shown(row.after, accounts),
            people=row.people,
            reason=row.reason,
            levied_periods=list(found.levied_periods),
            proposed_at=row.proposed_at,
            decided_at=row.decided_at,
        )

    @classmethod
    def row(cls, row: ChangeRow, accounts: AccountCipher) -> ChangeOut:
        """Build the list item."""
        return cls.of(ChangeResult(row), accounts)


def _shown(facts: dict[str, Any], accounts: AccountCipher) -> dict[str, Any]:
    """Mask the account number among facts."""
    shown = {name: value for name, value in facts.items() if name != "bank"}
    if "bank" in facts:
        bank = facts["bank"]
        shown["bank_account"] = (
            None
            if bank is None
            else bank | {"number": masked_account(accounts.open(bank["number"]))}
        )
    return shown


class ChangePersonOut(Out):
    """A person of a block transfer, masked."""

    line: int
    person: str
    masked_identity_number: str
    name: str

    @classmethod
    def of(cls, row: BlockPerson) -> ChangePersonOut:
        """Build the list item."""
        return cls(
            line=row.line_no,
            person=Ref(row.person_id, row.person_uuid).text(Reference.PERSON),
            masked_identity_number=row.masked_number,
            name=row.masked_name,
        )


class DepartureIn(In):
    """A person who leaves a unit. `left_on` is the last day of cover."""

    identity_number: IdentityNumber
    left_on: Day


class DeparturesIn(In):
    """People who leave a unit, all or none."""

    people: list[DepartureIn] = Field(min_length=1, max_length=10_000)

    def departures(self) -> list[Departure]:
        """Build the departures."""
        return [Departure(person.identity_number, person.left_on) for person in self.people]


class DeparturesOut(Out):
    """Number of people who left, and of those whose departure was already recorded."""

    left: int
    replayed: int

    @classmethod
    def of(cls, found: DepartureResult) -> DeparturesOut:
        """Build the answer."""
        return cls(left=found.left, replayed=found.replayed)


class CoverOut(Out):
    """One enrolment of a person; `overlaps` if another one covers some of the same days."""

    credit_code: str
    unit_name: str
    district: str
    joined_on: date
    left_on: date | None
    overlaps: bool


class CoversOut(Out):
    """A person's enrolments at all units. `person` is the reference that holds now."""

    person: str
    masked_identity_number: str
    name: str
    overlapping: bool
    items: list[CoverOut]

    @classmethod
    def of(cls, rows: list[CoverRow], marks: list[bool]) -> CoversOut:
        """Build the answer."""
        return cls(
            person=Ref(rows[-1].person_id, rows[-1].person_uuid).text(Reference.PERSON),
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
