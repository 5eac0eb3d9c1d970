"""Shapes of what persons are credited, and of collection's word at a closing."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from services.collection.personal.store import PersonalCredit
from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, YuanOut


class DeliveriesOut(Out):
    """How many settled bills wait to be told of, and how many chunks the ledger refused."""

    waiting: int = Field(examples=[0])
    refused: int = Field(examples=[0])


class RefusedDeliveryOut(Out):
    """A chunk of a paper's persons that the ledger does not take, and why. Nobody is named."""

    bill: str
    declaration: str
    chunk: int
    chunks: int
    credited_on: date
    people: int
    totals: dict[str, YuanOut]
    reason: str

    @classmethod
    def of(cls, told: PersonalCredit) -> RefusedDeliveryOut:
        """Going out."""
        return cls(
            bill=Ref(told.unit_id, told.bill_id).text(Reference.BILL),
            declaration=Ref(told.unit_id, told.declaration_id).text(Reference.DECLARATION),
            chunk=told.chunk,
            chunks=told.chunks,
            credited_on=told.credited_on,
            people=told.people,
            totals=told.totals_fen,
            reason=told.refused or "",
        )


class DeliveriesReplayIn(In):
    """Which bills to tell of again: all, or those refused."""

    deliveries: Literal["sent", "refused"] = "sent"


class DeliveriesReplayOut(Out):
    """How many bills will be told of again."""

    replayed: int = Field(examples=[600])

    @classmethod
    def of(cls, replayed: int) -> DeliveriesReplayOut:
        """Build the answer from the number of bills."""
        return cls(replayed=replayed)
