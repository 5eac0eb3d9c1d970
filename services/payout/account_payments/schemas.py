"""Shapes of payments of personal accounts."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.payout.account_payments.domain import (
    DEATH_DOCUMENTS,
    AccountFund,
    AccountRequest,
    PaymentReason,
    letter_reference,
    summary_of,
)
from services.payout.account_payments.flows import Remainder
from services.payout.common.schemas import BankAccountIn, Day, IdentityNumber
from services.payout.withdrawals.domain import WithdrawalKind
from shared.ids import uuid7
from shared.references import Reference
from shared.schema import Code, In, Out, Serial, ShortText, YuanOut


class AccountPaymentIn(In):
    """A request to pay an account to the person or the heirs; the ledger knows the amount."""

    fund: AccountFund
    district: Code = Field(examples=["heping"])
    identity_number: IdentityNumber = Field(description="参保人 (the insured person)")
    reason: PaymentReason
    filed_on: Day | None = Field(default=None, description="受理日,默认今天 (today by default)")
    payee_name: ShortText = Field(
        examples=["张建国"], description="本人或继承人 (the person, or the heir)"
    )
    bank_account: BankAccountIn
    documents: list[Code] = Field(default_factory=list, max_length=50)

    def request(self, today: date) -> AccountRequest:
        """Turn it into the domain's request; without a day it is filed today."""
        is_death = self.reason is PaymentReason.DEATH
        return AccountRequest(
            way=WithdrawalKind.PAYMENT,
            fund=self.fund,
            district=self.district,
            filed_on=self.filed_on or today,
            identity_number=self.identity_number,
            payee_name=self.payee_name,
            bank=self.bank_account.bank,
            bank_number=self.bank_account.number,
            bank_holder=self.bank_account.name,
            reference=f"GZ-{uuid7().hex}",
            summary=summary_of(self.reason),
            documents=self.documents,
            needs=DEATH_DOCUMENTS if is_death else (),
            is_inheritance=is_death,
        )


class TransferOutIn(In):
    """A transfer to another city by its contact letter (联系函); no amount is stated."""

    fund: AccountFund
    district: Code = Field(examples=["heping"])
    identity_number: IdentityNumber
    letter: Serial = Field(examples=["LXH-310000-2022-00017"], description="联系函号")
    supplement: int = Field(
        default=0,
        ge=0,
        le=99,
        strict=True,
        description="补转次数:首次为 0,以后到账的再转为 1、2 … (0, then one more for each later part)",
    )
    city: ShortText = Field(examples=["上海市"], description="转入地 (the other city)")
    filed_on: Day | None = Field(default=None, description="受理日,默认今天 (today by default)")
    agency: ShortText = Field(
        examples=["上海市社会保险事业管理中心"],
        description="收款经办机构 (the agency that is paid)",
    )
    bank_account: BankAccountIn
    documents: list[Code] = Field(default_factory=list, max_length=50)

    def request(self, today: date) -> AccountRequest:
        """Turn it into the domain's request; without a day it is filed today."""
        number = f"(补转 {self.supplement})" if self.supplement else ""
        return AccountRequest(
            way=WithdrawalKind.TRANSFER,
            fund=self.fund,
            district=self.district,
            filed_on=self.filed_on or today,
            identity_number=self.identity_number,
            payee_name=self.agency,
            bank=self.bank_account.bank,
            bank_number=self.bank_account.number,
            bank_holder=self.bank_account.name,
            reference=letter_reference(self.letter, self.supplement),
            summary=f"关系转出至{self.city}{number}",
            documents=self.documents,
        )


class AccountRemainderOut(Out):
    """An account that was paid or transferred and holds something again."""

    fund: AccountFund
    left: YuanOut = Field(
        description="余额;负数为多付,须追回 (what it holds; below zero, paid too much)"
    )
    claim: str = Field(
        examples=[Reference.CLAIM.example],
        description="最近的申请 (the last claim that took from it)",
    )

    @classmethod
    def of(cls, remainder: Remainder) -> AccountRemainderOut:
        """Build it from what an account holds."""
        return cls(
            fund=AccountFund(remainder.last.fund),
            left=remainder.left_fen,
            claim=remainder.last.paper,
        )
