"""Data shipped with the product: regions and districts, policy packs, workdays.

Each other subject reads its own data file with `read`.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

_DATA = files("services.collection") / "data"


def read(name: str) -> Any:
    """Read a shipped JSON file; the installation's own file where it has one."""
    return json.loads((_own.get(name) or _DATA / name).read_text(encoding="utf-8"))


_own: dict[str, Path] = {}
"""The installation's own files, by the name of the shipped file that each replaces."""


def use_regions(path: Path | None) -> None:
    """Read regions and districts from the installation's own file; None means the shipped file."""
    _own.clear()
    if path is not None:
        _own["regions.json"] = path
    regions.cache_clear()
    districts_of.cache_clear()


@cache
def regions() -> list[dict[str, Any]]:
    """Return the regions (统筹区): code, name, centre, and districts with code and name."""
    found: list[dict[str, Any]] = read("regions.json")["regions"]
    return found


@cache
def districts_of(region: str) -> frozenset[str]:
    """Return the codes of a region's districts; empty for an unknown region."""
    return frozenset(
        district["code"]
        for known in regions()
        if known["code"] == region
        for district in known["districts"]
    )


def packs() -> list[dict[str, Any]]:
    """Return the policy packs that every installation puts in force, by name."""
    return _packs_in("policies")


def templates() -> list[dict[str, Any]]:
    """Return the template packs: shipped, but in force only after two people publish them."""
    return _packs_in("policy_templates")


def _packs_in(name: str) -> list[dict[str, Any]]:
    folder = _DATA / name
    return [
        json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if file.name.endswith(".json")
    ]


def debit_reasons() -> dict[str, Any]:
    """Return the classes of debit refusal reasons, with the known bank codes of each."""
    found: dict[str, Any] = read("debit_reasons.json")
    return found


def place_of(district: str) -> tuple[str, str]:
    """Return the names of a district's centre and of the district itself."""
    for known in regions():
        for entry in known["districts"]:
            if entry["code"] == district:
                return str(known["centre"]), str(entry["name"])
    return "", district


def region_of(district: str) -> str | None:
    """Return the region of a district; None for an unknown district."""
    for known in regions():
        if any(district == entry["code"] for entry in known["districts"]):
            return str(known["code"])
    return None


def calendar_days() -> list[tuple[date, bool]]:
    """Return every day of the national workday calendar, and whether it is a workday."""
    known = read("workdays.json")
    off = {date.fromisoformat(day) for day in known["days_off_on_weekdays"]}
    on = {date.fromisoformat(day) for day in known["workdays_on_weekends"]}
    first, last = date(known["years"][0], 1, 1), date(known["years"][1], 12, 31)
    days = (first + timedelta(number) for number in range((last - first).days + 1))
    return [(day, day in on or (day.weekday() < 5 and day not in off)) for day in days]
