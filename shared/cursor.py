"""Keyset pages: an opaque cursor that holds the last row's key and the filters it belongs to."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson

from shared.errors import Kind, Refusal

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
    """A cursor that continues after the row whose key is `last`."""
    packed = orjson.dumps([last, _seal(filters)], default=str)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(cursor: str, filters: dict[str, Any], types: tuple[type, ...]) -> list[Any]:
    """The key to continue after; each part is of the type given.

    Raises:
        BadCursor: not a cursor of ours, or one of a query with other filters.
    """
    try:
        last, seal = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError):
        raise BadCursor from None
    right = (
        isinstance(last, list)
        and len(last) == len(types)
        and all(type(part) is kind for part, kind in zip(last, types, strict=True))
    )
    if (
        not right
        or seal != _seal(filters)
        or any(isinstance(part, int) and not 0 <= part < 2**63 for part in last)
    ):
        raise BadCursor
    return list(last)
