"""Lists of the treasury: take their entries once, and say what is in transit."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import DayInFuture
from services.collection.tax.domain import treasury as treasury_rules
from services.collection.tax.domain.intake import LineResult, Outcome
from services.collection.tax.domain.treasury import TreasuryList
from services.collection.tax.store import line as line_store
from services.collection.tax.store import treasury as treasury_store
from shared import trail
from shared.clock import today
from shared.ids import key_of
from shared.money import format_yuan
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class TreasuryListSummary:
    """Counts of a list; every entry is taken, replayed or rejected."""

    received: int
    taken: int
    replayed: int
    rejected: list[LineResult]


def list_key(treasury: str, list_no: str) -> int:
    """Compute the shard key of a list."""
    return key_of("treasury_list", f"{treasury}:{list_no}")


async def take(tx: AsyncConnection, given: TreasuryList, caller: Caller) -> TreasuryListSummary:
    """Take a list of entries in, each once.

    Raises:
        ControlTotalsDiffer, DayInFuture: nothing is written.
    """
    if given.day > today():
        raise DayInFuture(day=given.day)
    treasury_rules.check(given)
    await line_store.lock_authority(tx, f"treasury:{given.treasury}")
    known = await treasury_store.known(tx, given.treasury, given.entries)
    new, results = treasury_rules.sort_entries(given.entries, known)
    await treasury_store.insert(tx, given, new)
    summary = TreasuryListSummary(
        received=len(given.entries),
        taken=len(new),
        replayed=sum(one.outcome is Outcome.REPLAYED for one in results),
        rejected=[one for one in results if one.outcome is Outcome.REJECTED],
    )
    step = trail.Step(
        shard_key=list_key(given.treasury, given.list_no),
        paper="treasury_list",
        paper_id=uuid5(NAMESPACE_OID, f"{given.treasury}:{given.list_no}"),
        step="taken",
        signs=False,
        detail={
            "list_no": given.list_no,
            "taken": summary.taken,
            "replayed": summary.replayed,
            "rejected": len(summary.rejected),
            "total": format_yuan(given.total_fen),
        },
    )
    await trail.record(tx, step, caller)
    return summary


page = treasury_store.page
"""Reads tickets in transit."""
totals = treasury_store.totals
"""Adds up all tickets as of a day."""
