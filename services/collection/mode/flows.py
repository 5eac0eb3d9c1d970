"""Changes of a region's collection mode: one person proposes, another decides; then the cut-over.

On the day of a cut-over to the tax bureau, open bills change hands. A bill whose debit is under way
follows when the bank has answered. From that day on no debit batch can be made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.mode import domain as mode_rules
from services.collection.mode import store as mode_store
from services.collection.mode.domain import (
    Mode,
    ModeStatus,
    ModeUnknown,
    RegionMode,
    TaxCollects,
)
from shared import trail
from shared.clock import now, today
from shared.errors import StateConflict
from shared.ids import Ref, uuid7
from shared.roles import CENTRE, Caller

CHUNK: Final = 2000

valid_on = mode_store.valid_on
"""Returns a region's mode on a day."""
in_agency_mode = mode_store.in_agency_mode
"""Finds units that pay the agency by debit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeProposal:
    """A request to change a region's mode."""

    mode: Mode
    valid_from: date
    reason: str
    document: str


async def propose(
    tx: AsyncConnection, proposal: ModeProposal, *, region: str, caller: Caller
) -> RegionMode:
    """Propose a change of mode. Nothing changes until it is approved.

    Raises:
        ModeInPast, ModeUnchanged: it changes the past, or nothing.
    """
    rows = await mode_store.rows(tx, region)
    mode_rules.check_change(rows, proposal.mode, proposal.valid_from, today())
    row = RegionMode(
        region=region,
        id=uuid7(),
        mode=proposal.mode,
        valid_from=proposal.valid_from,
        status=ModeStatus.PROPOSED,
        reason=proposal.reason,
        document=proposal.document,
        proposed_by=caller.subject,
        proposed_at=now(),
    )
    await mode_store.insert(tx, row)
    await trail.record(tx, _step(row, "propose"), caller)
    return row


async def decide(tx: AsyncConnection, ref: Ref, to: ModeStatus, caller: Caller) -> RegionMode:
    """Approve or refuse a change, as another person than who proposed it.

    Raises:
        ModeUnknown, StateConflict, SamePersonTwice: the caller cannot decide it.
        ModeInPast, ModeUnchanged: meanwhile it changes the past, or nothing.
    """
    row = await mode_store.find(tx, ref.id)
    if row is None or row.ref != ref:
        raise ModeUnknown
    if to is ModeStatus.APPROVED:
        rows = await mode_store.rows(tx, row.region)
        mode_rules.check_change(rows, row.mode, row.valid_from, today())
    await trail.record(tx, _step(row, "approve" if to is ModeStatus.APPROVED else "refuse"), caller)
    if not await mode_store.decide(tx, row.id, to, caller.subject):
        raise StateConflict(status=row.status.value)
    decided = await mode_store.find(tx, row.id)
    assert decided is not None
    return decided


async def history(tx: AsyncConnection, region: str, caller: Caller) -> list[RegionMode]:
    """Read all changes of a region's mode, oldest first.

    Raises:
        Forbidden: the caller is of a district.
    """
    caller.require_district(CENTRE)
    return await mode_store.rows(tx, region)


async def require_agency(tx: AsyncConnection, region: str, day: date) -> None:
    """Check that the agency may debit on a day.

    Raises:
        TaxCollects: the tax bureau collects then.
    """
    if await mode_store.valid_on(tx, region, day) is Mode.TAX:
        raise TaxCollects(day=day)


async def cut_over(tx: AsyncConnection, region: str) -> int:
    """Let some open bills change hands where the tax bureau collects today; return how many."""
    if await mode_store.valid_on(tx, region, today()) is not Mode.TAX:
        return 0
    return await mode_store.bills_change_hands(tx, CHUNK)


def _step(row: RegionMode, step: str) -> trail.Step:
    return trail.Step(
        shard_key=row.ref.key,
        paper="collection_mode",
        paper_id=row.id,
        step=step,
        signs=True,
        why=row.reason,
        detail={"mode": row.mode.value, "valid_from": row.valid_from.isoformat()},
    )
