"""Checks of a pack before it is drafted: shape and content together, with every fault named.

A row that cannot be read is reported and set aside, and the rest of the pack is checked without it.
Faults that only its absence would cause are then left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from pydantic import ValidationError

from services.collection.policy.domain import pack as pack_rules
from services.collection.policy.domain.faults import faults as faults_rules
from services.collection.policy.schemas.policy import PackIn
from shared.errors import Fault

_ABSENCE: Final[Mapping[str, frozenset[str]]] = {
    "sources": frozenset({"SOURCE_UNKNOWN"}),
    "insurances": frozenset({"INSURANCE_NOT_LISTED"}),
    "names": frozenset({"INSURANCE_UNKNOWN"}),
    "fund_map": frozenset({"FUND_MISSING", "FUND_GAP", "FUND_UNKNOWN"}),
    "receipt_accounts": frozenset({"RECEIPT_ACCOUNT_MISSING"}),
    "rates": frozenset({"RATE_GAP", "CLASS_GAP"}),
    "exempt": frozenset({"RATE_GAP"}),
    "limits": frozenset({"LIMIT_MISSING"}),
    "averages": frozenset({"AVERAGE_UNKNOWN"}),
    "categories": frozenset({"CATEGORY_UNKNOWN"}),
    "in_force_from": frozenset({"DAYS_REVERSED", "FUND_GAP", "DAY_NOT_FIRST"}),
    "in_force_to": frozenset({"DAYS_REVERSED", "FUND_GAP"}),
    "suspense_fund": frozenset({"FUND_UNKNOWN"}),
}
"""Faults that appear only because something else could not be read."""
_ROUNDS: Final = 3
_ROW = re.compile(r"^/(\w+)/(\d+)(.*)$")


def faults_of(content: Any) -> list[Fault]:
    """Find every fault of a pack as it was written; a pack without faults may be drafted."""
    if not isinstance(content, Mapping):
        return [Fault("", "PACK_MALFORMED", "政策包须为一个 JSON 对象 (a pack is a JSON object)")]
    try:
        return _judged(PackIn.model_validate(content).content())
    except ValidationError as error:
        shape = [
            Fault(_pointer(found["loc"]), str(found["type"]).upper(), str(found["msg"])[:300])
            for found in error.errors()
        ]
        return shape + _of_the_rest(content, error)


def doubts_of(content: Mapping[str, Any]) -> list[str]:
    """List the sources that a person must confirm before the pack is used."""
    return [row["text"] for row in content["sources"] if not row.get("certain", True)]


def _judged(taken: Mapping[str, Any]) -> list[Fault]:
    policy, faults = pack_rules.attempt(taken)
    return faults + faults_rules.faults_in(policy, taken)


def _pointer(loc: Iterable[Any]) -> str:
    return "/" + "/".join(str(part) for part in loc)


def _of_the_rest(content: Mapping[str, Any], error: ValidationError) -> list[Fault]:
    """Find the faults of the readable part; none if too little can be read."""
    rest = deepcopy(dict(content))
    places: dict[str, list[int]] = {
        name: list(range(len(rows))) for name, rows in rest.items() if isinstance(rows, list)
    }
    unsaid: set[str] = set()
    for _ in range(_ROUNDS):
        locs = [found["loc"] for found in error.errors() if not _dropped(rest, found)]
        for name in _set_aside(rest, places, locs):
            unsaid |= _ABSENCE.get(name, frozenset())
        try:
            taken = PackIn.model_validate(rest).content()
        except ValidationError as again:
            error = again
            continue
        return [_placed(fault, places) for fault in _judged(taken) if fault.code not in unsaid]
    return []


def _dropped(rest: dict[str, Any], found: Mapping[str, Any]) -> bool:
    """Tell whether the fault is an unknown member, without which the row can still be read."""
    if found["type"] != "extra_forbidden":
        return False
    place: Any = rest
    try:
        for part in found["loc"][:-1]:
            place = place[part]
        del place[found["loc"][-1]]
    except (KeyError, IndexError, TypeError):  # the place is named by one of several shapes
        return False
    return True


def _set_aside(
    rest: dict[str, Any], places: dict[str, list[int]], locs: Sequence[tuple[Any, ...]]
) -> set[str]:
    """Remove the rows and members that cannot be read; return the names of those members."""
    rows: dict[str, set[int]] = defaultdict(set)
    members: set[str] = set()
    for member, *inside in filter(None, locs):
        if inside and isinstance(inside[0], int) and isinstance(rest.get(member), list):
            rows[member].add(inside[0])
        else:
            members.add(str(member))
    for member, numbers in rows.items():
        kept = [n for n in range(len(rest[member])) if n not in numbers]
        rest[member] = [rest[member][n] for n in kept]
        places[member] = [places[member][n] for n in kept]
    for member in members:
        rest.pop(member, None)
        rest |= _stand_in(member, rest)
    return members | set(rows)


def _stand_in(member: str, rest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a neutral value for a required member, so that the rest can be checked."""
    source, fund = _first(rest, "sources", "id"), _first(rest, "fund_map", "fund")
    known: dict[str, Any] = {
        "pack": "x",
        "region": "xx",
        "title": "x",
        "in_force_from": "2000-01-01",
        "in_force_to": None,
        "rounding": {"source": source},
        "suspense_fund": fund,
        "calendar": {"due_day": 1, "source": source},
        "allocation": {"order": "one_ticket", "source": source},
        "late_fee": {"daily_rate": "0.0005", "start": "day_after_due", "source": source},
    }
    return {member: known[member]} if member in known else {}


def _first(rest: Mapping[str, Any], member: str, name: str) -> Any:
    rows = rest.get(member)
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], Mapping):
        return None
    return rows[0].get(name)


def _placed(fault: Fault, places: Mapping[str, list[int]]) -> Fault:
    """Point a fault at the row's number in the pack as it was written."""
    found = _ROW.fullmatch(fault.pointer)
    if found is None or found[1] not in places:
        return fault
    numbers = places[found[1]]
    number = int(found[2])
    if number >= len(numbers):
        return fault
    return Fault(f"/{found[1]}/{numbers[number]}{found[3]}", fault.code, fault.message)
