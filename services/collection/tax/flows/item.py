"""Work items of tax mode: compare a period with the tax bureau, settle what differs by two people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.operation import flows as operation_flow
from services.collection.operation.flows import new_operation
from services.collection.operation.store import OperationRow
from services.collection.tax.domain.item import (
    ItemNotOpen,
    ItemStatus,
    ItemUnknown,
    Remedy,
    TaxItem,
)
from services.collection.tax.store import item as item_store
from shared import trail
from shared.clock import today
from shared.ids import Ref
from shared.money import format_yuan
from shared.roles import CENTRE, Caller

KIND: Final = "tax_comparison"


@dataclass(frozen=True, slots=True)
class ItemSettlement:
    """How a person wants to settle an item."""

    remedy: Remedy
    reason: str


async def ask(tx: AsyncConnection, period: str, caller: Caller) -> OperationRow:
    """Request a comparison of a period. Asking again after it ended compares anew."""
    row = new_operation(KIND, period, {"period": period}, caller=caller, district=CENTRE)
    return await operation_flow.ask(tx, row, caller)


async def compare(tx: AsyncConnection, period: str) -> dict[str, Any]:
    """Compare what was assessed with what the tax bureau collected, over all units of a period."""
    found = await item_store.compare(tx, period, today())
    return {
        "period": period,
        "compared": found.compared,
        "differing": found.differing,
        "opened": found.opened,
        "closed": found.closed,
    }


async def propose(
    tx: AsyncConnection, ref: Ref, settlement: ItemSettlement, caller: Caller
) -> TaxItem:
    """Propose how to settle an item.

    Raises:
        ItemUnknown: there is none. ItemNotOpen: it waits for its approval, or is closed.
        Forbidden: it is of another district.
    """
    item = await _locked(tx, ref, caller)
    if item.status is not ItemStatus.OPEN:
        raise ItemNotOpen(status=item.status.value)
    await trail.record(tx, _step(item, "propose", settlement.reason), caller)
    await item_store.propose(
        tx, ref, remedy=settlement.remedy, reason=settlement.reason, by=caller.subject
    )
    return await _locked(tx, ref, caller)


async def approve(tx: AsyncConnection, ref: Ref, caller: Caller) -> TaxItem:
    """Close an item, as another person than who proposed how to settle it.

    Raises:
        ItemUnknown, ItemNotOpen, SamePersonTwice: the caller cannot close it.
    """
    item = await _locked(tx, ref, caller)
    if item.status is not ItemStatus.PROPOSED:
        raise ItemNotOpen(status=item.status.value)
    await trail.record(tx, _step(item, "approve", item.reason), caller)
    await item_store.close(tx, ref, by=caller.subject)
    return await _locked(tx, ref, caller)


async def _locked(tx: AsyncConnection, ref: Ref, caller: Caller) -> TaxItem:
    item = await item_store.find(tx, ref, lock=True)
    if item is None:
        raise ItemUnknown
    caller.require_district(item.owner)
    return item


page = item_store.page
"""Reads items over all units."""


def _step(item: TaxItem, step: str, why: str | None) -> trail.Step:
    return trail.Step(
        shard_key=item.unit_id,
        paper="tax_item",
        paper_id=item.id,
        step=step,
        signs=True,
        why=why,
        detail={
            "kind": item.kind.value,
            "period": item.period,
            "insurance": item.insurance,
            "ours": format_yuan(item.ours_fen),
            "theirs": format_yuan(item.theirs_fen),
        },
    )
