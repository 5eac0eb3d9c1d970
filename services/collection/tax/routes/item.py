"""Doors of the comparison with the tax bureau, of work items, held money and refunds."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import Response

from services.collection.operation.schemas import OperationOut
from services.collection.tax.domain.intake import HeldReason
from services.collection.tax.domain.item import ItemKind, ItemStatus
from services.collection.tax.flows import hold as hold_flow
from services.collection.tax.flows import item as item_flow
from services.collection.tax.schemas.item import (
    TaxComparisonIn,
    TaxHoldOut,
    TaxItemOut,
    TaxItemSettlementIn,
    TaxRefundOut,
)
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.ids import Ref, key_of
from shared.page import Cursor, Limit, Page, RefPath, page_by_id
from shared.period import PERIOD_PATTERN
from shared.references import Reference
from shared.roles import CENTRE, Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.post(
    "/v1/tax-comparisons",
    operation_id="compare_with_tax",
    summary="与税务比对 · Compare a period with the tax bureau",
    status_code=202,
    response_model=OperationOut,
)
async def compare_with_tax(
    body: TaxComparisonIn, at: Annotated[Door, door(Right.MATCH_RECEIPT)]
) -> Response:
    """Compare, by unit and insurance, what was assessed here for a period with what the tax bureau
    collected. Each difference is a work item; one that is gone closes by itself."""
    period = str(body.period)
    return await at.write(
        lambda tx: item_flow.ask(tx, period, at.caller),
        shape=OperationOut.of,
        key=key_of("operation", f"{item_flow.KIND}:{period}"),
        status=202,
    )


@router.get(
    "/v1/tax-items",
    operation_id="list_tax_items",
    summary="税务征收待办 · List work items of tax mode",
)
async def list_tax_items(
    at: Reading,
    status: ItemStatus | None = None,
    kind: ItemKind | None = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    district: Code | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[TaxItemOut]:
    """List work items, oldest first: kind, amounts, owner, age, and how they were settled."""
    owner = at.caller.scope(district)
    filters = {"of": "tax_items", "status": status, "kind": kind, "period": period, "owner": owner}
    read = partial(
        item_flow.page,
        status=status and status.value,
        kind=kind and kind.value,
        period=period,
        owner=owner,
    )
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[TaxItemOut].of([TaxItemOut.of(row) for row in rows], following)


@router.post(
    "/v1/tax-items/{item}/settlements",
    operation_id="settle_tax_item",
    summary="提出处理意见 · Propose how to settle a work item",
    status_code=201,
    response_model=TaxItemOut,
)
async def settle_tax_item(
    item: RefPath,
    body: TaxItemSettlementIn,
    at: Annotated[Door, door(Right.FILE_RECEIPT_CHANGE)],
) -> Response:
    """Propose a remedy with its reason. The item closes when another person approves."""
    ref = Ref.parse(Reference.TAX_ITEM, item)
    return await at.write(
        lambda tx: item_flow.propose(tx, ref, body.settlement(), at.caller),
        shape=TaxItemOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/tax-items/{item}/approvals",
    operation_id="approve_tax_item",
    summary="批准处理意见 · Approve how a work item is settled",
    status_code=201,
    response_model=TaxItemOut,
)
async def approve_tax_item(
    item: RefPath, at: Annotated[Door, door(Right.APPROVE_RECEIPT_CHANGE)]
) -> Response:
    """Close an item, as another person than who proposed its remedy."""
    ref = Ref.parse(Reference.TAX_ITEM, item)
    return await at.write(
        lambda tx: item_flow.approve(tx, ref, at.caller),
        shape=TaxItemOut.of,
        key=ref.key,
        status=201,
    )


@router.get(
    "/v1/tax-holds",
    operation_id="list_tax_holds",
    summary="税款暂收明细 · List money of tickets in suspense",
)
async def list_tax_holds(
    at: Reading,
    reason: HeldReason | None = None,
    district: Code | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[TaxHoldOut]:
    """List money of tickets that is still in suspense: why, since when, and whose it is to look at."""
    owner = at.caller.scope(district)
    filters = {"of": "tax_holds", "reason": reason, "owner": owner}
    read = partial(hold_flow.page, reason=reason and reason.value, owner=owner)
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[TaxHoldOut].of([TaxHoldOut.of(row) for row in rows], following)


@router.get(
    "/v1/tax-refunds",
    operation_id="list_tax_refunds",
    summary="税务退库 · List refunds by the tax bureau",
)
async def list_tax_refunds(
    at: Reading,
    status: Literal["booked", "ticket_unknown", "refund_exceeds"] | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[TaxRefundOut]:
    """List what the tax bureau gave back, by the refund's ticket."""
    at.caller.require_district(CENTRE)
    filters = {"of": "tax_refunds", "status": status}
    after = tuple(read_cursor(cursor, filters, (str, str, int))) if cursor else None
    read = partial(hold_flow.refunds, status=status, after=after, limit=limit + 1)
    rows = await at.read(read)
    kept, following = cut(
        rows, limit, lambda row: [row.authority, row.refund_ticket, row.refund_line], filters
    )
    return Page[TaxRefundOut].of([TaxRefundOut.of(row) for row in kept], following)
