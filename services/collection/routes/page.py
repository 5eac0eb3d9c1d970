"""Keyset pages of lists that are ordered by (shard key, uuid)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query

from shared.cursor import LIMIT_MAX, BadCursor, read_cursor

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
Cursor = Annotated[str | None, Query(max_length=500)]
RefPath = Annotated[str, Path(max_length=80)]
CreditCodePath = Annotated[str, Path(pattern=r"^[0-9A-Z]{18}$")]

BEGINNING = (-1, UUID(int=0))


def read_key(cursor: str | None, filters: dict[str, Any]) -> tuple[int, UUID]:
    """The (key, uuid) to continue after.

    Raises:
        BadCursor: not a cursor of this list.
    """
    if cursor is None:
        return BEGINNING
    key, text = read_cursor(cursor, filters, (int, str))
    try:
        return key, UUID(text)
    except ValueError:
        raise BadCursor from None
