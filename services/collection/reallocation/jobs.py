"""Look again at accounts that may have changed by something else than new money."""

from __future__ import annotations

from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.billing.store import due as due_store
from services.collection.billing.store.due import DueUnit
from services.collection.reallocation import flows as reallocation_flow
from services.collection.reallocation.flows import Cause
from shared.db import Database
from shared.process.log import logger
from shared.roles import Caller, Role

CHUNK: Final = 200
SERVICE: Final = Caller(subject="collection_service", role=Role.COLLECTION_SERVICE)


async def run_due(db: Database, region: str) -> int:
    """Reallocate the accounts that are due, each in its own transaction; how many were looked at.

    One that fails is tried again next time and holds up no other.
    """
    async with db.transaction() as tx:
        units = await due_store.due(tx, CHUNK)
    looked_at = 0
    for unit in units:
        try:
            await db.run(partial(_reallocate, unit=unit, region=region))
        except Exception as error:
            logger().error("reallocation failed, will retry", unit=unit.unit_id, exc_info=error)
        else:
            looked_at += 1
    return looked_at


async def _reallocate(tx: AsyncConnection, unit: DueUnit, region: str) -> None:
    cause = Cause(name=unit.cause, on=unit.on_day)
    await reallocation_flow.reallocate(tx, unit.unit_id, cause, region=region, caller=SERVICE)
