"""What collection says of its money when the books are to be closed, as of a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.oversight.store import closing_control as closing_control_store


@dataclass(frozen=True, slots=True, kw_only=True)
class FundControl:
    """One fund, in fen. What persons were credited and the four reasons come to what was received,
    or something is wrong that nobody has explained."""

    receivable_fen: int
    collected_fen: int
    received_fen: int
    credited_fen: int
    part_paid_fen: int
    in_delivery_fen: int
    standing_credits_fen: int
    unnamed_fen: int


async def control(tx: AsyncConnection, as_of: date) -> dict[str, FundControl]:
    """fund → what collection says at the end of a day."""
    lines = await closing_control_store.lines(tx, as_of)
    after, personal_after = await closing_control_store.later(tx, as_of)
    granted = await closing_control_store.granted(tx, as_of)
    waived = await closing_control_store.waived(tx, as_of)
    refunded = await closing_control_store.refunded(tx, as_of)
    credited = await closing_control_store.credited(tx, as_of)
    untold = await closing_control_store.untold(tx, as_of)
    standing = await closing_control_store.standing(tx, as_of)
    given_back = await closing_control_store.refunded(tx, as_of, personal=True)
    funds = set().union(lines.issued, granted, credited)
    allocated = {fund: fen - after.get(fund, 0) for fund, fen in lines.settled.items()}
    received = {fund: fen - personal_after.get(fund, 0) for fund, fen in lines.personal.items()}
    return {
        fund: FundControl(
            receivable_fen=lines.issued.get(fund, 0) - allocated.get(fund, 0) - granted.get(fund, 0)
            - waived.get(fund, 0) + refunded.get(fund, 0),
            collected_fen=allocated.get(fund, 0) - refunded.get(fund, 0),
            received_fen=received.get(fund, 0) - given_back.get(fund, 0),
            credited_fen=credited.get(fund, 0),
            part_paid_fen=untold["part_paid"].get(fund, 0),
            in_delivery_fen=untold["in_delivery"].get(fund, 0),
            standing_credits_fen=standing.get(fund, 0) - given_back.get(fund, 0),
            unnamed_fen=untold["unnamed"].get(fund, 0),
        )
        for fund in sorted(funds)
    }  # fmt: skip
