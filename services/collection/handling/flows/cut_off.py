"""Cut-offs of periods: set by two people, or computed from the city's rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.calendar import SEARCH_DAYS, due_day
from services.collection.common.domain.signed_change import ChangeSubject, SignedChange
from services.collection.common.flows import signed_change as signed_change_flow
from services.collection.common.store import calendar as calendar_store
from services.collection.common.store import shipped as common_shipped_store
from services.collection.handling.domain.cut_off import CutOff, rule_of
from services.collection.handling.store import cut_off as cut_off_store
from services.collection.handling.store import shipped as handling_shipped_store
from shared.errors import NotFound
from shared.ids import Ref, key_of
from shared.period import Period
from shared.roles import Caller

SUBJECT: Final = ChangeSubject.CUT_OFF


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


def region_key(region: str) -> int:
    """Compute the shard key of the papers about a region's cut-offs."""
    return key_of("region", region)


async def of_year(
    tx: AsyncConnection, region: str, year: int
) -> tuple[Sequence[CutOff], Sequence[SignedChange]]:
    """Return the cut-offs of a year by period, and the changes that wait for their decision."""
    found = await of_periods(tx, region, Period(year, 1), Period(year, 12))
    return [found[period] for period in sorted(found)], await signed_change_flow.waiting(
        tx, SUBJECT
    )


async def file(
    tx: AsyncConnection, region: str, period: Period, day: date, source: str, caller: Caller
) -> SignedChange:
    """File a period's cut-off, with the document that sets it.

    Raises:
        NotFound: the region does not exist.
        SignedChangeWaits: another change of the period is not decided yet.
    """
    if not common_shipped_store.districts_of(region):
        raise NotFound(region=region)
    return await signed_change_flow.file(
        tx,
        SUBJECT,
        shard_key=region_key(region),
        target=f"{region} {period}",
        content={"region": region, "period": str(period), "cut_off_on": day.isoformat()},
        reason=source,
        caller=caller,
    )


async def approve(tx: AsyncConnection, ref: Ref, caller: Caller) -> SignedChange:
    """Approve a period's cut-off, as another person. It applies to summaries sent from then on.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot approve it.
    """
    return await signed_change_flow.approve(tx, SUBJECT, ref, caller)


async def refuse(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> SignedChange:
    """Refuse a period's cut-off, as another person.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot refuse it.
    """
    return await signed_change_flow.refuse(tx, SUBJECT, ref, why, caller)
