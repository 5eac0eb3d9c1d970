"""Shapes of three-party agreements (三方协议)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.collection.common.schemas.common import Day
from services.collection.debits.domain.bank_profile import CITY_BANK
from services.collection.debits.domain.debit_agreement import (
    DebitAgreement,
    DebitAgreementState,
)
from services.collection.debits.flows.debit_agreement import DebitAgreementRequest
from services.collection.register.schemas.unit import BankAccountIn
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, In, Out, PositiveYuan, ShortText, YuanOut

AgreementNumber = Annotated[
    str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,35}$"), Field(examples=["SF-2021-000123"])
]


class DebitAgreementIn(In):
    """A three-party agreement as it was signed on paper."""

    number: AgreementNumber
    bank: Code = Field(
        default=CITY_BANK, examples=["icbc"], description="代扣银行代码 (code of the bank)"
    )
    bank_account: BankAccountIn
    valid_from: Day
    valid_to: Day | None = None
    limit: PositiveYuan | None = Field(
        default=None, description="单笔限额,不填为不限 (the most of one debit)"
    )
    signed_on: Day

    def request(self) -> DebitAgreementRequest:
        """Return the request as the flow takes it."""
        return DebitAgreementRequest(
            number=self.number,
            bank_code=self.bank,
            bank=self.bank_account.model_dump(),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            limit_fen=self.limit,
            signed_on=self.signed_on,
        )


class DebitAgreementApprovalIn(In):
    """An empty body: the agreement is approved as it was filed."""


class DebitAgreementRefusalIn(In):
    """The reason of a refusal."""

    why: ShortText


class DebitAgreementCancellationIn(In):
    """The day on which the unit or the bank cancels, and the reason."""

    cancelled_on: Day
    why: ShortText


class DebitAgreementOut(Out):
    """A three-party agreement. From `ends_on` on nothing is debited under it."""

    id: str = Field(examples=[Reference.DEBIT_AGREEMENT.example])
    credit_code: str
    district: str
    number: str
    bank: str
    account_bank: str
    account_number: str = Field(examples=["****0001"])
    account_name: str
    valid_from: date
    valid_to: date | None
    limit: YuanOut | None
    signed_on: date | None
    cancelled_on: date | None
    ends_on: date | None
    status: DebitAgreementState
    carried_over: bool = Field(
        description="升级时由单位登记账户结转 (made from the unit's account by the upgrade)"
    )

    @classmethod
    def of(cls, agreement: DebitAgreement, number: str) -> DebitAgreementOut:
        """Build the answer from an agreement and its masked account number."""
        return cls(
            id=Ref(agreement.unit_id, agreement.id).text(Reference.DEBIT_AGREEMENT),
            credit_code=agreement.credit_code,
            district=agreement.district,
            number=agreement.number,
            bank=agreement.bank_code,
            account_bank=str(agreement.bank.get("bank", "")),
            account_number=number,
            account_name=str(agreement.bank.get("name", "")),
            valid_from=agreement.valid_from,
            valid_to=agreement.valid_to,
            limit=agreement.limit_fen,
            signed_on=agreement.signed_on,
            cancelled_on=agreement.cancelled_on,
            ends_on=agreement.ends_on,
            status=agreement.status,
            carried_over=agreement.carried_over,
        )
