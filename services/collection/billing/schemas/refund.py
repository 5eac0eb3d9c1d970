"""Shapes of refunds of credits (退费)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.collection.billing.domain.refund import Refund
from services.collection.billing.flows.refund import RefundWithLines
from services.collection.common.schemas.common import Day
from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, ShortText, YuanOut

SettlementRef = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{3}_[0-9a-f_]{1,60}$"),
    Field(description="总账退还结算单 (the ledger's settlement that moves the money)"),
]


class CreditRefundIn(In):
    """A request to refund all unused credits of a unit."""

    requested_on: Day
    note: ShortText


class CreditRefundApprovalIn(In):
    """The approval of a refund: its day, and the settlement that moves the money."""

    decided_on: Day
    settlement: SettlementRef


class CreditRefundRefusalIn(In):
    """The refusal of a refund: its day and reason."""

    decided_on: Day
    why: ShortText


class CreditRefundLineOut(Out):
    """The amount that a refund takes from one credit."""

    credit: str
    period: str
    insurance: str
    party: str
    account: str
    fund: str
    amount: YuanOut


class CreditRefundHeadOut(Out):
    """A refund without its lines."""

    id: str = Field(examples=[Reference.CREDIT_REFUND.example])
    credit_code: str
    district: str
    status: str = Field(examples=["requested", "approved", "refused"])
    amount: YuanOut
    requested_on: date
    decided_on: date | None
    note: str

    @classmethod
    def of(cls, refund: Refund) -> CreditRefundHeadOut:
        """Build the answer from a refund."""
        return cls(
            id=Ref(refund.unit_id, refund.id).text(Reference.CREDIT_REFUND),
            credit_code=refund.credit_code,
            district=refund.district,
            status=refund.status.value,
            amount=refund.amount_fen,
            requested_on=refund.requested_on,
            decided_on=refund.decided_on,
            note=refund.note,
        )


class CreditRefundOut(CreditRefundHeadOut):
    """A refund with its lines."""

    lines: list[CreditRefundLineOut]

    @classmethod
    def whole(cls, found: RefundWithLines) -> CreditRefundOut:
        """Build the answer from a refund with its lines."""
        head = CreditRefundHeadOut.of(found.refund)
        return cls(
            **{name: getattr(head, name) for name in CreditRefundHeadOut.model_fields},
            lines=[
                CreditRefundLineOut(
                    credit=Ref(line.credit.unit_id, line.credit.id).text(Reference.CREDIT),
                    period=line.credit.period,
                    insurance=line.credit.insurance,
                    party=line.credit.party,
                    account=line.credit.account,
                    fund=line.credit.fund,
                    amount=line.amount_fen,
                )
                for line in found.lines
            ],
        )
