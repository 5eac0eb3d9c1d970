"""Doors of money in suspense (暂收款): ageing, owners, and proposals of whose it is (认领建议)."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.flows import suspense as suspense_flow
from services.collection.reconciliation.flows.suspense import BUCKETS
from services.collection.reconciliation.schemas.suspense import (
    MatchProposalOut,
    MatchProposalsOut,
    SuspendedReceiptOut,
    SuspenseAgeingOut,
    SuspenseOwnerIn,
    SuspenseOwnerOut,
)
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
Matching = Annotated[Door, door(Right.MATCH_RECEIPT)]
AsOf = Annotated[
    date | None, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-31"])
]


@router.get(
    "/v1/suspense-ageing",
    operation_id="get_suspense_ageing",
    summary="暂收款账龄 · Get money in suspense by age",
)
async def get_suspense_ageing(
    at: Reading, as_of: AsOf = None, district: Code | None = None
) -> SuspenseAgeingOut:
    """Add up what is in suspense now, by district and days since it was booked."""
    day, scope = suspense_flow.day_or_today(as_of), at.caller.scope(district)
    found = await at.read(lambda tx: suspense_flow.ageing(tx, day, scope))
    return SuspenseAgeingOut.of(day, found)


@router.get(
    "/v1/suspense-ageing/receipts",
    operation_id="list_suspended_receipts",
    summary="暂收款账龄明细 · List the receipts in suspense",
)
async def list_suspended_receipts(
    at: Reading,
    as_of: AsOf = None,
    bucket: Annotated[
        int | None,
        Query(ge=0, lt=len(BUCKETS), description="账龄段,自 0 起 (number of the bucket, from 0)"),
    ] = None,
    owner: ShortText | None = None,
    district: Code | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[SuspendedReceiptOut]:
    """List receipts in suspense with their age and owner."""
    day, scope = suspense_flow.day_or_today(as_of), at.caller.scope(district)
    filters = {"of": "suspense", "as_of": day, "bucket": bucket, "owner": owner, "in": scope}
    read = partial(
        suspense_flow.page,
        as_of=day,
        bucket=None if bucket is None else BUCKETS[bucket],
        owner=owner,
        district=scope,
    )
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    items = [SuspendedReceiptOut.of(row, day) for row in rows]
    return Page[SuspendedReceiptOut].of(items, following)


@router.post(
    "/v1/receipts/{receipt}/owners",
    operation_id="assign_suspended_receipt",
    summary="分派暂收款 · Assign a receipt in suspense",
    response_model=SuspenseOwnerOut,
)
async def assign_suspended_receipt(
    receipt: RefPath, body: SuspenseOwnerIn, at: Matching
) -> Response:
    """Give a receipt in suspense to a person, who finds out whose money it is."""
    ref = Ref.parse(Reference.RECEIPT, receipt)

    async def work(tx: AsyncConnection) -> SuspenseOwnerOut:
        found = await suspense_flow.assign(tx, ref, body.owner, at.caller)
        return SuspenseOwnerOut(receipt=receipt, amount=found.suspended_fen, owner=body.owner)

    return await at.write(work, key=ref.key)


@router.get(
    "/v1/receipts/{receipt}/match-proposals",
    operation_id="list_match_proposals",
    summary="认领建议 · Propose whose money a receipt is",
)
async def list_match_proposals(receipt: RefPath, at: Reading) -> MatchProposalsOut:
    """Propose open bills by the bill or credit code that the payer wrote, by the account that paid,
    and by unit and amount. Nothing is matched until a person confirms one.
    """
    ref = Ref.parse(Reference.RECEIPT, receipt)
    found = await at.read(
        lambda tx: suspense_flow.proposals(tx, ref, region=at.region, caller=at.caller)
    )
    return MatchProposalsOut(items=[MatchProposalOut.of(one) for one in found])
