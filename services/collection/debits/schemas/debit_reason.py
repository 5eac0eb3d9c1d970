"""Shapes of banks' codes of refusals."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from services.collection.common.domain.signed_change import SignedChange
from services.collection.common.schemas.signed_change import SignedChangeOut
from services.collection.debits.domain.debit import DebitReasonClass
from services.collection.debits.domain.debit_reason import DebitReason
from shared.references import Reference
from shared.schema import In, Out, Serial, ShortText


class DebitReasonIn(In):
    """A code of banks and its class, and the reason."""

    code: Serial = Field(examples=["E2031"], description="银行拒付代码 (the bank's own code)")
    reason_class: DebitReasonClass = Field(description="归类 (class)")
    meaning: ShortText = Field(examples=["账户余额不足"])
    source: ShortText = Field(examples=["某银行代收付接口规范"])
    certain: bool
    reason: ShortText = Field(examples=["新增代扣银行"])

    def row(self) -> DebitReason:
        """Return the code as the flow takes it."""
        return DebitReason(**self.model_dump(exclude={"reason"}))


class DebitReasonRefusalIn(In):
    """The reason of a refusal."""

    why: ShortText


class DebitReasonOut(Out):
    """A raw code of banks, its class, and the document that says so."""

    code: str = Field(examples=["AM04"])
    reason_class: DebitReasonClass
    meaning: str
    source: str
    certain: bool
    set_by: str

    @classmethod
    def of(cls, row: DebitReason) -> DebitReasonOut:
        """Build the answer from a code."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class DebitReasonChangeOut(SignedChangeOut):
    """A change of a code: one person files it, another approves."""

    id: str = Field(examples=[Reference.DEBIT_REASON_CHANGE.example])
    code: str
    reason_class: DebitReasonClass
    meaning: str
    source: str
    certain: bool


class DebitReasonsOut(Out):
    """Every code, and the changes that wait for their decision."""

    items: list[DebitReasonOut]
    waiting: list[DebitReasonChangeOut]

    @classmethod
    def of(cls, found: tuple[Sequence[DebitReason], Sequence[SignedChange]]) -> DebitReasonsOut:
        """Build the answer."""
        rows, waiting = found
        return cls(
            items=[DebitReasonOut.of(one) for one in rows],
            waiting=[DebitReasonChangeOut.of(one) for one in waiting],
        )
