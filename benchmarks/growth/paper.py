"""Growth on paper: rates of a month by what causes them, and sums for years and larger places.

Everything here is computed from what a run measured; nothing here is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.growth.catalogue import NOTHING, Sizes, TableSize, total
from benchmarks.growth.copies import Copy

DAYS_PER_MONTH = 365.25 / 12
YEARS = (1, 5, 15)
GIB = 1024**3


class Cause(StrEnum):
    """The cause of a table's growth."""

    PERSON = "person-month"
    UNIT = "unit-month"
    PENSION = "pension-month"
    DISTRICT = "district-month"


@dataclass(frozen=True, slots=True)
class Place:
    """A place: insured people, units, pensioners, districts; in how many databases of its own."""

    name: str
    people: int
    units: int
    pensioners: int
    districts: int
    cells: int = 1

    def count(self, cause: Cause) -> int:
        """Return how many of a cause the place has each month."""
        return {
            Cause.PERSON: self.people,
            Cause.UNIT: self.units,
            Cause.PENSION: self.pensioners,
            Cause.DISTRICT: self.districts,
        }[cause]


CITY = Place("city", 2_100_000, 60_000, 600_000, 16)
PLACES = (
    Place("district", 131_250, 3_750, 37_500, 1),
    CITY,
    Place("province", 40_000_000, 1_143_000, 11_430_000, 305),
    Place("one of 31 cells", 12_840_000, 366_900, 4_755_000, 92),
    Place("country, 31 cells", 398_000_000, 11_370_000, 147_400_000, 2_850, 31),
)
"""A province has the city's proportions; the country the employees' scheme at the end of 2024."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One table: its cause, its growth for one of the cause, and the days that its rows are kept."""

    table: str
    cause: Cause
    rows: float
    heap: float
    index: float
    toast: float
    kept_days: int | None

    @property
    def bytes(self) -> float:
        """Bytes for one of the cause."""
        return self.heap + self.index + self.toast

    def months(self, months: float) -> float:
        """Return how many months' rows are there after so many months."""
        if self.kept_days is None:
            return months
        return min(months, self.kept_days / DAYS_PER_MONTH)


_ROWS = {Cause.PENSION: 0.9, Cause.PERSON: 0.9, Cause.UNIT: 0.3}
"""Least rows a month for one of a cause. Sums of some vouchers count by the unit as well."""


def cause_of(table: str, rows: float, played: Place) -> Cause:
    """Return the finest cause that a table has rows for in a month."""
    for cause, least in _ROWS.items():
        if (cause is Cause.PENSION) != table.startswith("payout."):
            continue
        if rows >= least * played.count(cause):
            return cause
    return Cause.DISTRICT


def rates(grown: Sizes, months: int, played: Place, kept: Mapping[str, int]) -> list[Rate]:
    """Divide the growth of some months by its causes; the largest first.

    Long values of tables that grow by the district hold lists of units: they count by the unit.
    """
    found = []
    for table, size in grown.items():
        cause = cause_of(table, size.rows / months, played)
        if cause is Cause.DISTRICT and size.toast > 0 and not table.startswith("payout."):
            share = TableSize(0, 0, 0, size.toast)
            found.append(_rate(table, Cause.UNIT, share, months * played.units, kept))
            size = TableSize(size.rows, size.heap, size.index, 0)
        if size != NOTHING:
            found.append(_rate(table, cause, size, months * played.count(cause), kept))
    return sorted(found, key=lambda rate: -rate.bytes * played.count(rate.cause))


def _rate(table: str, cause: Cause, size: TableSize, times: int, kept: Mapping[str, int]) -> Rate:
    rows, heap = size.rows / times, size.heap / times
    return Rate(table, cause, rows, heap, size.index / times, size.toast / times, kept.get(table))


def per_cause(found: list[Rate]) -> dict[Cause, tuple[float, float, float, float]]:
    """Return rows, and bytes of rows, indexes and long values, for one of each cause."""
    return {
        cause: (
            sum(rate.rows for rate in found if rate.cause is cause),
            sum(rate.heap for rate in found if rate.cause is cause),
            sum(rate.index for rate in found if rate.cause is cause),
            sum(rate.toast for rate in found if rate.cause is cause),
        )
        for cause in Cause
    }


def bytes_per_voucher(grown: Sizes) -> float:
    """Return what a voucher takes of everything in the ledger's schema but personal accounts."""
    books = [
        size
        for table, size in grown.items()
        if table.startswith("ledger.") and not table.startswith("ledger.personal")
    ]
    return total(books).bytes / max(1, grown["ledger.voucher"].rows)


def restore_seconds_per_gib(measured: Copy) -> float:
    """Return a restore's seconds for each GiB; the start of its server counts, so rather too much."""
    return measured.restore_seconds * GIB / measured.database_bytes


def size_after(years: float, place: Place, found: list[Rate], opening: list[Rate]) -> float:
    """Return the bytes of a place after some years: its register, and its months."""
    months = 12 * years
    register = sum(rate.bytes * place.count(rate.cause) for rate in opening)
    grown = sum(rate.bytes * rate.months(months) * place.count(rate.cause) for rate in found)
    return register + grown


def rows_after(years: float, place: Place, found: list[Rate]) -> dict[str, float]:
    """Return the rows of the five tables that have the most, after some years."""
    rows: dict[str, float] = {}
    for rate in found:
        more = rate.rows * rate.months(12 * years) * place.count(rate.cause)
        rows[rate.table] = rows.get(rate.table, 0) + more
    return dict(sorted(rows.items(), key=lambda pair: -pair[1])[:5])
