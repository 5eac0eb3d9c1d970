"""Free the money of a paid late charge: the charge asks for less, and what was paid is in suspense.

The charge is lowered as if it had never been asked for, and the money is taken from the payment that
paid it. So nothing else of the unit's account changes, now or later.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.store import payment as payment_store
from services.collection.allocation.store import receipt as receipt_store
from services.collection.reallocation import flows as reallocation_flow
from services.collection.reallocation.flows import Cause
from services.collection.receipts.flows import holding as holding_flow
from services.collection.refund.domain import (
    ChargeMoneyNeeded,
    Refund,
    RefundPart,
    taken_in_turn,
)
from services.collection.refund.flows.claim import latest_receipt
from services.collection.refund.store import claim as claim_store
from shared.entry import Account
from shared.roles import Caller

CAUSE: Final = "charge_refund"


async def free(
    tx: AsyncConnection, refund: Refund, on: date, *, region: str, caller: Caller
) -> list[RefundPart]:
    """Lower a paid charge by a refund and put its money into suspense, reserved for the refund.

    Raises:
        ChargeMoneyNeeded: the charge has changed since the request.
    """
    assert refund.unit_id is not None
    assert refund.bill_id is not None
    assert refund.receipt is not None
    await holding_flow.lock(tx, refund.receipt, refund.unit_id)
    paid = latest_receipt(await claim_store.paid_charges(tx, refund.unit_id, refund.bill_id))
    left_fen = sum(one.amount_fen for one in paid)
    if not paid or paid[0].receipt_id != refund.receipt_id or left_fen < refund.amount_fen:
        raise ChargeMoneyNeeded(refund=refund.text)
    remitted: dict[tuple[UUID, UUID, str, str, str], int] = defaultdict(int)
    freed: dict[UUID, int] = defaultdict(int)
    taken = taken_in_turn([one.amount_fen for one in paid], refund.amount_fen)
    for one, fen in zip(paid, taken, strict=True):
        if fen:
            key = (one.of_bill, one.charged_event, one.insurance, one.fund, one.kind)
            remitted[key] += fen
            freed[one.event_id] += fen
    for event_id, fen in freed.items():
        await payment_store.take(tx, refund.unit_id, event_id, fen)
    await claim_store.insert_remissions(
        tx,
        refund.unit_id,
        bill_id=refund.bill_id,
        refund_id=refund.id,
        on=on,
        remitted=remitted,
    )
    cause = Cause(name=CAUSE, on=on, paper=refund.text)
    found = await reallocation_flow.reallocate(
        tx, refund.unit_id, cause, region=region, caller=caller
    )
    if any(found.left.get(event_id) != fen for event_id, fen in freed.items()):
        raise ChargeMoneyNeeded(refund=refund.text)
    await claim_store.claim_suspense(tx, refund.receipt, refund.amount_fen)
    suspense = await receipt_store.lock_suspense(tx, refund.receipt)
    assert suspense is not None
    return [
        RefundPart(
            fund=suspense.fund,
            account=Account.SUSPENSE_RECEIPTS,
            district=suspense.district,
            amount_fen=fen,
            unit_id=refund.unit_id,
            event_id=event_id,
        )
        for event_id, fen in freed.items()
    ]
