"""Shapes of personal credits."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from services.collection.personal.store.credit import PersonalCredit
from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, YuanOut


class DeliveriesOut(Out):
    """Number of settled bills that wait, and of chunks that the ledger refused."""

    waiting: int = Field(examples=[0])
    refused: int = Field(examples=[0])


class RefusedDeliveryOut(Out):
    """A chunk that the ledger refused, and the reason. It names no people."""

    bill: str
    declaration: str
    chunk: int
    chunks: int
    credited_on: date
    people: int
    totals: dict[str, YuanOut]
    reason: str

    @classmethod
    def of(cls, credit: PersonalCredit) -> RefusedDeliveryOut:
        """Build the answer from a refused chunk."""
        return cls(
            bill=Ref(credit.unit_id, credit.bill_id).text(Reference.BILL),
            declaration=Ref(credit.unit_id, credit.declaration_id).text(Reference.DECLARATION),
            chunk=credit.chunk,
            chunks=credit.chunks,
            credited_on=credit.credited_on,
            people=credit.people,
            totals=credit.totals_fen,
            reason=credit.refused or "",
        )


class DeliveriesReplayIn(In):
    """The bills whose credits to send again: all, or those refused."""

    deliveries: Literal["sent", "refused"] = "sent"


class DeliveriesReplayOut(Out):
    """Number of bills whose credits will be sent again."""

    replayed: int = Field(examples=[600])

    @classmethod
    def of(cls, replayed: int) -> DeliveriesReplayOut:
        """Build the answer from the number of bills."""
        return cls(replayed=replayed)
