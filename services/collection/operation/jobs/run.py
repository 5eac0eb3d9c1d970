"""The runner of operations: hold one, do its work, finish it.

An operation's whole effect and its end are one transaction, so nothing is half done, and a killed
operation begins again from its start. The holder sends a heartbeat every few seconds; without it,
it loses the operation, and with it the right to finish it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.fault_report import fault_report
from services.collection.operation import store as operation_store
from services.collection.operation.flows import OperationFailed, OperationLost
from services.collection.operation.jobs.tools import Progress, Tools
from services.collection.operation.store import OperationRow
from shared.errors import Refusal
from shared.process.lanes import work_off
from shared.process.log import logger

BEAT_SECONDS: Final = 3
FAULTS_SHOWN: Final = 20
LANES: Final = 2
"""Operations that run at once: one computes while another writes to the database."""
TRIES_MAX: Final = 5
"""An operation that was tried this often is given up."""

Work = Callable[[AsyncConnection], Awaitable[dict[str, Any]]]
Prepare = Callable[[Tools, OperationRow, Progress], Awaitable[Work]]
"""Does what needs no transaction and returns the work that does."""

Kinds = Mapping[str, Prepare]
"""The function that prepares each kind of operation. The worker passes them in."""


async def run_waiting(tools: Tools, kinds: Kinds) -> int:
    """Run the waiting operations, a few at once; return how many ended."""

    async def waiting() -> list[OperationRow]:
        async with tools.db.transaction() as tx:
            return await operation_store.to_do(tx)

    return await work_off(waiting, partial(_run, tools, kinds), LANES)


async def _run(tools: Tools, kinds: Kinds, row: OperationRow) -> int:
    holder = f"{os.getpid()}-{secrets.token_hex(4)}"
    try:
        async with tools.db.transaction() as tx:
            if not await operation_store.take(tx, row, holder):
                return 0
    except Exception as error:  # raised here, it would stop the operation in the other lane
        logger().warning("operation not begun, will retry", operation=str(row.id), exc_info=error)
        return 0
    progress = Progress()
    work = asyncio.create_task(_end(tools, kinds[row.kind], row, holder, progress))
    beat = asyncio.create_task(_beat(tools, row, holder, progress, work))
    try:
        await work
    except OperationLost:
        logger().warning("operation lost to another worker", operation=str(row.id))
        return 0
    except asyncio.CancelledError:
        work.cancel()
        if not _stopping():  # only this operation's work was stopped, by its beat
            return 0
        raise
    except Exception as error:
        logger().error("operation failed, will retry", operation=str(row.id), exc_info=error)
        return 0
    finally:
        beat.cancel()
        with suppress(asyncio.CancelledError):
            await beat
    return 1


def _stopping() -> bool:
    """Tell whether the worker itself is being stopped."""
    own = asyncio.current_task()
    return own is not None and own.cancelling() > 0


async def _beat(
    tools: Tools, row: OperationRow, holder: str, progress: Progress, work: asyncio.Task[None]
) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        try:
            async with tools.db.transaction() as tx:
                held = await operation_store.still_held(tx, row, holder, progress.done)
        except Exception as error:
            logger().warning("operation cannot say how far it is", error=str(error)[:300])
            continue
        if not held:
            work.cancel()
            return


async def _end(
    tools: Tools, prepare: Prepare, row: OperationRow, holder: str, progress: Progress
) -> None:
    try:
        if row.tries >= TRIES_MAX:
            raise OperationFailed(
                "OPERATION_KEEPS_FAILING", "多次处理失败,已停止 (given up after several tries)"
            )
        work = await prepare(tools, row, progress)

        async def once(tx: AsyncConnection) -> None:
            result = await work(tx)
            if not await operation_store.finish(tx, row, holder, result=result):
                raise OperationLost

        await tools.db.run(once)
    except OperationFailed as failed:
        await _fail(tools, row, holder, failed)
    except Refusal as refusal:
        await _fail(tools, row, holder, OperationFailed(refusal.code, refusal.message))


async def _fail(tools: Tools, row: OperationRow, holder: str, failed: OperationFailed) -> None:
    error = {
        "code": failed.code,
        "message": failed.message,
        "faults": len(failed.faults),
        "first": [
            {
                "row": fault.row,
                "column": fault.column,
                "code": fault.code,
                "message": fault.message,
            }
            for fault in failed.faults[:FAULTS_SHOWN]
        ],
    }

    async def once(tx: AsyncConnection) -> None:
        if failed.faults:
            content = fault_report(failed.faults)
            await operation_store.insert_report(tx, row, len(failed.faults), content)
        await operation_store.forget_parts(tx, row)
        if not await operation_store.finish(tx, row, holder, error=error):
            raise OperationLost

    await tools.db.run(once)
