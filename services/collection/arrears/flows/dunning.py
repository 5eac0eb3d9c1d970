"""Dunning (催缴): one notice per unit and day, however often a run is requested."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.domain.dunning import notices
from services.collection.arrears.flows import arrears as arrears_flow
from services.collection.arrears.store import arrears as arrears_store
from services.collection.arrears.store import dunning as dunning_store
from services.collection.arrears.store.dunning import DunningNoticeLineRow, DunningNoticeRow
from services.collection.common.domain.errors import DayInFuture
from services.collection.common.store import shipped as common_shipped_store
from shared import trail
from shared.clock import today
from shared.errors import Fault, Faulty, NotFound
from shared.ids import Ref, district_key, uuid7
from shared.roles import Caller

PAPER: Final = "dunning_run"


class DunningNoticeUnknown(NotFound):
    """无此催缴通知书 (no such dunning notice)"""

    code = "DUNNING_NOTICE_UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningResult:
    """Counts of a run: new notices, units that had one already, and the sum of the new ones."""

    created: int
    replayed: int
    notices: int
    open_fen: int


async def run(
    tx: AsyncConnection, district: str, day: date, *, region: str, caller: Caller
) -> DunningResult:
    """Write the notices of a district and day; a bulk job over the district's units.

    Raises:
        Forbidden: the district is not the caller's.
        DayInFuture: the day is after today.
        Faulty: the region has no such district.
    """
    caller.require_district(district)
    if day > today():
        raise DayInFuture(day=day)
    if district not in common_shipped_store.districts_of(region):
        raise Faulty(faults=[Fault("/district", "DISTRICT_UNKNOWN", f"无此分中心: {district}")])
    key = district_key(district)
    before = await dunning_store.lock_run(tx, key, district, day)
    lines = await arrears_store.of_district(tx, district, day)
    receivables = await arrears_flow.assess(tx, lines, region=region, as_of=day)
    known = await dunning_store.noticed(tx, list(receivables), day)
    unnoticed = {unit_id: found for unit_id, found in receivables.items() if unit_id not in known}
    new = notices(unnoticed, district=district, day=day, first=before + 1)
    result = DunningResult(
        created=len(new),
        replayed=len(known),
        notices=before + len(new),
        open_fen=sum(notice.sums.open_fen for notice in new),
    )
    if new:
        await dunning_store.insert(tx, new, caller.subject)
        await dunning_store.count_run(tx, key, day, result.notices)
        step = trail.Step(
            shard_key=key,
            paper=PAPER,
            paper_id=uuid7(),
            step="send",
            signs=False,
            detail={
                "district": district,
                "day": day.isoformat(),
                "notices": len(new),
                "first": new[0].number,
                "last": new[-1].number,
            },
        )
        await trail.record(tx, step, caller)
    return result


page = dunning_store.page
"""Reads notices to a unit, in a district or to all."""


async def find(
    tx: AsyncConnection, ref: Ref, caller: Caller
) -> tuple[DunningNoticeRow, list[DunningNoticeLineRow]]:
    """Read a notice that the caller may see, with its lines.

    Raises:
        DunningNoticeUnknown: there is none. Forbidden: it is of another district than the
            caller.
    """
    row = await dunning_store.find(tx, ref.key, ref.id)
    if row is None:
        raise DunningNoticeUnknown
    caller.require_district(row.district)
    return row, await dunning_store.lines(tx, row.unit_id, row.id)
