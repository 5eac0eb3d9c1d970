"""Doors of work items (对账差异): list, assign, settle, approve, refuse."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from services.collection.common.schemas.common import Day, TrailOut
from services.collection.reconciliation.domain.item import DifferenceKind, DifferenceStatus
from services.collection.reconciliation.flows import item as reconciliation_item_flow
from services.collection.reconciliation.schemas.item import (
    ItemAssignmentIn,
    ItemRefusalIn,
    ItemSettlingIn,
    ReconciliationItemOut,
)
from services.collection.reconciliation.store.item import ItemQuery
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath, page_by_id
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, ShortText
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Working = Annotated[Door, door(Right.RECONCILE)]
Approving = Annotated[Door, door(Right.APPROVE_RECONCILIATION)]
_PATH = "/v1/reconciliation-items/{item}"


def _ref(item: str) -> Ref:
    return Ref.parse(Reference.RECONCILIATION_ITEM, item)


@router.get(
    "/v1/reconciliation-items",
    operation_id="list_reconciliation_items",
    summary="对账差异列表 · List reconciliation items",
)
async def list_reconciliation_items(  # noqa: PLR0913 - filters
    at: Reading,
    account: Code | None = None,
    kind: DifferenceKind | None = None,
    status: DifferenceStatus | None = None,
    owner: Annotated[ShortText | None, Query()] = None,
    district: Code | None = None,
    first: Annotated[Day | None, Query(alias="from")] = None,
    last: Annotated[Day | None, Query(alias="to")] = None,
    unfinished: Annotated[
        bool, Query(description="只列未处理完的 (only items that are not settled or cleared)")
    ] = False,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ReconciliationItemOut]:
    """List items, each with its amount, owner, reason, age and remedy."""
    query = ItemQuery(
        account=account,
        kind=kind,
        status=status,
        owner=owner,
        district=at.caller.scope(district),
        first=first,
        last=last,
        unfinished=unfinished,
    )
    filters = {"of": "reconciliation_items", "query": repr(query)}
    read = partial(reconciliation_item_flow.page, query=query)
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    items = [ReconciliationItemOut.of(row) for row in rows]
    return Page[ReconciliationItemOut].of(items, following)


@router.get(
    _PATH, operation_id="get_reconciliation_item", summary="对账差异 · Get a reconciliation item"
)
async def get_reconciliation_item(item: RefPath, at: Reading) -> ReconciliationItemOut:
    """Get an item: what statement, list and books say, and its handling."""
    ref = _ref(item)
    return ReconciliationItemOut.of(
        await at.read(lambda tx: reconciliation_item_flow.find(tx, ref, at.caller))
    )


@router.get(
    f"{_PATH}/trail",
    operation_id="get_reconciliation_item_trail",
    summary="办理轨迹 · Get the trail of a reconciliation item",
)
async def get_reconciliation_item_trail(item: RefPath, at: Reading) -> TrailOut:
    """Get who did what with an item."""
    ref = _ref(item)
    return TrailOut.of(
        await at.read(lambda tx: reconciliation_item_flow.trail_of(tx, ref, at.caller))
    )


@router.post(
    f"{_PATH}/assignments",
    operation_id="assign_reconciliation_item",
    summary="分派对账差异 · Assign a reconciliation item",
    response_model=ReconciliationItemOut,
)
async def assign_reconciliation_item(
    item: RefPath, body: ItemAssignmentIn, at: Working
) -> Response:
    """Give an item to a person."""
    ref = _ref(item)
    return await at.write(
        lambda tx: reconciliation_item_flow.assign(tx, ref, body.owner, at.caller),
        shape=ReconciliationItemOut.of,
        key=ref.key,
    )


@router.post(
    f"{_PATH}/settlings",
    operation_id="settle_reconciliation_item",
    summary="处理对账差异 · Settle a reconciliation item",
    response_model=ReconciliationItemOut,
)
async def settle_reconciliation_item(item: RefPath, body: ItemSettlingIn, at: Working) -> Response:
    """Settle an item with a reason. Where money moves it is proposed, and another person approves."""
    ref = _ref(item)
    return await at.write(
        lambda tx: reconciliation_item_flow.settle(tx, ref, body.reason, body.note, at.caller),
        shape=ReconciliationItemOut.of,
        key=ref.key,
    )


@router.post(
    f"{_PATH}/approvals",
    operation_id="approve_reconciliation_item",
    summary="批准处理 · Approve the settling of a reconciliation item",
    response_model=ReconciliationItemOut,
)
async def approve_reconciliation_item(item: RefPath, at: Approving) -> Response:
    """Approve a proposed settling, as another person."""
    ref = _ref(item)
    return await at.write(
        lambda tx: reconciliation_item_flow.approve(tx, ref, at.caller),
        shape=ReconciliationItemOut.of,
        key=ref.key,
    )


@router.post(
    f"{_PATH}/refusals",
    operation_id="refuse_reconciliation_item",
    summary="不予同意 · Refuse the settling of a reconciliation item",
    response_model=ReconciliationItemOut,
)
async def refuse_reconciliation_item(item: RefPath, body: ItemRefusalIn, at: Approving) -> Response:
    """Refuse a proposed settling, as another person. The item is open again."""
    ref = _ref(item)
    return await at.write(
        lambda tx: reconciliation_item_flow.refuse(tx, ref, body.why, at.caller),
        shape=ReconciliationItemOut.of,
        key=ref.key,
    )
