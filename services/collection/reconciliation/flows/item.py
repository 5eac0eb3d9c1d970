"""Handle work items: assign, settle with a reason, approve or refuse."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.domain import item as reconciliation_item_rules
from services.collection.reconciliation.domain.item import (
    DifferenceStatus,
    DifferenceUnknown,
    ReconciliationItem,
    SettlingReason,
)
from services.collection.reconciliation.store import item as reconciliation_item_store
from services.collection.reconciliation.store.item import ItemQuery
from shared import trail
from shared.clock import today
from shared.ids import Ref
from shared.money import format_yuan
from shared.roles import CENTRE, Caller

PAPER = "reconciliation_item"


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> ReconciliationItem:
    """Read an item that the caller may see.

    Raises:
        DifferenceUnknown: there is none. Forbidden: it is of another district than the caller.
    """
    item = await reconciliation_item_store.find(tx, ref)
    if item is None:
        raise DifferenceUnknown
    caller.require_district(item.district)
    return item


async def page(
    tx: AsyncConnection, *, query: ItemQuery, after: UUID | None, limit: int
) -> list[ReconciliationItem]:
    """Read items by their id."""
    return await reconciliation_item_store.page(tx, query, after=after, limit=limit)


async def trail_of(tx: AsyncConnection, ref: Ref, caller: Caller) -> list[dict[str, Any]]:
    """Read the steps on an item.

    Raises:
        DifferenceUnknown, Forbidden: as `find`.
    """
    item = await find(tx, ref, caller)
    return await trail.of_paper(tx, item.account_key, item.id)


async def assign(tx: AsyncConnection, ref: Ref, owner: str, caller: Caller) -> ReconciliationItem:
    """Give an item to a person.

    Raises:
        DifferenceUnknown, DifferenceNotOpen, Forbidden: it cannot be assigned.
    """
    item = await _lock(tx, ref, caller, DifferenceStatus.OPEN, DifferenceStatus.IN_TRANSIT)
    return await _step(tx, item, "assign", caller, {"owner": owner}, signs=False, why=owner)


async def settle(
    tx: AsyncConnection, ref: Ref, reason: SettlingReason, note: str, caller: Caller
) -> ReconciliationItem:
    """Settle an item with a reason; where money moves, propose it to a second person.

    Raises:
        DifferenceUnknown, DifferenceNotOpen, Forbidden: it cannot be settled.
        ReasonDoesNotFit: the reason is not for this kind.
        SamePersonTwice: the caller has signed it in this round.
    """
    item = await _lock(tx, ref, caller, DifferenceStatus.OPEN, DifferenceStatus.IN_TRANSIT)
    reconciliation_item_rules.require_fitting(item, reason)
    changes: dict[str, Any] = {"reason": reason.value, "note": note, "proposed_by": caller.subject}
    if reason.moves_money:
        changes["status"] = DifferenceStatus.PROPOSED.value
        return await _step(tx, item, "propose", caller, changes, signs=True, why=note)
    changes |= {
        "status": DifferenceStatus.SETTLED.value,
        "settled_by": caller.subject,
        "settled_on": today(),
    }
    return await _step(tx, item, "settle", caller, changes, signs=True, why=note)


async def approve(tx: AsyncConnection, ref: Ref, caller: Caller) -> ReconciliationItem:
    """Approve a proposed settling, as another person.

    Raises:
        DifferenceUnknown, DifferenceNotOpen, SamePersonTwice, Forbidden: the caller cannot approve it.
    """
    item = await _lock(tx, ref, caller, DifferenceStatus.PROPOSED)
    changes = {
        "status": DifferenceStatus.SETTLED.value,
        "settled_by": caller.subject,
        "settled_on": today(),
    }
    return await _step(tx, item, "approve", caller, changes, signs=True)


async def refuse(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> ReconciliationItem:
    """Refuse a proposed settling, as another person; the item is open again.

    Raises:
        DifferenceUnknown, DifferenceNotOpen, SamePersonTwice, Forbidden: as `approve`.
    """
    item = await _lock(tx, ref, caller, DifferenceStatus.PROPOSED)
    changes = {
        "status": DifferenceStatus.OPEN.value,
        "reason": None,
        "note": None,
        "proposed_by": None,
        "round": item.round + 1,
    }
    return await _step(tx, item, "refuse", caller, changes, signs=True, why=why)


async def _lock(
    tx: AsyncConnection, ref: Ref, caller: Caller, *allowed: DifferenceStatus
) -> ReconciliationItem:
    caller.require_district(CENTRE)
    item = await reconciliation_item_store.find(tx, ref, lock=True)
    if item is None:
        raise DifferenceUnknown
    reconciliation_item_rules.require_status(item, *allowed)
    return item


async def _step(
    tx: AsyncConnection,
    item: ReconciliationItem,
    step: str,
    caller: Caller,
    changes: dict[str, Any],
    *,
    signs: bool,
    why: str | None = None,
) -> ReconciliationItem:
    detail = {
        "kind": item.kind.value,
        "subject": item.subject,
        "amount": format_yuan(item.amount_fen),
        "reason": changes.get("reason") or item.reason,
    }
    record = partial(
        trail.Step, shard_key=item.account_key, paper=PAPER, paper_id=item.id, round=item.round
    )
    await trail.record(tx, record(step=step, signs=signs, why=why, detail=detail), caller)
    await reconciliation_item_store.update(tx, item.ref, changes)
    after = await reconciliation_item_store.find(tx, item.ref)
    assert after is not None
    return after
