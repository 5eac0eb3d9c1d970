"""The strict grammar of requests: query parameters that the door knows, and clear JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, get_args, get_origin
from weakref import WeakKeyDictionary

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from shared.errors import Fault, Faulty
from shared.wire.json_grammar import faults_in

LARGE_BYTES = 256 * 1024
"""A JSON text of this size is checked in a thread: 6 ms a megabyte, a second when it is nested ill."""
PARAMETER_UNKNOWN = "PARAMETER_UNKNOWN"
PARAMETER_REPEATED = "PARAMETER_REPEATED"


async def strict_grammar(request: Request) -> None:
    """Refuse a request that could be read in two ways.

    A misspelt filter must not pass silently: the caller would take the whole for a part.

    Raises:
        Faulty: a query parameter is unknown or repeated, or the JSON body is not clear.
    """
    faults = _query_faults(request)
    route = request.scope.get("route")
    if isinstance(route, APIRoute) and route.body_field is not None and _is_json(request):
        body = await request.body()
        if len(body) > LARGE_BYTES:
            faults += await asyncio.to_thread(faults_in, body)
        else:
            faults += faults_in(body)
    if faults:
        raise Faulty(faults=faults)


def _query_faults(request: Request) -> list[Fault]:
    route = request.scope.get("route")
    if not request.scope["query_string"] or not isinstance(route, APIRoute):
        return []
    known = _parameters(route)
    faults, seen = [], set()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            faults.append(
                Fault(_at(name), PARAMETER_UNKNOWN, "未知查询参数 (unknown query parameter)")
            )
        elif name in seen and not known[name]:
            faults.append(
                Fault(_at(name), PARAMETER_REPEATED, "查询参数重复 (the parameter is repeated)")
            )
        seen.add(name)
    return [*faults, *_unknown_words(request)][:100]


def _unknown_words(request: Request) -> list[Fault]:
    """Name the districts, funds and accounts that this service does not know.

    Whoever asks for one that is misspelt must not take nothing for an answer.
    """
    words: dict[str, Callable[[], frozenset[str] | None]] = getattr(
        request.app.state, "known_words", {}
    )
    faults = []
    for name, known_words in words.items():
        known = known_words()
        for value in request.query_params.getlist(name):
            if known is not None and value not in known:
                faults.append(Fault(f"/query/{name}", *_UNKNOWN[name]))
    return faults


_UNKNOWN: Final = {
    "district": ("DISTRICT_UNKNOWN", "未知分中心 (unknown district)"),
    "fund": ("FUND_UNKNOWN", "未知基金 (unknown fund)"),
    "account": ("ACCOUNT_UNKNOWN", "未知科目 (unknown account)"),
}


def _at(name: str) -> str:
    return "/query/" + name[:80].replace("~", "~0").replace("/", "~1")


_KNOWN: WeakKeyDictionary[Callable[..., Any], dict[str, bool]] = WeakKeyDictionary()


def _parameters(route: APIRoute) -> dict[str, bool]:
    """Return the query parameters of a route, and whether each may be given many times."""
    known = _KNOWN.get(route.endpoint)
    if known is None:
        known = _KNOWN[route.endpoint] = dict(_declared(route.dependant))
    return known


def _declared(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    for one in dependant.query_params:
        yield one.alias, _is_list(one.field_info.annotation)
    for inner in dependant.dependencies:
        yield from _declared(inner)


def _is_list(annotation: object) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_list(get_args(annotation)[0])
    return get_origin(annotation) is list or any(_is_list(part) for part in get_args(annotation))


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
