"""Settlements at the door."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.ledger.domain.settlement import Settlement, SettlementKind, Status
from services.ledger.domain.voucher import CENTRE_SLOT, voucher_id
from shared.ids import Ref
from shared.schema import Code, In, Out, PositiveYuan, ShortText, YuanOut

PREFIX = "stl"


class AmountIn(In):
    """An amount of one fund."""

    fund: Code = Field(examples=["pension"])
    amount: PositiveYuan = Field(examples=["1000000.00"])


class SettlementIn(In):
    """Propose a settlement. A sweep and a remittance move everything and take no amounts."""

    kind: SettlementKind = Field(examples=["sweep"])
    day: date = Field(examples=["2021-07-31"], description="记账日,截至当日余额")
    summary: ShortText | None = None
    amounts: list[AmountIn] = Field(default=[], max_length=50)


class AmountOut(Out):
    """An amount of one fund."""

    fund: str
    amount: YuanOut


class SettlementOut(Out):
    """A settlement: what was asked for while proposed, what moved once posted."""

    id: str
    kind: SettlementKind
    day: date
    summary: str
    status: Status
    amounts: list[AmountOut]
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
        id=Ref(CENTRE_SLOT, settlement.id).text(PREFIX),
        kind=settlement.kind,
        day=settlement.day,
        summary=settlement.summary,
        status=settlement.status,
        amounts=[AmountOut(fund=fund, amount=fen) for fund, fen in amounts.items()],
        proposed_by=settlement.proposed_by,
        approved_by=settlement.approved_by,
        voucher=None if seq is None else voucher_id(CENTRE_SLOT, seq),
    )
