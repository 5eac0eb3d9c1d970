"""Take orders of inspections, each once, and read what has to be reported of them."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.flows import PersonKeys
from services.payout.recoveries.domain.inspection import InspectionOrder, OrderKey, OrderState
from services.payout.recoveries.domain.wrong_claim import WrongAmount
from services.payout.recoveries.flows import wrong_claim as wrong_claim_flow
from services.payout.recoveries.flows.wrong_claim import WrongClaim
from services.payout.recoveries.store import inspection as inspection_order_store
from shared.errors import Refusal
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller, Role

REPORTS_AT_ONCE: Final = 100
UNFINISHED_AT_ONCE: Final = 10_000
TAKER: Final = Caller(subject="inspection", role=Role.PAYOUT_SERVICE)
"""The opener of these cases; a person of the district confirms each."""


async def take(
    tx: AsyncConnection, order: InspectionOrder, *, keys: PersonKeys, today: date
) -> None:
    """Open the recovery case of an order, or note why there is none. A repeat changes nothing."""
    if await inspection_order_store.is_taken(tx, order):
        return
    case, refusal = None, None
    try:
        wrong = WrongClaim(
            ref=Ref.parse(Reference.CLAIM, order.claim),
            amounts=[WrongAmount(order.claim_line, order.amount_fen)],
            reason=order.reason,
            document=order.document,
            inspection=order.inspection,
        )
        (opened,) = await wrong_claim_flow.open_cases(
            tx, wrong, keys=keys, today=today, caller=TAKER
        )
        case = opened.ref
    except Refusal as why:
        refusal = "; ".join([why.message, *(fault.message for fault in why.faults)])[:500]
    await inspection_order_store.insert(tx, order, case, refusal)


async def to_report(
    tx: AsyncConnection, after: OrderKey | None
) -> tuple[list[OrderState], OrderKey | None]:
    """Read orders whose state collection does not know yet, and the key to continue after.

    The key is None at the end of the orders.
    """
    states = await inspection_order_store.unfinished(tx, after, UNFINISHED_AT_ONCE)
    changed = [state for state in states if state.mark != state.reported][:REPORTS_AT_ONCE]
    if len(changed) == REPORTS_AT_ONCE:
        return changed, changed[-1].key
    return changed, states[-1].key if len(states) == UNFINISHED_AT_ONCE else None


async def reported(tx: AsyncConnection, state: OrderState) -> None:
    """Note that collection knows the state of an order."""
    await inspection_order_store.set_reported(tx, state)
