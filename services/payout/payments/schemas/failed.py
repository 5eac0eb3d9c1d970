"""Shapes of failed payments and account corrections."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import BankAccountIn, BankAccountOut, Note, masked_name
from services.payout.payments.domain.failed import (
    AccountCorrection,
    CorrectedAccount,
    CorrectionStatus,
    FailedPayment,
    FailureOutcome,
)
from shared.references import Reference
from shared.schema import Code, In, Out, YuanOut


class FailedPaymentOut(Out):
    """An amount of a claim line that was refused, returned or held back, and waits to be paid."""

    claim: str = Field(examples=[Reference.CLAIM.example])
    line: int
    payment_batch: str = Field(examples=[Reference.PAYMENT_BATCH.example])
    fund: str
    district: str
    outcome: FailureOutcome = Field(
        description="`not_due`:组批时该月已不再应付,暂扣未付 "
        "(`not_due`: the month was no longer due when the batch was formed, so it was held back)"
    )
    reason_code: str | None
    reason: str | None
    payee_name: str
    bank_account: BankAccountOut
    amount: YuanOut
    is_due: bool = Field(
        description="该月养老金因死亡、停发等不再应付时为 false,不再重付 "
        "(false: nothing more is due of the month of pension, after a death or in a suspension; no "
        "batch pays it)"
    )

    @classmethod
    def of(cls, row: FailedPayment, keys: PersonKeys) -> FailedPaymentOut:
        """Build it from a stored row."""
        return cls(
            claim=row.claim.text(Reference.CLAIM),
            line=row.line_no,
            payment_batch=row.batch.text(Reference.PAYMENT_BATCH),
            fund=row.fund,
            district=row.district,
            outcome=row.outcome,
            reason_code=row.reason_code,
            reason=row.reason,
            payee_name=masked_name(keys.name.open(row.payee_name)),
            bank_account=BankAccountOut.of(
                row.bank,
                keys.bank_number.open(row.bank_number),
                keys.bank_holder.open(row.bank_holder),
            ),
            amount=row.amount_fen,
            is_due=row.is_due,
        )


class AccountCorrectionIn(In):
    """Another account for a failed line, and the reason."""

    line: int = Field(ge=1, le=2_000_000_000)
    bank_account: BankAccountIn
    holder_reason: Code | None = Field(
        None, description="户名非收款人的事由 (why the account is another's)"
    )
    note: Annotated[Note, StringConstraints(min_length=1)]

    def account(self, keys: PersonKeys) -> CorrectedAccount:
        """Turn it into the domain's account, sealed."""
        return CorrectedAccount(
            bank=self.bank_account.bank,
            bank_number=keys.bank_number.seal(self.bank_account.number),
            bank_holder=keys.bank_holder.seal(self.bank_account.name),
            holder_reason=self.holder_reason,
        )


class CorrectionApprovalIn(In):
    """An empty body."""


class CorrectionRefusalIn(In):
    """The reason for refusing a correction."""

    note: Annotated[Note, StringConstraints(min_length=1)]


class AccountCorrectionOut(Out):
    """A correction of the account of one claim line; the number is masked."""

    id: str = Field(examples=[Reference.ACCOUNT_CORRECTION.example])
    claim: str = Field(examples=[Reference.CLAIM.example])
    line: int
    district: str
    bank_account: BankAccountOut
    holder_reason: str | None
    note: str
    status: CorrectionStatus
    proposed_by: str

    @classmethod
    def of(cls, correction: AccountCorrection, keys: PersonKeys) -> AccountCorrectionOut:
        """Build it from a stored correction."""
        account = correction.account
        return cls(
            id=correction.ref.text(Reference.ACCOUNT_CORRECTION),
            claim=correction.claim.text(Reference.CLAIM),
            line=correction.line_no,
            district=correction.district,
            bank_account=BankAccountOut.of(
                account.bank,
                keys.bank_number.open(account.bank_number),
                keys.bank_holder.open(account.bank_holder),
            ),
            holder_reason=account.holder_reason,
            note=correction.note,
            status=correction.status,
            proposed_by=correction.proposed_by,
        )


class CorrectedAccountOut(Out):
    """The account that a correction names, with its whole number."""

    bank: str
    number: str = Field(examples=["6222020302064578901"])
    name: str

    @classmethod
    def of(cls, account: CorrectedAccount, keys: PersonKeys) -> CorrectedAccountOut:
        """Build it from a stored account."""
        return cls(
            bank=account.bank,
            number=keys.bank_number.open(account.bank_number),
            name=keys.bank_holder.open(account.bank_holder),
        )
