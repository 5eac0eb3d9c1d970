"""Faults of the city's own rules (本市规则). Pure.

A city changes texts, days and limits. What the code or a filed paper refers to stays: a return code
stays known for the papers that carry it, and a quality check keeps its meaning.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from shared.errors import Fault

Content = Mapping[str, Any]

_LISTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "summary_calendar": ("rules", ("region", "from_period")),
    "filing": ("regions", ("region",)),
    "levy_items": ("items", ("code",)),
    "notice_texts": ("texts", ("notice", "in_force_from")),
    "quality_checks": ("checks", ("id",)),
    "return_codes": ("codes", ("code",)),
    "waiver_reasons": ("reasons", ("code", "in_force_from")),
}
"""The list of each document, and the members that name a row of it."""
_STAYS: Final[Mapping[str, str]] = {
    "levy_items": "code",
    "notice_texts": "notice",
    "quality_checks": "id",
    "return_codes": "code",
    "waiver_reasons": "code",
}
"""The member whose values a correction may not leave out."""
FEN_MAX: Final = 10**12
NUMBER_MAX: Final = 10_000
"""The largest number of a limit that is no money: people or times, which checks multiply."""


def faults_in(
    rule: str,
    content: Content,
    present: Content,
    regions: Sequence[str],
    insurances: Collection[str],
) -> Iterator[Fault]:
    """Find the faults of a document whose shape is right.

    Args:
        rule: its name.
        content: as it shall become.
        present: as it is now.
        regions: codes of the known regions.
        insurances: codes of the known insurances.
    """
    name, key = _LISTS[rule]
    rows: Sequence[Content] = content[name]
    yield from _twice(name, rows, key)
    yield from _left_out(rule, name, rows, present[name])
    yield from _unknown_regions(name, rows, regions)
    yield from _unknown_insurances(name, rows, insurances)
    more = _MORE.get(rule)
    if more is not None:
        yield from more(content, present)


def _twice(name: str, rows: Sequence[Content], key: Sequence[str]) -> Iterator[Fault]:
    seen: set[tuple[Any, ...]] = set()
    for number, row in enumerate(rows):
        named = tuple(row[member] for member in key)
        if named in seen:
            shown = " ".join(map(str, named))
            yield Fault(f"/{name}/{number}", "ROW_TWICE", f"同一行出现两次 (twice): {shown}")
        seen.add(named)


def _left_out(
    rule: str, name: str, rows: Sequence[Content], present: Sequence[Content]
) -> Iterator[Fault]:
    member = _STAYS.get(rule)
    if member is None:
        return
    for missing in sorted({row[member] for row in present} - {row[member] for row in rows}):
        yield Fault(
            f"/{name}",
            "ROW_LEFT_OUT",
            f"不得删除,已有单据引用;可改文字或终止日 (papers refer to it; change it instead): {missing}",
        )


def _unknown_regions(name: str, rows: Sequence[Content], regions: Sequence[str]) -> Iterator[Fault]:
    for number, row in enumerate(rows):
        if "region" in row and row["region"] not in regions:
            yield Fault(
                f"/{name}/{number}/region",
                "REGION_UNKNOWN",
                f"无此统筹区 (no such region): {row['region']}",
            )


def _unknown_insurances(
    name: str, rows: Sequence[Content], insurances: Collection[str]
) -> Iterator[Fault]:
    for number, row in enumerate(rows):
        if "insurance" in row and row["insurance"] not in insurances:
            yield Fault(
                f"/{name}/{number}/insurance",
                "INSURANCE_UNKNOWN",
                f"无此险种 (no such insurance): {row['insurance']}",
            )


def _filing(content: Content, _: Content) -> Iterator[Fault]:
    known = {row["id"] for row in content["sources"]}
    for number, row in enumerate(content["regions"]):
        if row["source"] not in known:
            yield Fault(
                f"/regions/{number}/source", "SOURCE_UNKNOWN", "未列此依据 (no such source)"
            )
    if content["default"]["source"] not in known:
        yield Fault("/default/source", "SOURCE_UNKNOWN", "未列此依据 (no such source)")


def _notice_texts(content: Content, present: Content) -> Iterator[Fault]:
    known: dict[str, set[str]] = {}
    for row in present["texts"]:
        known.setdefault(row["notice"], set()).update(_places(row["text"]))
    for number, row in enumerate(content["texts"]):
        at = f"/texts/{number}"
        if row["notice"] not in known:
            yield Fault(f"{at}/notice", "NOTICE_UNKNOWN", "无此通知书 (no such notice)")
            continue
        try:
            places = set(_places(row["text"]))
        except ValueError as error:
            yield Fault(f"{at}/text", "TEXT_MALFORMED", f"花括号不成对 (braces): {error}")
            continue
        for place in _formatted_places(row["text"]):
            message = f"花括号内只写名称 (only a name in braces): {{{place}}}"
            yield Fault(f"{at}/text", "TEXT_MALFORMED", message)
        for place in sorted(places - known[row["notice"]]):
            yield Fault(
                f"{at}/text", "PLACE_UNKNOWN", f"无法填入 (nothing to fill in): {{{place}}}"
            )


def _places(text: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]


def _formatted_places(text: str) -> list[str]:
    """List the places that say how to write their value, which may not fit the value."""
    return [
        name
        for _, name, spec, conversion in string.Formatter().parse(text)
        if name is not None and (spec or conversion)
    ]


def _quality_checks(content: Content, present: Content) -> Iterator[Fault]:
    checks = {row["id"]: row for row in present["checks"]}
    for number, row in enumerate(content["checks"]):
        at = f"/checks/{number}"
        was = checks.get(row["id"])
        if was is None:
            yield Fault(f"{at}/id", "CHECK_UNKNOWN", f"无此检查项 (no such check): {row['id']}")
            continue
        for member in ("kind", "subject"):
            if row[member] != was[member]:
                yield Fault(f"{at}/{member}", "CHECK_FIXED", "检查项的含义不可改 (it is fixed)")
        if _shape(row["limits"]) != _shape(was["limits"]):
            yield Fault(
                f"{at}/limits",
                "LIMITS_FIXED",
                f"界限须为 (the limits are) {', '.join(was['limits']) or '(none)'}",
            )
        else:
            yield from _limit_faults(row["limits"], f"{at}/limits")
    if [row["id"] for row in content["targets"]] != [row["id"] for row in present["targets"]]:
        yield Fault("/targets", "TARGETS_FIXED", "目标只可改比例 (only shares can be changed)")
    for number, row in enumerate(content["targets"]):
        for unknown in sorted(set(row["checks"]) - checks.keys()):
            yield Fault(f"/targets/{number}/checks", "CHECK_UNKNOWN", unknown)


def _limit_faults(limits: Content, at: str) -> Iterator[Fault]:
    """Find limits that no statement of a check can take: no date, or out of range."""
    for name, limit in limits.items():
        most = FEN_MAX if name.endswith("_fen") else NUMBER_MAX
        if isinstance(limit, str):
            if not _is_date(limit):
                message = f"不是日期 (not a date): {limit}"
                yield Fault(f"{at}/{name}", "LIMIT_INVALID", message)
        elif not all(
            type(value) is int and 0 <= value <= most
            for value in (limit if isinstance(limit, list) else [limit])
        ):
            message = f"须为 0 至 {most} 的整数 (a whole number from 0 to {most})"
            yield Fault(f"{at}/{name}", "LIMIT_INVALID", message)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _shape(limits: Content) -> dict[str, type]:
    return {name: type(value) for name, value in limits.items()}


_MORE: Final[Mapping[str, Callable[[Content, Content], Iterator[Fault]]]] = {
    "filing": _filing,
    "notice_texts": _notice_texts,
    "quality_checks": _quality_checks,
}
