"""Cut-offs of periods: set by the centre, or computed from the shipped rule."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.calendar import SEARCH_DAYS, due_day
from services.collection.common.store import calendar as calendar_store
from services.collection.common.store import shipped as common_shipped_store
from services.collection.handling.domain.cut_off import CutOff, rule_of
from services.collection.handling.store import cut_off as cut_off_store
from services.collection.handling.store import shipped as handling_shipped_store
from shared import trail
from shared.errors import NotFound
from shared.ids import key_of, uuid7
from shared.period import Period
from shared.roles import Caller

PAPER = "cut_off"


async def of_district(tx: AsyncConnection, district: str, period: Period) -> CutOff | None:
    """Return the cut-off of a period in a district's region; None if there is no rule."""
    region = common_shipped_store.region_of(district)
    if region is None:
        return None
    return (await of_periods(tx, region, period, period)).get(str(period))


async def of_periods(
    tx: AsyncConnection, region: str, first: Period, last: Period
) -> dict[str, CutOff]:
    """Return the cut-offs of a range of periods (one year at most), by period."""
    found = await cut_off_store.between(tx, region, str(first), str(last))
    days = await calendar_store.workdays(
        tx, first.plus(1).first_day, last.plus(1).last_day + timedelta(SEARCH_DAYS)
    )
    rules = await handling_shipped_store.cut_off_rules(tx)
    period = first
    while period <= last:
        rule = rule_of(rules, region, period)
        if str(period) not in found and rule is not None:
            due = due_day(period, rule.cut_off_day, days)
            found[str(period)] = CutOff(
                period=str(period),
                cut_off_on=due.day,
                source=rule.source,
                certain=rule.certain,
                estimated=due.estimated,
            )
        period = period.plus(1)
    return found


async def put(
    tx: AsyncConnection, region: str, period: Period, day: date, source: str, caller: Caller
) -> CutOff:
    """Set a period's cut-off. It applies to summaries sent from now on.

    Raises:
        NotFound: the region does not exist.
    """
    if not common_shipped_store.districts_of(region):
        raise NotFound(region=region)
    await cut_off_store.put(
        tx, region, str(period), day, {"source": source, "set_by": caller.subject}
    )
    step = trail.Step(
        shard_key=key_of("region", region),
        paper=PAPER,
        paper_id=uuid7(),
        step="set",
        signs=False,
        why=source,
        detail={"period": str(period), "cut_off_on": day.isoformat()},
    )
    await trail.record(tx, step, caller)
    return CutOff(
        period=str(period), cut_off_on=day, source=source, certain=True, set_by=caller.subject
    )
