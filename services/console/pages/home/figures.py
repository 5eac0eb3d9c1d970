"""Figures of the dashboard: what it asks the services, and what it makes of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from services.console.api import Api, ApiError, SignedOut
from shared.money import format_yuan, parse_yuan
from shared.roles import CENTRE

Row = Mapping[str, Any]
DEPOSITS: Final = ("income_deposit", "fiscal_deposit", "expenditure_deposit", "treasury_deposit")
"""Accounts whose sum is the money of a fund."""
POINTS, STEP_DAYS = 13, 5
"""Days of the line of balances: two months, every fifth day."""
AGES: Final = ((7, "0–7"), (30, "8–30"), (90, "31–90"), (None, "> 90"))
"""Age of suspense in days: the last day of each class, and its name."""
STATES: Final = ("submitted", "accepted", "reviewed", "returned", "audited", "billed", "settled")
COUNTED_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Span:
    """The days that the dashboard looks at: the month of a day up to the day."""

    today: date

    @property
    def first(self) -> date:
        """The first day of the month."""
        return self.today.replace(day=1)

    @property
    def period(self) -> str:
        """The month."""
        return f"{self.today:%Y-%m}"

    @property
    def points(self) -> list[date]:
        """The days of the line of balances, the oldest first."""
        return [self.today - timedelta(days=STEP_DAYS * back) for back in reversed(range(POINTS))]


async def answer(api: Api, door: str, **params: Any) -> Any:
    """Ask a door; None where it refuses, so that one part does not empty the whole dashboard.

    Raises:
        SignedOut: the session has ended.
    """
    try:
        return await api.get(door, **params)
    except SignedOut:
        raise
    except ApiError:
        return None


async def balances(api: Api, span: Span) -> list[dict[str, Any]]:
    """Return the money of each fund over the days: fund, name, one amount for each day."""
    days = span.points
    found = await asyncio.gather(
        *(answer(api, "ledger:/v1/funds/balances", as_of=day.isoformat()) for day in days)
    )
    funds: dict[str, dict[str, Any]] = {}
    for place, page in enumerate(found):
        for fund in (page or {}).get("funds", ()):
            row = funds.setdefault(
                fund["fund"], {"fund": fund["fund"], "name": fund["name"], "fen": [0] * len(days)}
            )
            row["fen"][place] = sum(
                parse_yuan(fund["accounts"].get(one, "0.00")) for one in DEPOSITS
            )
    return [
        {**row, "amount": format_yuan(row["fen"][-1])} for row in funds.values() if any(row["fen"])
    ]


async def rates_by_district(api: Api, span: Span) -> list[dict[str, Any]]:
    """Return collection and arrival rate by district, and of the whole city in the first row."""
    scores = await answer(api, "collection:/v1/district-scores", period=span.period)
    known = [one["district"] for one in (scores or {}).get("districts", ()) if one["due"] != "0.00"]
    places: list[str | None] = [None, *(one for one in known if one != CENTRE)]
    found = await asyncio.gather(*(_rates(api, span, place) for place in places))
    return [row for row in found if row is not None]


async def _rates(api: Api, span: Span, district: str | None) -> dict[str, Any] | None:
    page = await answer(
        api,
        "ledger:/v1/measures/collection",
        from_=span.first.isoformat(),
        to=span.today.isoformat(),
        district=district,
    )
    return None if page is None else {"district": district, **summed(page["funds"])}


def summed(funds: Sequence[Row]) -> dict[str, Any]:
    """Add up the terms of the measures of all funds, and divide: the rates of all funds together."""
    terms: dict[str, list[int]] = {}
    for fund in funds:
        for one in fund["measures"]:
            both = terms.setdefault(one["measure"], [0, 0])
            both[0] += parse_yuan(one["numerator"]["amount"])
            both[1] += parse_yuan(one["denominator"]["amount"])
    rates: dict[str, Any] = {
        measure: ratio(part, whole) for measure, (part, whole) in terms.items()
    }
    collected, levied = terms.get("collection_rate", [0, 0])
    return rates | {"collected": format_yuan(collected), "levied": format_yuan(levied)}


def ratio(part: int, whole: int) -> str | None:
    """Return part ÷ whole as a decimal fraction of six places, cut; None where the whole is nothing."""
    if whole <= 0:
        return None
    millionths = abs(part) * 1_000_000 // whole
    sign = "-" if part < 0 else ""
    return f"{sign}{millionths // 1_000_000}.{millionths % 1_000_000:06d}"


def age_classes(items: Sequence[Row], today: date) -> list[dict[str, Any]]:
    """Sort open suspense into classes of age: count and amount of each."""
    classes: list[dict[str, Any]] = [{"age": name, "count": 0, "fen": 0} for _, name in AGES]
    for item in items:
        days = (today - date.fromisoformat(item["since"])).days
        place = next(at for at, (last, _) in enumerate(AGES) if last is None or days <= last)
        classes[place]["count"] += 1
        classes[place]["fen"] += parse_yuan(item["amount"])
    return [{**one, "amount": format_yuan(one["fen"])} for one in classes]


async def declarations(api: Api, span: Span) -> list[dict[str, Any]]:
    """Count the declarations of the month before and of this one by state, the newest with any."""
    before = (span.first - timedelta(days=1)).strftime("%Y-%m")
    for period in (span.period, before):
        found = await asyncio.gather(
            *(
                answer(
                    api,
                    "collection:/v1/declarations",
                    period=period,
                    status=state,
                    limit=COUNTED_MAX,
                )
                for state in STATES
            )
        )
        rows = [
            {
                "state": state,
                "period": period,
                "count": len(page["items"]),
                "more": page["has_more"],
            }
            for state, page in zip(STATES, found, strict=True)
            if page and page["items"]
        ]
        if rows:
            return rows
    return []
