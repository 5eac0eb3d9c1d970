"""The door of the chains' heads."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from services.ledger.schemas.balance import ChainOut, HeadOut
from services.ledger.store import head as head_store
from shared.door import Door, door
from shared.roles import Right

router = APIRouter(tags=["chain"])

Reading = Annotated[Door, door(Right.READ_LEDGER)]


@router.get("/v1/chain", operation_id="chain_heads", summary="哈希链末端 · Head of every chain")
async def chain_heads(door: Reading) -> ChainOut:
    """Slot, last sequence number and hash: an anchor to keep outside the database."""
    heads = await door.read(head_store.all_heads)
    return ChainOut(items=[HeadOut(slot=slot, seq=seq, hash=h.hex()) for slot, seq, h in heads])
