"""Shapes of holds."""

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
    """Release of an amount of a hold, or of all that remains."""

    event_id: Serial = Field(examples=["release-0001"])
    amount: PositiveYuan | None = None


class GroupReleaseIn(In):
    """Release of all that remains of several holds, in one event."""

    event_id: Serial = Field(examples=["void-0001"])
    holds: list[Annotated[str, StringConstraints(max_length=80)]] = Field(
        min_length=1, max_length=1000, description="预留编号 (ids of the holds)"
    )


class HoldsOut(Out):
    """Holds in the order of the request."""

    items: list[HoldOut]


def hold_out(hold: Hold) -> HoldOut:
    """Build the answer from a hold."""
    return HoldOut(
        id=Ref(CENTRE_SLOT, hold.id).text(Reference.HOLD),
        event_id=hold.event_id,
        fund=hold.fund,
        account=hold.account,
        amount=hold.amount_fen,
        remaining=hold.remaining_fen,
        status=hold.status,
    )
