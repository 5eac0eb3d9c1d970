"""The monthly score of districts (月考核): arrival, accuracy and timeliness."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.domain.rate import Share
from services.collection.reconciliation.store import score as score_store
from services.collection.reconciliation.store.score import ScoreMeasure, ScoreMonth, ScoreRow
from shared.period import Period


@dataclass(frozen=True, slots=True)
class DistrictScore:
    """A district's shares of a month, by measure."""

    district: str
    shares: dict[ScoreMeasure, Share]

    def share(self, measure: ScoreMeasure) -> Share:
        """Return a measure's share; nothing counted is nothing missed."""
        return self.shares.get(measure, Share(0, 0))


def month_of(period: Period, district: str | None) -> ScoreMonth:
    """Return a month as the statements take it."""
    return ScoreMonth(
        period=str(period), first=period.first_day, last=period.last_day, district=district
    )


async def scores(tx: AsyncConnection, period: Period, district: str | None) -> list[DistrictScore]:
    """Work out the scores of a month, by district."""
    found: dict[str, dict[ScoreMeasure, Share]] = defaultdict(dict)
    for measure in ScoreMeasure:
        for one in await score_store.sums(tx, measure, month_of(period, district)):
            found[one.district][measure] = Share(one.part, one.whole)
    return [DistrictScore(name, found[name]) for name in sorted(found)]


async def rows(
    tx: AsyncConnection,
    *,
    measure: ScoreMeasure,
    month: ScoreMonth,
    short: bool,
    after: UUID | None,
    limit: int,
) -> list[ScoreRow]:
    """Read the papers behind a measure."""
    return await score_store.rows(tx, measure, month, short=short, after=after, limit=limit)
