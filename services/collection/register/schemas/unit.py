"""Shapes of units and of the people enrolled at them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.collection.common.schemas.common import IdentityNumber, PersonName, faults_out
from services.collection.policy.domain.category import EMPLOYEE
from services.collection.register.domain.unit import Unit
from services.collection.register.flows.enrolment import EnrolmentRequest, EnrolmentResult
from services.collection.register.store.person import Enrolment
from shared.cn.identity_number import Document
from shared.fund import UnitKind, UnitSize
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, CreditCode, FaultOut, In, LifeDay, Out, ShortText
from shared.security.personal_data import AccountCipher

_NUMBER = r"^[0-9A-Za-z-]{6,34}$"


class BankAccountIn(In):
    """The bank account from which a unit pays."""

    bank: ShortText = Field(examples=["中国工商银行天津和平支行"])
    number: Annotated[str, StringConstraints(pattern=_NUMBER)] = Field(
        examples=["0302000000000000001"]
    )
    name: ShortText = Field(examples=["天津和顺机械有限公司"])


class BankAccountOut(Out):
    """A bank account with a masked number."""

    bank: str
    number: str = Field(examples=["0302*******0001"])
    name: str


class UnitIn(In):
    """A unit to be registered."""

    credit_code: CreditCode = Field(examples=["91120101MA05K0TH1H"])
    name: ShortText = Field(examples=["天津和顺机械有限公司"])
    kind: UnitKind
    district: Code = Field(examples=["heping"])
    injury_class: int | None = Field(default=None, ge=1, le=8, description="工伤行业类别")
    size: UnitSize | None = Field(
        default=None, description="单位规模 (needed where relief depends on it)"
    )
    collector: Literal["bank_debit", "tax"]
    bank_account: BankAccountIn | None = None

    def unit(self, accounts: AccountCipher) -> Unit:
        """Build the unit, its account sealed."""
        return Unit(
            credit_code=self.credit_code,
            name=self.name,
            kind=self.kind.value,
            district=self.district,
            injury_class=self.injury_class,
            collector=self.collector,
            bank=accounts.sealed(self.bank_account.model_dump() if self.bank_account else None),
            size=None if self.size is None else self.size.value,
        )


class UnitOut(Out):
    """A registered unit."""

    credit_code: str
    name: str
    kind: str
    district: str
    injury_class: int | None
    injury_step: str | None = Field(description="工伤费率浮动档次 (floating step)")
    size: str | None = Field(description="单位规模")
    collector: str
    bank_account: BankAccountOut | None
    status: str

    @classmethod
    def of(cls, unit: Unit, accounts: AccountCipher) -> UnitOut:
        """Build the answer, with a masked account number."""
        account = None
        if unit.bank is not None:
            account = BankAccountOut(
                bank=unit.bank["bank"],
                number=masked_account(accounts.open(unit.bank["number"])),
                name=unit.bank["name"],
            )
        return cls(
            credit_code=unit.credit_code,
            name=unit.name,
            kind=unit.kind,
            district=unit.district,
            injury_class=unit.injury_class,
            injury_step=unit.injury_step,
            size=unit.size,
            collector=unit.collector,
            bank_account=account,
            status=unit.status,
        )


def masked_account(number: str) -> str:
    """Mask an account number except for its last four characters."""
    return "*" * (len(number) - 4) + number[-4:]


class UnitBatchIn(In):
    """Units to be registered, all or none."""

    units: list[UnitIn] = Field(min_length=1, max_length=1000)


class UnitBatchOut(Out):
    """Number of new units, and of units already registered with the same facts."""

    created: int
    replayed: int


class PersonEnrolmentIn(In):
    """A person to be enrolled."""

    identity_number: IdentityNumber
    name: PersonName
    joined_on: LifeDay
    category: Code = Field(default=EMPLOYEE, description="参保类别 (a category of the policy)")
    base_choice: Code | None = Field(
        default=None, description="缴费档次 (if the category chooses its base)"
    )
    left_on: LifeDay | None = Field(
        default=None, description="参保止日,补登已终止的参保期 (if it has ended already)"
    )

    def request(self) -> EnrolmentRequest:
        """Build the enrolment request."""
        return EnrolmentRequest(
            self.identity_number,
            self.name,
            self.joined_on,
            self.category,
            self.base_choice,
            self.left_on,
        )


class EnrolmentIn(In):
    """People to be enrolled, all or none."""

    people: list[PersonEnrolmentIn] = Field(min_length=1, max_length=10_000)

    def requests(self) -> list[EnrolmentRequest]:
        """Build the enrolment requests."""
        return [person.request() for person in self.people]


class EnrolledPersonOut(Out):
    """An enrolled person by reference."""

    person: str = Field(examples=[Reference.PERSON.example])
    masked_identity_number: str = Field(examples=["1201**********4514"])


class EnrolmentResultOut(Out):
    """Result of enrolling a list of people, in its order. Warnings do not prevent enrolment."""

    enrolled: int
    replayed: int
    warnings: list[FaultOut]
    people: list[EnrolledPersonOut]

    @classmethod
    def of(cls, found: EnrolmentResult) -> EnrolmentResultOut:
        """Build the answer."""
        return cls(
            enrolled=found.enrolled,
            replayed=found.replayed,
            warnings=faults_out(found.warnings),
            people=[
                EnrolledPersonOut(person=key.ref, masked_identity_number=masked)
                for key, masked in found.people
            ],
        )


class EnrolmentOut(Out):
    """A person's enrolment at a unit, masked."""

    person: str
    masked_identity_number: str
    name: str = Field(examples=["张*"])
    document: Document
    category: str = Field(description="参保类别(最近一次登记)", examples=["employee"])
    base_choice: str | None
    joined_on: date
    left_on: date | None
    left_on_presumed: bool = Field(
        description="止日未申报,暂计至下一参保期前一日 (the end is not reported yet)"
    )
    overlaps: bool = Field(description="与较早的参保期重叠,待更正 (to be corrected)")

    @classmethod
    def of(cls, row: Enrolment) -> EnrolmentOut:
        """Build the list item."""
        return cls(
            person=Ref(row.person_id, row.person_uuid).text(Reference.PERSON),
            masked_identity_number=row.masked_number,
            name=row.masked_name,
            document=Document(row.document),
            category=row.category,
            base_choice=row.base_choice,
            joined_on=row.joined_on,
            left_on=row.left_on,
            left_on_presumed=row.left_on_presumed,
            overlaps=row.overlapping,
        )
