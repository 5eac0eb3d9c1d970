"""Doors of the parts of receipts (到账去向): the proof for a day, and the receipts behind it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import partial
from typing import Annotated

from fastapi import Query

from services.collection.oversight.flows import receipt_part as receipt_part_flow
from services.collection.oversight.schemas.receipt_part import (
    ReceiptPartProofOut,
    ReceiptPartsOut,
)
from shared import clock
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.page import Cursor, Limit, Page, page_by_id
from shared.roles import CENTRE, Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
AsOf = Annotated[
    date | None, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-31"])
]


class ReceiptPart(StrEnum):
    """The part that a fen of a receipt is in."""

    ALLOCATED = "allocated"
    MOVED = "moved"
    SUSPENSE = "suspense"
    REFUNDED = "refunded"
    TRANSFERRED = "transferred"
    REVERSED = "reversed"


@router.get(
    "/v1/receipt-parts",
    operation_id="prove_receipt_parts",
    summary="到账去向 · Prove that every fen of every receipt is in one part",
)
async def prove_receipt_parts(at: Reading, as_of: AsOf = None) -> ReceiptPartProofOut:
    """Add up the parts of all receipts at the end of a day; they tie to suspense and to the books."""
    at.caller.require_district(CENTRE)
    day = as_of or clock.today()
    return ReceiptPartProofOut.of(await at.read(lambda tx: receipt_part_flow.prove(tx, day)))


@router.get(
    "/v1/receipt-parts/receipts",
    operation_id="list_receipt_parts",
    summary="到账去向明细 · List receipts with their parts",
)
async def list_receipt_parts(
    at: Reading,
    as_of: AsOf = None,
    part: ReceiptPart | None = None,
    wrong: Annotated[
        bool, Query(description="只列有负数部分者 (only with a part below zero)")
    ] = False,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ReceiptPartsOut]:
    """List receipts with their parts at the end of a day."""
    at.caller.require_district(CENTRE)
    day = as_of or clock.today()
    filters = {"of": "receipt_parts", "as_of": day, "part": part, "wrong": wrong}
    read = partial(receipt_part_flow.page, as_of=day, part=part and part.value, wrong=wrong)
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[ReceiptPartsOut].of([ReceiptPartsOut.of(row) for row in rows], following)
