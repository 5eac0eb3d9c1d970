"""Readiness: the parts of a service, each looked at for a moment, and which of them is ill."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from shared import outbox
from shared.db import Database
from shared.process.outage import SENTENCES, outage_of

OK: Final = "ok"
WARNING: Final = "warning: "
"""Begins a sentence that the operator should read, but the service still serves."""

Check = Callable[[], Awaitable[dict[str, str]]]
"""A check: part → "ok", what is wrong with it, or a warning. Its name is the part it looks at."""

SECONDS: Final = 2.0
"""Time for each check."""
DISK_FREE_BYTES: Final = 256 * 1024 * 1024
"""Free space that uploads and logs need."""
OUTBOX_OLD_SECONDS: Final = 300


async def look(checks: Sequence[Check]) -> dict[str, str]:
    """Look at all parts at once; a part that does not answer in time is ill."""
    found: dict[str, str] = {}
    for part in await asyncio.gather(*(_look(check) for check in checks)):
        found |= part
    return found


async def _look(check: Check) -> dict[str, str]:
    try:
        async with asyncio.timeout(SECONDS):
            return await check()
    except Exception as error:
        outage = outage_of(error)
        said = (
            f"{outage.value}: {SENTENCES[outage]}" if outage else f"failed: {type(error).__name__}"
        )
        return {getattr(check, "__name__", "check"): said}


def disk_check(directory: Path) -> Check:
    """Check that a directory has room for uploads."""

    async def disk() -> dict[str, str]:
        place = next(path for path in (directory, *directory.parents) if path.exists())
        free = (await asyncio.to_thread(shutil.disk_usage, place)).free
        if free >= DISK_FREE_BYTES:
            return {"disk": OK}
        return {
            "disk": f"{free // 1024**2} MB free at {place}, {DISK_FREE_BYTES // 1024**2} needed"
        }

    return disk


async def look_at_outbox(db: Database) -> dict[str, str]:
    """Look at the messages to the ledger: none refused, none waiting for long."""
    async with db.transaction() as tx:
        refused = await outbox.count_refused(tx)
        oldest = await outbox.waiting(tx, limit=1)
    if refused:
        return {"outbox": f"{WARNING}{refused} messages refused: run `wuxian refused`"}
    seconds = outbox.age_seconds(oldest[0].id) if oldest else 0
    if seconds > OUTBOX_OLD_SECONDS:
        return {
            "outbox": f"{WARNING}the oldest message waits {seconds:.0f} s: see the ledger's /readyz"
        }
    return {"outbox": OK}
