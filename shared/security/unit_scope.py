"""The units that a caller acts for: a portal of named employers reaches their papers and no other.

A unit's credit code gives its shard key, and a reference of a unit's paper carries that key. So it
is known before anything is read whose papers a request is about. A request that does not say so is
refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from fastapi import Request

from shared.errors import Forbidden
from shared.ids import key_in, unit_key
from shared.roles import Caller


class UnitForbidden(Forbidden):
    """只能办理被授权单位的业务,请求须指明其中的单位 (this client acts for named units only; the request must be about one of them)"""

    code = "UNIT_FORBIDDEN"


async def require_own_units(request: Request, caller: Caller, *, needs_unit: bool) -> None:
    """Refuse a request of a caller with named units that is not about these.

    Args:
        request: the request; its path, a reader's query or its JSON names the units.
        caller: the caller; one without named units passes.
        needs_unit: False for a door that is about no unit, such as the policy in force, and for a
            list that leaves out what is not of the caller's units.

    Raises:
        UnitForbidden: another unit is named, or none.
    """
    if caller.units is None:
        return
    codes = [code async for code in _codes(request)]
    keys = [key for key in map(key_in, _other_path_values(request)) if key is not None]
    own_keys = {unit_key(code) for code in caller.units}
    if not set(codes) <= caller.units or not set(keys) <= own_keys:
        raise UnitForbidden
    if needs_unit and not (codes or keys):
        raise UnitForbidden


def _other_path_values(request: Request) -> Iterator[str]:
    for name, value in request.path_params.items():
        if name != "credit_code":
            yield str(value)


async def _codes(request: Request) -> Any:
    if "credit_code" in request.path_params:
        yield str(request.path_params["credit_code"])
    if request.method == "GET":
        for code in request.query_params.getlist("credit_code"):
            yield code
        return
    if "json" in request.headers.get("content-type", ""):
        try:
            body = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            return
        for code in _named_in(body):
            yield code


def _named_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name.endswith("credit_code") and isinstance(value, str):
                yield value
            elif name.endswith("credit_codes") and isinstance(value, list):
                yield from (str(one) for one in value)
            else:
                yield from _named_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from _named_in(value)
