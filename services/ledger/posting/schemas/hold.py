"""Holds at the door."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.hold import Hold
from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, PositiveYuan, Serial
from shared.wire.ledger import HoldOut


class ReleaseIn(In):
    """Give back an amount of a hold, or all that remains."""

    event_id: Serial = Field(examples=["release-0001"])
    amount: PositiveYuan | None = None


class GroupReleaseIn(In):
    """Give back, in one event, all that remains of many holds."""

    event_id: Serial = Field(examples=["void-0001"])
    holds: list[Annotated[str, StringConstraints(max_length=80)]] = Field(
        min_length=1, max_length=1000, description="预留编号 (ids of the holds)"
    )


class HoldsOut(Out):
    """Holds as they stand, in the order asked."""

    items: list[HoldOut]


def hold_out(hold: Hold) -> HoldOut:
    """A hold going out."""
    return HoldOut(
        id=Ref(CENTRE_SLOT, hold.id).text(Reference.HOLD),
        event_id=hold.event_id,
        fund=hold.fund,
        account=hold.account,
        amount=hold.amount_fen,
        remaining=hold.remaining_fen,
        status=hold.status,
    )
