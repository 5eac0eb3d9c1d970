"""Shapes of credits (贷项)."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.collection.billing.domain.credit import Credit
from services.collection.billing.store.credit import CreditUseRow
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Out, YuanOut


class CreditOut(Out):
    """A credit: the amount by which a restatement lowers a month, per insurance, party, account and
    fund."""

    id: str = Field(examples=[Reference.CREDIT.example])
    declaration: str = Field(description="更正申报 (the paper that grants it)")
    credit_code: str
    district: str
    period: str = Field(description="被更正的所属期 (the month that was restated)")
    insurance: str
    party: str
    account: str
    fund: str
    amount: YuanOut
    used: YuanOut
    left: YuanOut = Field(description="待抵余额 (the unused part)")
    granted_on: date

    @classmethod
    def of(cls, credit: Credit) -> CreditOut:
        """Build the answer from a credit."""
        return cls(
            id=Ref(credit.unit_id, credit.id).text(Reference.CREDIT),
            declaration=Ref(credit.unit_id, credit.declaration_id).text(Reference.DECLARATION),
            credit_code=credit.credit_code,
            district=credit.district,
            period=credit.period,
            insurance=credit.insurance,
            party=credit.party,
            account=credit.account,
            fund=credit.fund,
            amount=credit.amount_fen,
            used=credit.used_fen,
            left=credit.left_fen,
            granted_on=credit.granted_on,
        )


class CreditUseOut(Out):
    """An amount of a credit that lowered a bill line."""

    credit: str
    declaration: str = Field(description="更正申报 (the paper that granted it)")
    period: str
    amount: YuanOut
    used_on: date

    @classmethod
    def of(cls, unit_id: int, use: CreditUseRow) -> CreditUseOut:
        """Build the answer from a stored use."""
        return cls(
            credit=Ref(unit_id, use.id).text(Reference.CREDIT),
            declaration=Ref(unit_id, use.declaration_id).text(Reference.DECLARATION),
            period=use.period,
            amount=use.amount_fen,
            used_on=use.used_on,
        )
