"""Shapes of settlements."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.personal.schemas.movement import Person
from services.ledger.posting.domain.voucher import voucher_id
from services.ledger.settlement.domain.adjustment import GrantRequest
from services.ledger.settlement.domain.settlement import (
    Settlement,
    SettlementKind,
    SettlementPart,
    SettlementStatus,
)
from services.ledger.settlement.domain.terms import SettlementTerms
from services.ledger.settlement.domain.transfer_in import BroughtYear, IncomingTransfer
from services.ledger.settlement.flows.settlement import Proposal
from shared.ids import Ref
from shared.references import Reference
from shared.schema import (
    Code,
    Day,
    In,
    NonNegativeYuan,
    Out,
    PositiveYuan,
    Serial,
    ShortText,
    YuanOut,
)
from shared.wire.ledger import AccountKey


class AmountIn(In):
    """An amount of one fund, for a benefit account (plans) or a district where it matters."""

    fund: Code = Field(examples=["pension"])
    amount: PositiveYuan = Field(examples=["1000000.00"])
    account: AccountKey | None = Field(
        default=None,
        description="用款计划的支出科目;退还的收入科目 (the planned expense, or the refunded income)",
    )
    district: Code | None = None


class GrantRequestIn(In):
    """A district's request for adjustment money (调剂金申请)."""

    fund: Code = Field(examples=["medical"])
    district: Code = Field(examples=["heping"])
    gap: PositiveYuan = Field(description="当年收支缺口")
    own_surplus: NonNegativeYuan = Field(description="历年结余,先行弥补")
    follows_policy: bool = Field(description="严格执行全市统一政策")
    paid_up_in_full: bool = Field(description="按时足额上解")
    met_targets: bool = Field(description="完成年度目标任务")

    def request(self) -> GrantRequest:
        """Return the request."""
        return GrantRequest(
            fund=self.fund,
            district=self.district,
            gap_fen=self.gap,
            own_surplus_fen=self.own_surplus,
            follows_policy=self.follows_policy,
            paid_up_in_full=self.paid_up_in_full,
            met_targets=self.met_targets,
        )


class BroughtYearIn(In):
    """The months of a year paid in another city."""

    year: int = Field(ge=1951, le=2100, strict=True, examples=[2019])
    months: int = Field(ge=1, le=12, strict=True)
    base: NonNegativeYuan = Field(description="各月基数之和 (sum of the months' bases)")


class IncomingTransferIn(In):
    """The contact letter (联系函) of a person whose money another city sends."""

    person: Person
    city: ShortText = Field(examples=["上海市"], description="转出地 (the other city)")
    letter: Serial = Field(examples=["LXH-120000-2021-00009"], description="联系函号")
    supplement: int = Field(default=0, ge=0, le=99, strict=True, description="补转次数")
    account: NonNegativeYuan = Field(description="其中记入个人账户 (the account's part)")
    years: list[BroughtYearIn] = Field(default=[], max_length=100)
    without_receipt: ShortText | None = Field(
        default=None,
        description="款项不在征缴到账中的理由;否则须与已认领的到账相符 (why no receipt of collection shows"
        " the money; without a reason the letter waits for its receipt)",
    )

    def transfer(self) -> IncomingTransfer:
        """Return the transfer."""
        return IncomingTransfer(
            person=self.person,
            city=self.city,
            letter=self.letter,
            supplement=self.supplement,
            account_fen=self.account,
            years=tuple(
                BroughtYear(year=one.year, months=one.months, base_fen=one.base)
                for one in self.years
            ),
            without_receipt=self.without_receipt,
        )


class SettlementIn(In):
    """A proposed settlement. Sweeps and treasury remittances move everything and take no amounts."""

    kind: SettlementKind = Field(examples=["sweep"])
    day: Day = Field(examples=["2021-07-31"], description="记账日,截至当日余额")
    summary: ShortText | None = None
    amounts: list[AmountIn] = Field(default=[], max_length=200)
    deposit: AccountKey | None = Field(
        default=None,
        description="利息存入、退款支出的存款户 (the deposit that receives interest or pays a refund)",
    )
    refund: Annotated[str, StringConstraints(pattern=Reference.REFUND.pattern)] | None = Field(
        default=None,
        description="已批准的退费单;金额、存款户从其所载 (the approved refund that is settled; amounts"
        " and deposit are the refund's own)",
    )
    voucher: Annotated[str, StringConstraints(pattern=Reference.VOUCHER.pattern)] | None = Field(
        default=None, description="不再使用:退款只凭退费单 (no longer taken: name the refund)"
    )
    over_budget: ShortText | None = Field(
        default=None, description="超预算理由 (why the plan exceeds its budget)"
    )
    plan: Annotated[str, StringConstraints(pattern=Reference.FUNDING_PLAN.pattern)] | None = Field(
        default=None, description="所拨付的用款计划 (the spending plan of payout that is funded)"
    )
    transfer: IncomingTransferIn | None = Field(
        default=None, description="外地转入的联系函 (the letter of a transfer from another city)"
    )
    requests: list[GrantRequestIn] = Field(
        default=[], max_length=200, description="下拨调剂金的申请 (requests of an adjustment grant)"
    )

    def proposal(self) -> Proposal:
        """Return the proposal."""
        return Proposal(
            kind=self.kind,
            day=self.day,
            summary=self.summary or "",
            parts=tuple(
                SettlementPart(
                    fund=one.fund,
                    amount_fen=one.amount,
                    account=one.account,
                    district=one.district,
                )
                for one in self.amounts
            ),
            terms=SettlementTerms(
                deposit=self.deposit,
                refund=self.refund,
                voucher=self.voucher,
                over_budget=self.over_budget,
                plan=self.plan,
                transfer=self.transfer.transfer() if self.transfer else None,
            ),
            requests=tuple(request.request() for request in self.requests),
        )


class AmountOut(Out):
    """An amount of one fund."""

    fund: str
    amount: YuanOut


class SettlementPartOut(Out):
    """An amount of one fund for an account or a district."""

    fund: str
    amount: YuanOut
    account: str | None
    district: str | None

    @classmethod
    def of(cls, part: SettlementPart) -> SettlementPartOut:
        """Answer a part."""
        return cls(
            fund=part.fund,
            amount=part.amount_fen,
            account=part.account,
            district=part.district,
        )


class SettlementOut(Out):
    """A settlement. `amounts` are the proposed amounts, or the moved amounts once it is posted."""

    id: str
    kind: SettlementKind
    day: date
    summary: str
    status: SettlementStatus
    amounts: list[AmountOut]
    parts: list[SettlementPartOut]
    deposit: str | None
    refund: str | None
    refunds: str | None = Field(description="早先按凭证退还的原凭证 (of refunds before orders)")
    over_budget: str | None
    plan: str | None
    letter: str | None = Field(description="联系函号 (of a transfer from another city)")
    account: YuanOut | None = Field(
        description="其中记入个人账户 (the account's part of a transfer)"
    )
    without_receipt: str | None = Field(
        description="无到账的理由 (why no receipt shows the money of a transfer)"
    )
    proposed_by: str
    approved_by: str | None
    voucher: str | None

    @classmethod
    def of(cls, settlement: Settlement) -> SettlementOut:
        """Answer a settlement."""
        amounts = settlement.amounts if settlement.moved is None else settlement.moved
        seq, transfer = settlement.seq, settlement.terms.transfer
        return cls(
            id=Ref(CENTRE_SLOT, settlement.id).text(Reference.SETTLEMENT),
            kind=settlement.kind,
            day=settlement.day,
            summary=settlement.summary,
            status=settlement.status,
            amounts=[AmountOut(fund=fund, amount=fen) for fund, fen in amounts.items()],
            parts=[SettlementPartOut.of(part) for part in settlement.parts],
            deposit=settlement.terms.deposit,
            refund=settlement.terms.refund,
            refunds=settlement.terms.voucher,
            over_budget=settlement.terms.over_budget,
            plan=settlement.terms.plan,
            letter=transfer.letter if transfer else None,
            account=transfer.account_fen if transfer else None,
            without_receipt=transfer.without_receipt if transfer else None,
            proposed_by=settlement.proposed_by,
            approved_by=settlement.approved_by,
            voucher=None if seq is None else voucher_id(CENTRE_SLOT, seq),
        )
