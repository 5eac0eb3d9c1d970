"""Payments of personal accounts as requested, their amounts, and the claims that pay them.

No request states an amount: the ledger knows the account, and a dated row the pooled part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from services.payout.benefits.domain import ClaimKind
from services.payout.claims.domain.draft import ClaimDraft, ClaimLineDraft
from services.payout.draws.domain import (
    NO_PENSION,
    DrawnPension,
    PensionDrawn,
    require_inheritable,
)
from services.payout.withdrawals.domain import (
    AccountBalance,
    Withdrawal,
    WithdrawalKind,
    due_fen,
)
from shared.errors import Kind, Refusal
from shared.ids import Ref
from shared.money import format_yuan
from shared.period import Period


class NothingDue(Refusal):
    """个人账户没有应付余额 (the account holds nothing that is not paid or claimed already)"""

    kind = Kind.CONFLICT
    code = "ACCOUNT_NOTHING_DUE"


class AccountFund(StrEnum):
    """The funds that have personal accounts."""

    PENSION = "pension"
    MEDICAL = "medical"


class PaymentReason(StrEnum):
    """The reasons for paying an account to the person or the heirs."""

    DEATH = "death"  # 死亡,由继承人领取
    EMIGRATION = "emigration"  # 出国(境)定居
    FOREIGNER_LEAVES = "foreigner_leaves"  # 外籍人员离境
    NOT_QUALIFIED = "not_qualified"  # 到龄而缴费年限不足,书面终止


_CHINESE: Final = {
    PaymentReason.DEATH: "死亡,继承人领取",
    PaymentReason.EMIGRATION: "出国(境)定居",
    PaymentReason.FOREIGNER_LEAVES: "外籍人员离境",
    PaymentReason.NOT_QUALIFIED: "到龄年限不足,书面终止",
}
DEATH_DOCUMENTS: Final = ("death_certificate", "kinship_proof")
"""Documents of an inheritance, beside those of the kind's row."""
_KINDS: Final = {
    (WithdrawalKind.PAYMENT, AccountFund.PENSION): ClaimKind.PENSION_ACCOUNT_PAYMENT,
    (WithdrawalKind.PAYMENT, AccountFund.MEDICAL): ClaimKind.MEDICAL_ACCOUNT_PAYMENT,
    (WithdrawalKind.TRANSFER, AccountFund.PENSION): ClaimKind.PENSION_TRANSFER_OUT,
    (WithdrawalKind.TRANSFER, AccountFund.MEDICAL): ClaimKind.MEDICAL_TRANSFER_OUT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRequest:
    """A request to pay what an account holds; `reference` is the number of the paper."""

    way: WithdrawalKind
    fund: AccountFund
    district: str
    filed_on: date
    identity_number: str
    payee_name: str
    bank: str
    bank_number: str
    bank_holder: str
    reference: str
    summary: str
    documents: Sequence[str]
    needs: Sequence[str] = ()
    """Documents that this request needs, beside those of the kind's row."""
    is_inheritance: bool = False

    @property
    def kind(self) -> ClaimKind:
        """Return the kind of the claim."""
        return _KINDS[self.way, self.fund]

    @property
    def has_pooled_part(self) -> bool:
        """Tell whether a part of the pooled fund moves with the account."""
        return self.kind is ClaimKind.PENSION_TRANSFER_OUT


def summary_of(reason: PaymentReason) -> str:
    """Write the summary of a payment."""
    return f"个人账户余额支付:{_CHINESE[reason]}"


def letter_reference(letter: str, supplement: int) -> str:
    """Write the number of a transfer's paper: the contact letter, and which supplement it is."""
    return letter if not supplement else f"{letter}-{supplement}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledPart:
    """The pooled part of all paid months, and how it was calculated."""

    whole_fen: int
    formula: str
    row: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDue:
    """The amounts due now of an account, and of the pooled fund with it."""

    account_fen: int
    pooled_fen: int
    basis: dict[str, Any]

    @property
    def total_fen(self) -> int:
        """Return the amount of the claim."""
        return self.account_fen + self.pooled_fen


def require_payable(request: AccountRequest, pension: DrawnPension) -> None:
    """Refuse what a pension stands against: only heirs are paid an account that pays a pension.

    Raises:
        PensionDrawn, AccountPartUnknown: see `require_inheritable`.
    """
    if not pension.exists:
        return
    if not request.is_inheritance:
        raise PensionDrawn
    require_inheritable(pension)


def due_of(
    balance: AccountBalance,
    earlier: Sequence[Withdrawal],
    pooled: PooledPart | None,
    pension: DrawnPension = NO_PENSION,
) -> AccountDue:
    """Compute what is due now: the account and the pooled part, less what earlier claims take and
    what pensions draw.

    Raises:
        NothingDue: earlier claims take it all.
    """
    account_fen = due_fen(balance, earlier, pension.drawn_fen)
    waiting_fen = balance.balance_fen - due_fen(balance, earlier)
    sent_fen = sum(one.pooled_fen for one in earlier)
    pooled_fen = max(0, pooled.whole_fen - sent_fen) if pooled else 0
    basis: dict[str, Any] = {
        "balance": format_yuan(balance.balance_fen),
        "under_way": format_yuan(waiting_fen),
    }
    if pension.exists:
        basis |= {
            "pensions_drawn": format_yuan(balance.pensions_fen),
            "pensions_due": format_yuan(pension.drawn_fen),
            "pension_months": pension.months,
        }
    if pooled is not None:
        basis |= {
            "pooled": pooled.formula,
            "pooled_sent": format_yuan(sent_fen),
            "row": pooled.row,
        }
    due = AccountDue(account_fen=max(0, account_fen), pooled_fen=pooled_fen, basis=basis)
    if not due.total_fen:
        raise NothingDue
    return due


def claim_of(request: AccountRequest, due: AccountDue) -> ClaimDraft:
    """Build the claim that pays what is due."""
    line = ClaimLineDraft(
        payee_name=request.payee_name,
        bank=request.bank,
        bank_number=request.bank_number,
        bank_holder=request.bank_holder,
        amount_fen=due.total_fen,
        reference=request.reference,
        identity_number=request.identity_number,
    )
    return ClaimDraft(
        kind=request.kind,
        district=request.district,
        period=Period.of(request.filed_on),
        credit_code=None,
        filed_on=request.filed_on,
        summary=request.summary,
        control_lines=1,
        control_total_fen=line.amount_fen,
        lines=[line],
        documents=request.documents,
    )


def withdrawal_of(
    request: AccountRequest, due: AccountDue, person_id: int, claim: Ref
) -> Withdrawal:
    """Build what a filed claim takes."""
    return Withdrawal(
        person_id=person_id,
        fund=request.fund.value,
        kind=request.way,
        account_fen=due.account_fen,
        pooled_fen=due.pooled_fen,
        claim=claim,
    )
