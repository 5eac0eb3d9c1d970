"""What dashboards read, all out of the cube: balances, flows, measures, warnings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.store import past as past_store
from services.ledger.reports.domain.balance import Sum, by_fund
from services.ledger.reports.domain.cube import Narrow
from services.ledger.reports.domain.flow import Flow, GroupBy
from services.ledger.reports.domain.flow import flows as flows_of
from services.ledger.reports.domain.measure import (
    ARRIVED,
    COLLECTED,
    LEVIED,
    PAID,
    SUSPENDED,
    Warned,
    accumulated,
    months_hundredths,
    ratio_ppm,
    warnings,
    year_before,
)
from services.ledger.reports.domain.statement import minus
from services.ledger.reports.flows.reading import Reading
from services.ledger.reports.store import report as report_store
from services.ledger.reports.store.report import Window
from services.ledger.rules.domain.chart import Catalogue
from services.ledger.rules.domain.threshold import Measure
from services.ledger.rules.store import threshold as threshold_store
from shared import clock
from shared.db import Database
from shared.entry import Book
from shared.errors import Fault, Faulty
from shared.roles import CENTRE

SPAN_DAYS_MAX = 3_700
"""Days that one question about flows may span: ten years."""


@dataclass(frozen=True, slots=True)
class BalancesNow:
    """fund → account → balance and fund → held, still to be computed, and what both rest on."""

    basis: tuple[object, ...]
    held: Mapping[str, int]
    balances: Callable[[], Mapping[str, Mapping[str, int]]]


async def balances(
    db: Database, reading: Reading, catalogue: Catalogue, *, as_of: date, district: str | None
) -> BalancesNow:
    """Every fund's balances by the end of a day, as everything committed says now.

    Equal bases mean equal answers. Call `balances` before the next `await`. Holds are the centre's.
    """
    cube, everybodys = await reading.now(db)
    held = everybodys if district in {None, CENTRE} else {}
    return BalancesNow(
        (
            as_of,
            district,
            clock.today(),
            sorted(cube.heads.items()),
            sorted(held.items()),
            catalogue.fingerprint,
        ),
        held,
        lambda: by_fund(catalogue, cube.sums(as_of, Narrow(district=district)), as_of),
    )


async def flows(
    tx: AsyncConnection, reading: Reading, first: date, last: date, by: GroupBy, narrow: Narrow
) -> list[Flow]:
    """What moved between two days.

    Raises:
        Faulty: the days are the wrong way round, or too far apart.
    """
    require_span(first, last)
    return flows_of(await reading.cube(tx), first, last, by, narrow)


def require_span(first: date, last: date) -> None:
    """Refuse days the wrong way round or more than ten years apart.

    Raises:
        Faulty: they are.
    """
    if last < first:
        said = "起日晚于止日 (from is after to)"
    elif (last - first).days > SPAN_DAYS_MAX:
        said = f"期间过长,至多 {SPAN_DAYS_MAX} 天 (too long)"
    else:
        return
    raise Faulty(faults=[Fault("/query/to", "SPAN_INVALID", said)])


# --- measures -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What was levied, collected and has arrived in one fund."""

    fund: str
    levied_fen: int
    collected_fen: int
    arrived_fen: int

    @property
    def collection_ppm(self) -> int | None:
        """征缴率."""
        return ratio_ppm(self.collected_fen, self.levied_fen)

    @property
    def arrival_ppm(self) -> int | None:
        """到账率."""
        return ratio_ppm(self.arrived_fen, self.levied_fen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How long a fund's savings last. `since` is the first day it is known to have paid benefits."""

    fund: str
    accumulated_fen: int
    year_payout_fen: int
    since: date | None

    @property
    def months(self) -> int | None:
        """可支付月数 in hundredths."""
        return months_hundredths(self.accumulated_fen, self.year_payout_fen)


async def collection(
    tx: AsyncConnection,
    reading: Reading,
    catalogue: Catalogue,
    first: date,
    last: date,
    district: str | None,
) -> list[Collection]:
    """Collection of every fund between two days.

    Raises:
        Faulty: the days are the wrong way round, or too far apart.
    """
    require_span(first, last)
    sums = await _moved(tx, reading, first, last, district)
    parts = [part.of(sums) for part in (LEVIED, COLLECTED, ARRIVED)]
    return [
        Collection(
            fund=fund.code,
            levied_fen=parts[0].get(fund.code, 0),
            collected_fen=parts[1].get(fund.code, 0),
            arrived_fen=parts[2].get(fund.code, 0),
        )
        for fund in catalogue.funds(last)
    ]


async def capacity(
    tx: AsyncConnection, reading: Reading, catalogue: Catalogue, as_of: date
) -> list[Capacity]:
    """Months of payment capacity of every fund by the end of a day."""
    paid = PAID.of(await _moved(tx, reading, year_before(as_of), as_of, None))
    cube = await reading.cube(tx)
    saved = accumulated(catalogue, cube.sums(as_of, Narrow()), as_of)
    since: dict[str, int] = {}
    for place, one in cube.narrowed(Narrow(book=Book.STATUTORY.value)):
        if place.account.split(".")[0] in PAID.accounts and one.days:
            since[place.fund] = min(one.days[0], since.get(place.fund, one.days[0]))
    return [
        Capacity(
            fund=fund.code,
            accumulated_fen=saved.get(fund.code, 0),
            year_payout_fen=paid.get(fund.code, 0),
            since=date.fromordinal(since[fund.code]) if fund.code in since else None,
        )
        for fund in catalogue.funds(as_of)
    ]


async def _moved(
    tx: AsyncConnection, reading: Reading, first: date, last: date, district: str | None
) -> list[Sum]:
    """What was posted between two days, without the carry-overs of years' ends."""
    carried = await past_store.carry_over_seqs(tx)
    window = Window(from_day=first, to_day=last, district=district)
    carries = await report_store.sums_of_vouchers(tx, carried, window) if carried else []
    cube = await reading.cube(tx)
    return minus(cube.between(first, last, Narrow(district=district)), carries)


# --- warnings -------------------------------------------------------------------------------


async def warned(
    tx: AsyncConnection, reading: Reading, catalogue: Catalogue, as_of: date
) -> tuple[list[Warned], Mapping[Measure, Mapping[str, int | None]]]:
    """The thresholds that are crossed on a day, and the values that were held against them.

    Rates are those of the calendar year up to the day.
    """
    thresholds = await threshold_store.load(tx)
    rates = await collection(tx, reading, catalogue, as_of.replace(month=1, day=1), as_of, None)
    lasting = await capacity(tx, reading, catalogue, as_of)
    cube = await reading.cube(tx)
    suspended = SUSPENDED.of(cube.sums(as_of, Narrow(book=Book.STATUTORY.value)))
    values: dict[Measure, dict[str, int | None]] = {
        Measure.COLLECTION_RATE: {one.fund: one.collection_ppm for one in rates},
        Measure.ARRIVAL_RATE: {one.fund: one.arrival_ppm for one in rates},
        Measure.MONTHS_OF_CAPACITY: {one.fund: one.months for one in lasting},
        Measure.ACCUMULATED: {one.fund: one.accumulated_fen for one in lasting},
        Measure.SUSPENSE: dict(suspended),
    }
    return warnings(thresholds, values, as_of), values
