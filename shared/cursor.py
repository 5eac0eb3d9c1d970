"""Keyset pages: an opaque cursor that holds the last row's key and the filters it belongs to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import orjson

from shared.errors import Kind, Refusal

T = TypeVar("T")

LIMIT_DEFAULT = 50
LIMIT_MAX = 500


class BadCursor(Refusal):
    """游标无效,或与查询条件不符 (cursor invalid, or of another query)"""

    kind = Kind.INVALID
    code = "CURSOR_INVALID"


def _seal(filters: dict[str, Any]) -> str:
    canonical = orjson.dumps(filters, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(canonical).hexdigest()[:16]


def write_cursor(last: list[Any], filters: dict[str, Any]) -> str:
    """Return a cursor that continues after the row with the key `last`."""
    packed = orjson.dumps([last, _seal(filters)], default=str)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(cursor: str, filters: dict[str, Any], types: tuple[type, ...]) -> list[Any]:
    """Return the key to continue after; each part has the given type.

    Raises:
        BadCursor: not a cursor of ours, or one of a query with other filters.
    """
    try:
        last, seal = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError):
        raise BadCursor from None
    # The decoder skips what it does not know; a cursor is only ever what we wrote.
    if write_cursor(last, filters) != cursor:
        raise BadCursor
    right = (
        isinstance(last, list)
        and len(last) == len(types)
        and all(type(part) is kind for part, kind in zip(last, types, strict=True))
    )
    if (
        not right
        or seal != _seal(filters)
        or any(isinstance(part, int) and not 0 <= part < 2**63 for part in last)
        or any(isinstance(part, str) and not part.isprintable() for part in last)
    ):
        raise BadCursor
    return list(last)


def read_uuid(cursor: str | None, filters: dict[str, Any]) -> UUID | None:
    """Return the uuid to continue after in a list ordered by uuid; None for the beginning.

    Raises:
        BadCursor: as `read_cursor`.
    """
    if cursor is None:
        return None
    (last,) = read_cursor(cursor, filters, (str,))
    try:
        return UUID(last)
    except ValueError:
        raise BadCursor from None


def cut(
    rows: Sequence[T], limit: int, key: Callable[[T], list[Any]], filters: dict[str, Any]
) -> tuple[list[T], str | None]:
    """Cut a page from `limit` + 1 rows; return it with the cursor of the next page, if any."""
    page = list(rows[:limit])
    more = len(rows) > limit
    return page, write_cursor(key(page[-1]), filters) if more else None
