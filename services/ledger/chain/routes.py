"""Doors of the chains: their heads and their anchors."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query

from services.ledger.chain.flows import anchor as anchor_flow
from services.ledger.chain.schemas import AnchorsOut
from services.ledger.reports.schemas.balance import ChainOut, HeadOut
from shared.door import Door, door
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()

Reading = Annotated[Door, door(Right.READ_LEDGER)]
Heads = Annotated[Door, door(Right.READ_LEDGER, Right.READ_BALANCES)]


@router.get("/v1/chain", operation_id="chain_heads", summary="哈希链末端 · Head of every chain")
async def chain_heads(at: Heads) -> ChainOut:
    """List slot, last sequence number and hash: an anchor to keep outside the database."""
    heads = await at.read(anchor_flow.heads)
    return ChainOut(items=[HeadOut(slot=slot, seq=seq, hash=h.hex()) for slot, seq, h in heads])


@router.get(
    "/v1/chain/anchors",
    operation_id="chain_anchors",
    summary="日终锚点 · Every chain's head at the end of a day",
)
async def chain_anchors(
    at: Reading,
    day: Annotated[
        date | None,
        Query(
            ge=date(1990, 1, 1),
            le=date(2100, 12, 31),
            examples=["2021-07-15"],
            description="登记日,缺省为昨日 (day of recording; yesterday when absent)",
        ),
    ] = None,
) -> AnchorsOut:
    """List each slot's place at the end of a day: print it, and keep it outside the database."""
    chosen = day or anchor_flow.last_ended()
    found = await at.read(lambda tx: anchor_flow.of_day(tx, chosen))
    return AnchorsOut.of(chosen, found)
