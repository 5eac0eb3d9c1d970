"""Shape of double payments."""

from __future__ import annotations

from pydantic import Field

from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import masked_name
from services.payout.payments.domain.double import DoublePayment, DoubleStatus
from shared.references import Reference
from shared.schema import Out, YuanOut


class DoublePaymentOut(Out):
    """A claim line that pays an event a second time; `first_claim` and `first_line` are what counts."""

    claim: str = Field(examples=[Reference.CLAIM.example])
    line: int
    first_claim: str = Field(examples=[Reference.CLAIM.example])
    first_line: int
    kind: str
    district: str
    fund: str
    status: DoubleStatus = Field(
        description="stopped 未付不再付;in_flight 待银行回报;to_recover 已付须追回 (paid: recover it)"
    )
    masked_identity_number: str
    payee_name: str
    reference: str = Field(
        description="所属期或结算单号 (month of a pension, or number of the paper)"
    )
    amount: YuanOut
    correction: str = Field(
        examples=[Reference.PERSON_CORRECTION.example],
        description="合并依据:个人信息更正 (correction of the person that showed it)",
    )

    @classmethod
    def of(cls, row: DoublePayment, keys: PersonKeys) -> DoublePaymentOut:
        """Build it from a stored row."""
        return cls(
            claim=row.claim.text(Reference.CLAIM),
            line=row.line_no,
            first_claim=row.first_claim.text(Reference.CLAIM),
            first_line=row.first_line_no,
            kind=row.kind,
            district=row.district,
            fund=row.fund,
            status=row.status,
            masked_identity_number=keys.mask(row.sealed_number),
            payee_name=masked_name(keys.name.open(row.payee_name)),
            reference=row.reference,
            amount=row.amount_fen,
            correction=row.paper,
        )
