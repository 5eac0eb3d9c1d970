"""Collection's control totals for closing the books, as of a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.oversight.store import closing_control as closing_control_store


@dataclass(frozen=True, slots=True, kw_only=True)
class FundControl:
    """Control totals of one fund, in fen.

    For personal accounts `received` must equal `credited` plus the four reasons for a difference
    (part paid, in delivery, standing credits, unnamed). Anything else is an unexplained error.
    """

    receivable_fen: int
    collected_fen: int
    received_fen: int
    credited_fen: int
    part_paid_fen: int
    in_delivery_fen: int
    standing_credits_fen: int
    unnamed_fen: int


async def control(tx: AsyncConnection, as_of: date) -> dict[str, FundControl]:
    """Compute the control totals of every fund at the end of a day."""
    bills = await closing_control_store.bill_sums(tx, as_of)
    after, personal_after = await closing_control_store.received_after(tx, as_of)
    granted = await closing_control_store.granted(tx, as_of)
    waived = await closing_control_store.waived(tx, as_of)
    refunded = await closing_control_store.refunded(tx, as_of)
    credited = await closing_control_store.credited(tx, as_of)
    uncredited = await closing_control_store.uncredited(tx, as_of)
    standing = await closing_control_store.standing_credits(tx, as_of)
    personal_refunds = await closing_control_store.refunded(tx, as_of, personal=True)
    funds = set().union(bills.issued, granted, credited)
    allocated = {fund: fen - after.get(fund, 0) for fund, fen in bills.settled.items()}
    received = {fund: fen - personal_after.get(fund, 0) for fund, fen in bills.personal.items()}
    return {
        fund: FundControl(
            receivable_fen=(
                bills.issued.get(fund, 0)
                - allocated.get(fund, 0)
                - granted.get(fund, 0)
                - waived.get(fund, 0)
                + refunded.get(fund, 0)
            ),
            collected_fen=allocated.get(fund, 0) - refunded.get(fund, 0),
            received_fen=received.get(fund, 0) - personal_refunds.get(fund, 0),
            credited_fen=credited.get(fund, 0),
            part_paid_fen=uncredited["part_paid"].get(fund, 0),
            in_delivery_fen=uncredited["in_delivery"].get(fund, 0),
            standing_credits_fen=standing.get(fund, 0) - personal_refunds.get(fund, 0),
            unnamed_fen=uncredited["unnamed"].get(fund, 0),
        )
        for fund in sorted(funds)
    }
