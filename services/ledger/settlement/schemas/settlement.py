"""Settlements at the door."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.voucher import voucher_id
from services.ledger.settlement.domain.adjustment import Request
from services.ledger.settlement.domain.settlement import (
    Part,
    Settlement,
    SettlementKind,
    SettlementStatus,
    Terms,
)
from services.ledger.settlement.flows.settlement import Proposal
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, In, NonNegativeYuan, Out, PositiveYuan, ShortText, YuanOut
from shared.wire.ledger import AccountKey


class AmountIn(In):
    """An amount of one fund; of one benefit account in a plan, of one district where it matters."""

    fund: Code = Field(examples=["pension"])
    amount: PositiveYuan = Field(examples=["1000000.00"])
    account: AccountKey | None = Field(
        default=None,
        description="用款计划的支出科目;退还的收入科目 (what it is planned for, or refunded)",
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


class SettlementIn(In):
    """Propose a settlement. A sweep and a remittance move everything and take no amounts."""

    kind: SettlementKind = Field(examples=["sweep"])
    day: date = Field(examples=["2021-07-31"], description="记账日,截至当日余额")
    summary: ShortText | None = None
    amounts: list[AmountIn] = Field(default=[], max_length=200)
    deposit: AccountKey | None = Field(
        default=None,
        description="利息存入、退款支出的存款户 (where interest came, a refund goes from)",
    )
    voucher: Annotated[str, StringConstraints(pattern=Reference.VOUCHER.pattern)] | None = Field(
        default=None, description="原到账凭证 (the voucher that is refunded)"
    )
    over_budget: ShortText | None = Field(
        default=None, description="超预算理由 (why the plan goes beyond its budget)"
    )
    requests: list[GrantRequestIn] = Field(
        default=[], max_length=200, description="下拨调剂金的申请 (of an adjustment grant)"
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


class SettlementOut(Out):
    """A settlement: what was asked for while proposed, what moved once posted."""

    id: str
    kind: SettlementKind
    day: date
    summary: str
    status: SettlementStatus
    amounts: list[AmountOut]
    parts: list[SettlementPartOut]
    deposit: str | None
    refunds: str | None
    over_budget: str | None
    proposed_by: str
    approved_by: str | None
    voucher: str | None


class SettlementsOut(Out):
    """A page of settlements, newest first."""

    items: list[SettlementOut]
    next_cursor: str | None
    has_more: bool


def settlement_out(settlement: Settlement) -> SettlementOut:
    """A settlement going out."""
    amounts = settlement.asked if settlement.moved is None else settlement.moved
    seq = settlement.seq
    return SettlementOut(
        id=Ref(CENTRE_SLOT, settlement.id).text(Reference.SETTLEMENT),
        kind=settlement.kind,
        day=settlement.day,
        summary=settlement.summary,
        status=settlement.status,
        amounts=[AmountOut(fund=fund, amount=fen) for fund, fen in amounts.items()],
        parts=[
            SettlementPartOut(
                fund=part.fund,
                amount=part.amount_fen,
                account=part.account,
                district=part.district,
            )
            for part in settlement.parts
        ],
        deposit=settlement.terms.deposit,
        refunds=settlement.terms.voucher,
        over_budget=settlement.terms.over_budget,
        proposed_by=settlement.proposed_by,
        approved_by=settlement.approved_by,
        voucher=None if seq is None else voucher_id(CENTRE_SLOT, seq),
    )


def proposal_from(body: SettlementIn) -> Proposal:
    """A proposal coming in."""
    return Proposal(
        kind=body.kind,
        day=body.day,
        summary=body.summary or "",
        parts=tuple(
            Part(fund=one.fund, amount_fen=one.amount, account=one.account, district=one.district)
            for one in body.amounts
        ),
        terms=Terms(deposit=body.deposit, voucher=body.voucher, over_budget=body.over_budget),
        requests=tuple(
            Request(
                fund=one.fund,
                district=one.district,
                gap_fen=one.gap,
                own_surplus_fen=one.own_surplus,
                follows_policy=one.follows_policy,
                paid_up_in_full=one.paid_up_in_full,
                met_targets=one.met_targets,
            )
            for one in body.requests
        ),
    )
