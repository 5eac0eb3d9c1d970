"""Numbers of places: a voucher's row names each (book, fund, account, district) by its number."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, TypeAlias

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.domain.entries import (
    PATTERNS_MAX,
    REMEMBERED_ENTRIES_MAX,
    Pattern,
    Place,
)
from shared.db import sqlstate

Connection: TypeAlias = "asyncpg.Connection[Any]"

GROUP_SIZE: Final = 65_536
"""Places of one book and fund, at most."""
_TRIES: Final = 20

_NUMBERS: Final = """
SELECT p.book, p.fund, p.account, p.district, p.place
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
       AS wanted (book, fund, account, district)
  JOIN place AS p USING (book, fund, account, district)
"""
_LAST: Final = """
SELECT g.number, g.book, g.fund, max(p.place) AS place
  FROM place_group AS g
  LEFT JOIN place AS p ON p.number = g.number
 GROUP BY g.number, g.book, g.fund
"""


class PlaceNumbers(dict[Place, int]):
    """Place → its number. Numbers never change, so that a process may keep them."""

    def __init__(self, known: Mapping[Place, int] | None = None) -> None:
        super().__init__(known or {})
        self._arrays: dict[Pattern, str] = {}

    def renew(self, found: Mapping[Place, int]) -> None:
        """Take the numbers of a database; forget those that it does not have.

        An older copy of a database, after a failover or a restore, may give a number to another
        place.
        """
        if any(found.get(place) != number for place, number in self.items()):
            self.clear()
            self._arrays.clear()
        self.update(found)

    def array_of(self, pattern: Pattern) -> str:
        """Write a pattern's places as PostgreSQL reads an array: doubled, odd for credits.

        Raises:
            KeyError: a place has no number yet.
        """
        known = self._arrays.get(pattern)
        if known is None:
            sided = zip(pattern.places, pattern.credits, strict=True)
            numbers = ",".join(str(2 * self[place] + is_credit) for place, is_credit in sided)
            known = f"{{{numbers}}}"
            if len(pattern.places) > REMEMBERED_ENTRIES_MAX:
                return known
            if len(self._arrays) >= PATTERNS_MAX:
                self._arrays.clear()
            self._arrays[pattern] = known
        return known


async def load(tx: AsyncConnection) -> PlaceNumbers:
    """Load the numbers of all places."""
    rows = await tx.execute(
        text("SELECT book, fund, account, district, place FROM place LIMIT 10000000")
    )
    return PlaceNumbers(
        {(row.book, row.fund, row.account, row.district): row.place for row in rows}
    )


async def renew(connection: Connection, numbers: PlaceNumbers) -> None:
    """Compare the numbers that a process keeps with those of a database that it has connected to."""
    rows = await connection.fetch("SELECT book, fund, account, district, place FROM place")
    numbers.renew({tuple(row[:4]): row[4] for row in rows})


async def number(connection: Connection, places: Iterable[Place]) -> PlaceNumbers:
    """Return the numbers of places, and number those that have none.

    Whoever numbers places at the same time may take the same number: then nothing is stored, and
    others are tried. (ON CONFLICT and INSERT … SELECT would ask for a right to change places, where
    every server of a distributed database holds them.)
    """
    wanted = sorted(set(places))
    columns: list[list[str]] = [[one[at] for one in wanted] for at in range(4)]
    for _ in range(_TRIES):
        rows = await connection.fetch(_NUMBERS, *columns)
        if len(rows) == len(wanted):
            return PlaceNumbers({tuple(row[:4]): row[4] for row in rows})
        try:
            async with connection.transaction():
                await _add(connection, set(wanted) - {tuple(row[:4]) for row in rows})
        except asyncpg.PostgresError as error:
            if sqlstate(error) != asyncpg.UniqueViolationError.sqlstate:
                raise
    raise RuntimeError(f"places cannot be numbered: {wanted[:3]}")


async def _add(connection: Connection, fresh: Collection[Place]) -> None:
    """Number places in the order of their groups, and give a new group the next number."""
    known = await connection.fetch(_LAST)
    groups = {(row["book"], row["fund"]): row["number"] for row in known}
    last = {row["number"]: row["place"] for row in known}
    new = sorted({place[:2] for place in fresh} - set(groups))
    groups |= {group: max(last, default=0) + at for at, group in enumerate(new, 1)}
    if new:
        await connection.executemany(
            "INSERT INTO place_group (number, book, fund) VALUES ($1, $2, $3)",
            [(groups[group], *group) for group in new],
        )
    rows = []
    for place in sorted(fresh, key=lambda place: (groups[place[:2]], *place[2:])):
        number = groups[place[:2]]
        before = last.get(number)
        last[number] = number * GROUP_SIZE if before is None else before + 1
        rows.append((last[number], number, *place))
    await connection.executemany(
        "INSERT INTO place (place, number, book, fund, account, district)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        rows,
    )


def missing(numbers: Mapping[Place, int], places: Iterable[Place]) -> list[Place]:
    """List the places that have no number yet."""
    return sorted({place for place in places if place not in numbers})
