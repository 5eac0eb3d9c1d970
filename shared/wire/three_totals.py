"""Business, books and statistics side by side, as the three services report them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.money import parse_yuan

_NOTHING = {"business": "0.00", "statistics": "0.00"}


@dataclass(frozen=True, slots=True)
class ThreeTotals:
    """An item of a fund: what the month moved, or what stood at its opening; in fen."""

    fund: str
    item: str
    is_opening: bool
    business_fen: int
    books_fen: int
    statistics_fen: int

    @property
    def sums(self) -> tuple[int, int, int]:
        """Business, books, statistics."""
        return self.business_fen, self.books_fen, self.statistics_fen

    @property
    def apart_fen(self) -> int:
        """The largest difference between any two of them."""
        return max(self.sums) - min(self.sums)

    @property
    def is_reported(self) -> bool:
        """True when any of them is not zero."""
        return any(self.sums)


def three_totals(funds: Mapping[str, Any], books: Mapping[str, Any]) -> Iterator[ThreeTotals]:
    """Yield the opening and the month of every item and fund.

    Args:
        funds: the control of both services, merged.
        books: `funds` and `opening` of the ledger's closing totals.
    """
    for fund in sorted({*funds, *books["funds"], *books["opening"]}):
        reported = funds.get(fund, {}).get("items", {})
        booked, opened = books["funds"].get(fund, {}), books["opening"].get(fund, {})
        for item in sorted({*reported, *booked, *opened}):
            one = reported.get(item, _NOTHING)
            at_opening = one.get("opening", _NOTHING)
            opening = [
                parse_yuan(amount)
                for amount in (
                    at_opening["business"],
                    opened.get(item, "0.00"),
                    at_opening["statistics"],
                )
            ]
            until = [
                parse_yuan(amount)
                for amount in (one["business"], booked.get(item, "0.00"), one["statistics"])
            ]
            month = [after - before for after, before in zip(until, opening, strict=True)]
            yield ThreeTotals(fund, item, True, *opening)
            yield ThreeTotals(fund, item, False, *month)
