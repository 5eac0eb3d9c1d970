"""Balances, flows, measures and warnings of dashboards, all read from the cube."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.store import past as past_store
from services.ledger.reports.domain.balance import Sum, by_fund, minus
from services.ledger.reports.domain.cube import CubeFilter
from services.ledger.reports.domain.flow import AccountFlow, GroupBy
from services.ledger.reports.domain.flow import flows as flows_of
from services.ledger.reports.domain.measure import (
    ARRIVED,
    COLLECTED,
    LEVIED,
    PAID,
    SUSPENDED,
    CrossedThreshold,
    accumulated,
    months_hundredths,
    ratio_ppm,
    warnings,
    year_before,
)
from services.ledger.reports.flows.cube import CubeCache
from services.ledger.reports.store import report as report_store
from services.ledger.reports.store.report import Window
from services.ledger.rules.domain.chart import Catalogue
from services.ledger.rules.domain.threshold import Measure, Threshold, applicable
from services.ledger.rules.store import threshold as threshold_store
from shared import clock
from shared.cursor import cut, read_cursor
from shared.entry import Book
from shared.errors import Fault, Faulty
from shared.roles import CENTRE

SPAN_DAYS_MAX = 3_700
"""Most days of one query about flows or rates: ten years."""


@dataclass(frozen=True, slots=True)
class CurrentBalances:
    """Fund balances and holds (fund → fen). Answers with an equal `basis` are equal."""

    basis: tuple[object, ...]
    held: Mapping[str, int]
    balances: Callable[[], Mapping[str, Mapping[str, int]]]


async def balances(
    cubes: CubeCache, catalogue: Catalogue, *, as_of: date, district: str | None
) -> CurrentBalances:
    """Read every fund's balances at the end of a day, complete up to now.

    Call `balances` of the answer before the next `await`. Holds belong to the centre.
    """
    cube, _, all_holds = await cubes.current()
    held = all_holds if district in {None, CENTRE} else {}
    return CurrentBalances(
        (
            as_of,
            district,
            clock.today(),
            sorted(cube.heads.items()),
            sorted(held.items()),
            catalogue.fingerprint,
        ),
        held,
        lambda: by_fund(catalogue, cube.sums(as_of, CubeFilter(district=district)), as_of),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowQuery:
    """A query for flows: the days, the grouping and the filter."""

    first: date
    last: date
    group_by: GroupBy
    narrow: CubeFilter


async def flow_page(
    cubes: CubeCache, query: FlowQuery, cursor: str | None, limit: int
) -> tuple[list[AccountFlow], str | None]:
    """Read a page of the movements between two days, and the next cursor.

    Raises:
        Faulty: the days are the wrong way round, or too far apart.
        BadCursor: not a cursor of this query.
    """
    require_span(query.first, query.last)
    filters = {
        "from": query.first,
        "to": query.last,
        "by": query.group_by,
        "fund": query.narrow.fund,
        "book": query.narrow.book,
        "account": query.narrow.account,
        "district": query.narrow.district,
    }
    after = tuple(read_cursor(cursor, filters, (str, str, str, str))) if cursor else None
    found = flows_of(await cubes.cube(), query.first, query.last, query.group_by, query.narrow)
    rest = [flow for flow in found if after is None or flow.key > after]
    return cut(rest, limit, lambda flow: list(flow.key), filters)


def require_span(first: date, last: date) -> None:
    """Refuse days the wrong way round or more than ten years apart.

    Raises:
        Faulty: in either case.
    """
    if last < first:
        message = "起日晚于止日 (from is after to)"
    elif (last - first).days > SPAN_DAYS_MAX:
        message = f"期间过长,至多 {SPAN_DAYS_MAX} 天 (at most {SPAN_DAYS_MAX} days)"
    else:
        return
    raise Faulty(faults=[Fault("/query/to", "SPAN_INVALID", message)])


# --- measures -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionRates:
    """Amounts levied, collected and arrived in one fund, and their rates."""

    fund: str
    levied_fen: int
    collected_fen: int
    arrived_fen: int

    @property
    def collection_ppm(self) -> int | None:
        """Return the collection rate (征缴率)."""
        return ratio_ppm(self.collected_fen, self.levied_fen)

    @property
    def arrival_ppm(self) -> int | None:
        """Return the arrival rate (到账率)."""
        return ratio_ppm(self.arrived_fen, self.levied_fen)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCapacity:
    """Months that a fund's savings last. `since` is the first day with a benefit in the books."""

    fund: str
    accumulated_fen: int
    year_payout_fen: int
    since: date | None

    @property
    def months(self) -> int | None:
        """Months of payment (可支付月数) in hundredths."""
        return months_hundredths(self.accumulated_fen, self.year_payout_fen)


async def collection_rates(
    tx: AsyncConnection,
    cubes: CubeCache,
    catalogue: Catalogue,
    first: date,
    last: date,
    district: str | None,
) -> list[CollectionRates]:
    """Compute the collection of every fund between two days.

    Raises:
        Faulty: the days are the wrong way round, or too far apart.
    """
    require_span(first, last)
    sums = await _moved(tx, cubes, first, last, district)
    levied, collected, arrived = (term.of(sums) for term in (LEVIED, COLLECTED, ARRIVED))
    return [
        CollectionRates(
            fund=fund.code,
            levied_fen=levied.get(fund.code, 0),
            collected_fen=collected.get(fund.code, 0),
            arrived_fen=arrived.get(fund.code, 0),
        )
        for fund in catalogue.funds(last)
    ]


async def payment_capacity(
    tx: AsyncConnection, cubes: CubeCache, catalogue: Catalogue, as_of: date
) -> list[PaymentCapacity]:
    """Compute the months of payment of every fund at the end of a day."""
    paid = PAID.of(await _moved(tx, cubes, year_before(as_of), as_of, None))
    cube = await cubes.cube()
    saved = accumulated(catalogue, cube.sums(as_of, CubeFilter()), as_of)
    since: dict[str, int] = {}
    for place, one in cube.narrowed(CubeFilter(book=Book.STATUTORY.value)):
        if place.account.split(".")[0] in PAID.accounts and one.days:
            since[place.fund] = min(one.days[0], since.get(place.fund, one.days[0]))
    return [
        PaymentCapacity(
            fund=fund.code,
            accumulated_fen=saved.get(fund.code, 0),
            year_payout_fen=paid.get(fund.code, 0),
            since=date.fromordinal(since[fund.code]) if fund.code in since else None,
        )
        for fund in catalogue.funds(as_of)
    ]


async def _moved(
    tx: AsyncConnection, cubes: CubeCache, first: date, last: date, district: str | None
) -> list[Sum]:
    """Sum what was posted between two days, without year-end carry-overs."""
    cube = await cubes.cube()
    moved, known = cube.between(first, last, CubeFilter(district=district)), cube.known_at
    carried = await past_store.carry_over_seqs(tx)
    window = Window(from_day=first, to_day=last, district=district, known_at=known)
    carries = await report_store.sums_of_vouchers(tx, carried, window) if carried else []
    return minus(moved, carries)


# --- warnings -------------------------------------------------------------------------------


async def crossed_thresholds(
    tx: AsyncConnection, cubes: CubeCache, catalogue: Catalogue, as_of: date
) -> list[CrossedThreshold]:
    """Return the thresholds crossed on a day. Rates are those of the calendar year to date."""
    rows = await threshold_store.load(tx)
    rates = await collection_rates(tx, cubes, catalogue, as_of.replace(month=1, day=1), as_of, None)
    capacities = await payment_capacity(tx, cubes, catalogue, as_of)
    cube = await cubes.cube()
    suspended = SUSPENDED.of(cube.sums(as_of, CubeFilter(book=Book.STATUTORY.value)))
    values: dict[Measure, dict[str, int | None]] = {
        Measure.COLLECTION_RATE: {one.fund: one.collection_ppm for one in rates},
        Measure.ARRIVAL_RATE: {one.fund: one.arrival_ppm for one in rates},
        Measure.MONTHS_OF_CAPACITY: {one.fund: one.months for one in capacities},
        Measure.ACCUMULATED: {one.fund: one.accumulated_fen for one in capacities},
        Measure.SUSPENSE: dict(suspended),
    }
    return warnings(rows, values, as_of)


async def thresholds(tx: AsyncConnection, on: date) -> list[Threshold]:
    """Return the thresholds in force on a day."""
    return applicable(await threshold_store.load(tx), on)
