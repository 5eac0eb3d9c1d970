"""Entrances of a service: the conditions of each path before a byte of a body is read.

They are read off the routes themselves, so that no second list can differ from the doors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute, compile_path

from shared.door import rights_of
from shared.roles import Right
from shared.web.authentication import authenticated

MIB: Final = 1024 * 1024
OPEN_BYTES: Final = 64 * 1024
"""Body limit of the doors of tokens, which anybody may knock at."""
BULK_BYTES: Final = 8 * MIB
"""Body limit of a door that takes a list of some thousand people, payments or lines."""
BATCH_BYTES: Final = 32 * MIB
"""Body limit of a door that takes the batches of our own services."""
FILE_BYTES: Final = 256 * MIB
"""Body limit of a door that stores a file piece by piece."""
STREAM_BYTES: Final = 2048 * MIB
"""Body limit of a door that works on a stream line by line and keeps nothing of it."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """The conditions of one route."""

    methods: frozenset[str]
    is_open: bool
    """True when it asks for no token."""
    rights: frozenset[Right]
    """The rights any of which admits; none where every identity may come."""
    body_limit_bytes: int


class Entrances:
    """The entrances of an app by path and method."""

    def __init__(self, routes: Sequence[BaseRoute], body_limit_bytes: int) -> None:
        self._plain: dict[str, list[Entrance]] = {}
        self._patterns: list[tuple[re.Pattern[str], Entrance]] = []
        self.names: set[str] = {""}
        """The first word of every path behind its version: "bills" of "/v1/bills/{bill}"."""
        for context in iter_route_contexts(routes):
            path = context.path or ""
            own_limit = getattr(context, "max_body_size", None)
            entrance = _entrance(context.original_route, own_limit or body_limit_bytes)
            self.names.add(name_of(path))
            if "{" in path:
                self._patterns.append((compile_path(path)[0], entrance))
            else:
                self._plain.setdefault(path, []).append(entrance)
        self._open_patterns = [(by, one) for by, one in self._patterns if one.is_open]

    def is_open(self, path: str, method: str) -> bool:
        """Return whether a request needs no token. A path that nobody knows needs one."""
        found = self._plain.get(path)
        if found:
            return any(one.is_open and method in one.methods for one in found)
        return any(
            method in one.methods and by.match(path) is not None for by, one in self._open_patterns
        )

    def find(self, path: str, method: str) -> Entrance | None:
        """Find the entrance of a request; None when there is no such door."""
        for one in self._plain.get(path, ()):
            if method in one.methods:
                return one
        for by, one in self._patterns:
            if method in one.methods and by.match(path):
                return one
        return None


def name_of(path: str) -> str:
    """Name the collection that a path belongs to: "bills" of "/v1/bills/B-1/waivers"."""
    parts = path.split("/", 3)
    return parts[2] if len(parts) > 2 else ""


def _entrance(route: BaseRoute, limit: int) -> Entrance:
    methods = frozenset(getattr(route, "methods", None) or ())
    if not isinstance(route, APIRoute):  # the OpenAPI document
        return Entrance(methods | {"HEAD"}, True, frozenset(), limit)
    calls = [part.call for part in route.dependant.dependencies if part.call]
    rights = frozenset[Right]().union(*(rights_of(call) for call in calls))
    is_open = not rights and authenticated not in calls
    return Entrance(methods, is_open, rights, limit)
