"""Holds at the door."""

from __future__ import annotations

from pydantic import Field

from services.ledger.domain.hold import Hold
from services.ledger.domain.voucher import CENTRE_SLOT
from shared.ids import Ref
from shared.schema import In, PositiveYuan, Serial
from shared.wire.ledger import HoldOut

PREFIX = "hld"


class ReleaseIn(In):
    """Give back an amount of a hold, or all that remains."""

    event_id: Serial = Field(examples=["release-0001"])
    amount: PositiveYuan | None = None


def hold_out(hold: Hold) -> HoldOut:
    """A hold going out."""
    return HoldOut(
        id=Ref(CENTRE_SLOT, hold.id).text(PREFIX),
        event_id=hold.event_id,
        fund=hold.fund,
        account=hold.account,
        amount=hold.amount_fen,
        remaining=hold.remaining_fen,
        status=hold.status,
    )
