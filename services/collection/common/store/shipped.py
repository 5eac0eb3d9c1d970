"""The data shipped with the product: regions with their districts, policy packs, workdays."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from services.collection.common.domain.return_code import ReturnCode
from services.collection.handling.domain.cut_off import CutOffRule
from services.collection.notice.domain import NoticeText
from services.collection.quality.domain.quality import Check, CheckKind

_DATA = files("services.collection") / "data"


def read(name: str) -> Any:
    """Read a JSON file of the shipped data, or the installation's own file in its place."""
    return json.loads((_own.get(name) or _DATA / name).read_text(encoding="utf-8"))


_own: dict[str, Path] = {}
"""Files of an installation's own, by the shipped file that they stand for."""


def use_regions(path: Path | None) -> None:
    """Take regions and districts from an installation's own file; None: those shipped."""
    _own.clear()
    if path is not None:
        _own["regions.json"] = path
    regions.cache_clear()
    districts_of.cache_clear()


@cache
def regions() -> list[dict[str, Any]]:
    """The regions (统筹区): code, name, centre, districts with code and name."""
    found: list[dict[str, Any]] = read("regions.json")["regions"]
    return found


@cache
def districts_of(region: str) -> frozenset[str]:
    """Codes of a region's districts; empty for a region that the data does not know."""
    return frozenset(
        district["code"]
        for known in regions()
        if known["code"] == region
        for district in known["districts"]
    )


def packs() -> list[dict[str, Any]]:
    """The policy packs that are installed, by name."""
    return _packs_in("policies")


def templates() -> list[dict[str, Any]]:
    """Packs to start from: shipped, but not in force before two people publish them."""
    return _packs_in("policy_templates")


def _packs_in(name: str) -> list[dict[str, Any]]:
    folder = _DATA / name
    return [
        json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if file.name.endswith(".json")
    ]


def debit_reasons() -> dict[str, Any]:
    """Classes of reasons why a debit is refused, and the raw codes known of each."""
    found: dict[str, Any] = read("debit_reasons.json")
    return found


@cache
def return_codes() -> tuple[ReturnCode, ...]:
    """Why papers are sent back."""
    return tuple(
        ReturnCode(**{**code, "papers": tuple(code["papers"])})
        for code in read("return_codes.json")["codes"]
    )


@cache
def cut_off_rules() -> tuple[CutOffRule, ...]:
    """Until which day of the following month a period's summaries are regular, by region."""
    return tuple(CutOffRule(**rule) for rule in read("summary_calendar.json")["rules"])


@cache
def quality_checks() -> tuple[Check, ...]:
    """What is checked of registered and declared data."""
    return tuple(
        Check(**{**check, "kind": CheckKind(check["kind"])})
        for check in read("quality_checks.json")["checks"]
    )


@cache
def quality_subjects() -> dict[str, str]:
    """What checks look at, in Chinese."""
    found: dict[str, str] = read("quality_checks.json")["subjects"]
    return found


@cache
def notice_texts() -> tuple[NoticeText, ...]:
    """What printed notices say, each sentence in force on its days."""
    return tuple(
        NoticeText(
            notice=row["notice"],
            in_force_from=date.fromisoformat(row["in_force_from"]),
            in_force_to=date.fromisoformat(row["in_force_to"]) if row["in_force_to"] else None,
            text=row["text"],
            source=row["source"],
            certain=row["certain"],
        )
        for row in read("notice_texts.json")["texts"]
    )


def place_of(district: str) -> tuple[str, str]:
    """The centre that a district belongs to and the district, by their names."""
    for known in regions():
        for one in known["districts"]:
            if one["code"] == district:
                return str(known["centre"]), str(one["name"])
    return "", district


def region_of(district: str) -> str | None:
    """The region that a district belongs to."""
    for known in regions():
        if any(district == one["code"] for one in known["districts"]):
            return str(known["code"])
    return None


def calendar_days() -> list[tuple[date, bool]]:
    """Every day that the national workday calendar covers, and whether people work on it."""
    known = read("workdays.json")
    off = {date.fromisoformat(day) for day in known["days_off_on_weekdays"]}
    on = {date.fromisoformat(day) for day in known["workdays_on_weekends"]}
    first, last = date(known["years"][0], 1, 1), date(known["years"][1], 12, 31)
    days = (first + timedelta(number) for number in range((last - first).days + 1))
    return [(day, day in on or (day.weekday() < 5 and day not in off)) for day in days]
