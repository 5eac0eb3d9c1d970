"""Business and statistics of a closing, and whether they agree."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from shared.money import parse_yuan
from tests.collection.support.debtors import Debtors
from tests.collection.support.money import fetch


def apart(
    control: dict[str, Any], *, leave_out: Collection[str] = ()
) -> dict[tuple[str, str], tuple[str, str]]:
    """Return (fund, item) → (business, statistics) where they differ.

    Bills that a fixture writes without a declaration differ in what was levied: leave that out.
    """
    return {
        (fund, item): (both["business"], both["statistics"])
        for fund, one in control["funds"].items()
        for item, both in one["items"].items()
        if both["business"] != both["statistics"] and item not in leave_out
    }


def differ_from_books(control: dict[str, Any], books: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Return (fund, item) → what collection and the books say, where they differ."""
    found = {}
    for fund in {*control["funds"], *books["funds"]}:
        items = control["funds"].get(fund, {"items": {}})["items"]
        booked = books["funds"].get(fund, {})
        for item in {*items, *booked} - {"benefits"}:
            business = items.get(item, {"business": "0.00"})["business"]
            if parse_yuan(business) != parse_yuan(booked.get(item, "0.00")):
                found[fund, item] = f"business {business}, books {booked.get(item, '0.00')}"
    return found


async def apart_on_any_day(debtors: Debtors) -> dict[str, object]:
    """Return day → what differs between business and statistics, of every day with a booking.

    The bills of debtors are written without declarations, so what was levied is left out.
    """
    days = await fetch(
        debtors.url,
        """
        SELECT DISTINCT CAST(day AS text) AS day
          FROM (SELECT book_date AS day FROM allocation
                 UNION SELECT on_day FROM reallocation
                 UNION SELECT book_date FROM receipt
                 UNION SELECT issued_on FROM bill) AS days
         ORDER BY 1
        """,
    )
    assert len(days) > 3
    found = {}
    for row in days:
        control = await debtors.get("/v1/closing-control", as_of=row["day"])
        found[row["day"]] = apart(control, leave_out={"levied"})
    return {day: differences for day, differences in found.items() if differences}
