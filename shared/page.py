"""Keyset pages: the shape of a page, and the query that reads one.

A list is ordered by a unique key. A page is the rows after a key; the cursor of the next page is
the key of this page's last row (shared/cursor.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Path, Query
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.cursor import LIMIT_MAX, cut, read_uuid
from shared.door import Door
from shared.schema import Out

Item = TypeVar("Item")
Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
Cursor = Annotated[str | None, Query(max_length=500)]
RefPath = Annotated[str, Path(max_length=80)]
UnitFilter: TypeAlias = int | frozenset[int] | None
"""A list's rows of one unit, of any of some units, or of all."""


class Page(Out, Generic[Item]):
    """One page of a list. `next_cursor` continues after it; null on the last page."""

    items: list[Item]
    next_cursor: str | None
    has_more: bool

    @classmethod
    def of(cls, items: Sequence[Item], next_cursor: str | None) -> Page[Item]:
        """Build a page; there are more rows exactly when there is a cursor."""
        return cls(items=list(items), next_cursor=next_cursor, has_more=next_cursor is not None)

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Name the schema after its items: Page[BillOut] is `BillPage` in OpenAPI."""
        return f"{params[0].__name__.removesuffix('Out')}Page"


async def read_page(  # noqa: PLR0913 - the parts of a query
    tx: AsyncConnection,
    select: str,
    *,
    key: Sequence[str],
    after: Sequence[Any] | None,
    limit: int,
    row: Callable[..., Row],
    equal: Mapping[str, Any] | None = None,
    where: Mapping[str, Mapping[str, Any]] | None = None,
    parameters: Mapping[str, Any] | None = None,
    newest_first: bool = False,
) -> list[Row]:
    """Read up to `limit` rows after a key.

    Args:
        select: the statement up to its WHERE clause.
        key: columns of the list's unique order, for instance `("unit_id", "id")`.
        after: the key to continue after; None for the beginning.
        row: builds one row from its columns as keyword arguments.
        equal: filters `column = value`, or of any value of a frozenset; a filter whose value is
            None is left out.
        where: further conditions, each with its own parameters, joined by AND.
        parameters: the parameters of `select` itself.
        newest_first: read in descending order of the key.
    """
    wanted = {column: value for column, value in (equal or {}).items() if value is not None}
    names = {column: f"equal_{index}" for index, column in enumerate(wanted)}
    clauses, values = [], dict(parameters or {})
    for column, name in names.items():
        one_of = isinstance(wanted[column], frozenset)
        clauses.append(f"{column} = ANY(:{name})" if one_of else f"{column} = :{name}")
        values[name] = sorted(wanted[column]) if one_of else wanted[column]
    for condition, bound in (where or {}).items():
        clauses.append(condition)
        values |= bound
    if after is not None:
        marks = [f"after_{index}" for index in range(len(key))]
        clauses.append(
            f"({', '.join(key)}) {'<' if newest_first else '>'} ({', '.join(f':{mark}' for mark in marks)})"
        )
        values |= dict(zip(marks, after, strict=True))
    filters = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    order = ", ".join(f"{column} DESC" if newest_first else column for column in key)
    found = await tx.execute(
        text(f"{select}{filters} ORDER BY {order} LIMIT :page_limit"),
        {**values, "page_limit": limit},
    )
    columns = tuple(found.keys())
    return [row(**dict(zip(columns, one, strict=True))) for one in found]


class Identified(Protocol):
    """A row with a uuid."""

    @property
    def id(self) -> UUID: ...


IdentifiedRow = TypeVar("IdentifiedRow", bound=Identified)
IdentifiedRow_co = TypeVar("IdentifiedRow_co", bound=Identified, covariant=True)


class ReadById(Protocol[IdentifiedRow_co]):
    """A function that reads rows after a uuid, in the order of their uuids."""

    async def __call__(
        self, tx: AsyncConnection, *, after: UUID | None, limit: int
    ) -> Sequence[IdentifiedRow_co]: ...


async def page_by_id(
    at: Door,
    read: ReadById[IdentifiedRow],
    *,
    filters: dict[str, Any],
    limit: int,
    cursor: str | None,
) -> tuple[Sequence[IdentifiedRow], str | None]:
    """Read a page of a list that is ordered by uuid, and the cursor of the next page.

    Raises:
        BadCursor: the cursor is not of this list.
    """
    after = read_uuid(cursor, filters)
    rows = await at.read(lambda tx: read(tx, after=after, limit=limit + 1))
    return cut(rows, limit, lambda row: [row.id.hex], filters)
