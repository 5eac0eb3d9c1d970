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

    is_open: bool
    """True when it asks for no token."""
    rights: frozenset[Right]
    """The rights any of which admits; none where every identity may come."""
    body_limit_bytes: int


class Entrances:
    """The entrances of an app by path and method. A door is read when it is first knocked at."""

    def __init__(self, routes: Sequence[BaseRoute], body_limit_bytes: int) -> None:
        self._body_limit_bytes = body_limit_bytes
        self._plain: dict[str, list[BaseRoute]] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], BaseRoute]]] = {}
        """Paths with parameters, by the first word behind their version."""
        self._entrances: dict[int, Entrance] = {}
        """By the identity of a route: routes have no hash."""
        self.names: set[str] = {""}
        """The first word of every path behind its version: "bills" of "/v1/bills/{bill}"."""
        for context in iter_route_contexts(routes):
            path, route = context.path or "", context.original_route
            name = name_of(path)
            self.names.add(name)
            if "{" in path:
                by = compile_path(path)[0]
                self._patterns.setdefault("" if "{" in name else name, []).append((by, route))
            else:
                self._plain.setdefault(path, []).append(route)

    def is_open(self, path: str, method: str) -> bool:
        """Return whether a request needs no token. A path that nobody knows needs one."""
        entrance = self.find(path, method)
        return entrance is not None and entrance.is_open

    def find(self, path: str, method: str) -> Entrance | None:
        """Find the entrance of a request; None when there is no such door."""
        for route in self._plain.get(path, ()):
            if method in _methods(route):
                return self._of(route)
        name = name_of(path)
        for by, route in (*self._patterns.get(name, ()), *self._patterns.get("", ())):
            if method in _methods(route) and by.match(path):
                return self._of(route)
        return None

    def _of(self, route: BaseRoute) -> Entrance:
        entrance = self._entrances.get(id(route))
        if entrance is None:
            limit = getattr(route, "max_body_size", None) or self._body_limit_bytes
            entrance = self._entrances[id(route)] = _entrance(route, limit)
        return entrance


def name_of(path: str) -> str:
    """Name the collection that a path belongs to: "bills" of "/v1/bills/B-1/waivers"."""
    parts = path.split("/", 3)
    return parts[2] if len(parts) > 2 else ""


def _methods(route: BaseRoute) -> frozenset[str] | set[str]:
    return getattr(route, "methods", None) or frozenset()


def _entrance(route: BaseRoute, limit: int) -> Entrance:
    if not isinstance(route, APIRoute):  # the OpenAPI document
        return Entrance(True, frozenset(), limit)
    calls = [part.call for part in route.dependant.dependencies if part.call]
    rights = frozenset[Right]().union(*(rights_of(call) for call in calls))
    is_open = not rights and authenticated not in calls
    return Entrance(is_open, rights, limit)
