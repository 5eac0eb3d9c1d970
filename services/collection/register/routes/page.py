"""Pages of lists that are ordered by (shard key, uuid)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

from fastapi import Path
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.register.flows import unit as unit_flow
from shared.cursor import BadCursor, cut, read_cursor
from shared.door import Door
from shared.ids import unit_key
from shared.page import UnitFilter

CreditCodePath = Annotated[str, Path(pattern=r"^[0-9A-Z]{18}$")]

BEGINNING = (-1, UUID(int=0))


class Keyed(Protocol):
    """A row that belongs to a unit."""

    @property
    def unit_id(self) -> int: ...
    @property
    def id(self) -> UUID: ...


Row_co = TypeVar("Row_co", bound=Keyed, covariant=True)
Row = TypeVar("Row", bound=Keyed)


class PageReader(Protocol[Row_co]):
    """A function that reads rows of one unit, or of all, after a key, in the order of their keys."""

    async def __call__(
        self, tx: AsyncConnection, *, unit_id: UnitFilter, after: tuple[int, UUID], limit: int
    ) -> Sequence[Row_co]: ...


def read_key(cursor: str | None, filters: dict[str, Any]) -> tuple[int, UUID]:
    """Read the (key, uuid) to continue after.

    Raises:
        BadCursor: the cursor does not belong to this list.
    """
    if cursor is None:
        return BEGINNING
    key, text = read_cursor(cursor, filters, (int, str))
    try:
        return key, UUID(text)
    except ValueError:
        raise BadCursor from None


async def page_of(
    at: Door,
    read: PageReader[Row],
    *,
    credit_code: str | None,
    filters: dict[str, Any],
    limit: int,
    cursor: str | None,
) -> tuple[Sequence[Row], str | None]:
    """Read a page of a unit's rows, or of all that the filters leave, and its next cursor.

    Without a unit, a caller of named units gets the rows of these.

    Raises:
        BadCursor: the cursor does not belong to this list. UnitUnknown, Forbidden: the unit.
    """
    after = read_key(cursor, filters)

    async def work(tx: AsyncConnection) -> Sequence[Row]:
        if credit_code is None:
            return await read(tx, unit_id=at.own_keys, after=after, limit=limit + 1)
        await unit_flow.find(tx, credit_code, at.caller)
        return await read(tx, unit_id=unit_key(credit_code), after=after, limit=limit + 1)

    return cut(await at.read(work), limit, lambda row: [row.unit_id, row.id.hex], filters)
