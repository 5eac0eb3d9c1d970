"""Changes of a unit's registered facts (变更登记): approval, validity, and the facts on a past day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from services.collection.register.domain.unit import Unit
from shared.errors import Fault

CHANGEABLE: Final = (
    "name",
    "kind",
    "injury_class",
    "injury_step",
    "size",
    "district",
    "collector",
    "bank",
    "status",
)
TWO_PEOPLE: Final = frozenset(
    {"kind", "injury_class", "injury_step", "size", "district", "collector", "bank"}
)
"""Facts that change an amount, its source or the responsible district. A second person approves."""
BY_THE_PERIOD: Final = ("kind", "injury_class", "injury_step", "size")
"""Facts that determine a levy, taken as of the first day of the period."""


def facts_of(unit: Unit) -> dict[str, Any]:
    """Return the facts of a unit that may change."""
    known = asdict(unit)
    return {name: known[name] for name in CHANGEABLE}


def changed(unit: Unit, facts: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Compare requested facts with the registered ones; return the old and the new values."""
    known = facts_of(unit)
    after = {name: value for name, value in facts.items() if known[name] != value}
    return {name: known[name] for name in after}, after


def needs_second_person(after: Mapping[str, Any]) -> bool:
    """Tell whether a second person must approve a change."""
    return not TWO_PEOPLE.isdisjoint(after)


def faults_in(
    unit: Unit, after: Mapping[str, Any], districts: frozenset[str], enrolled: int
) -> Iterator[Fault]:
    """Check a unit as it would be after a change; `enrolled` people are enrolled at it."""
    result = replace(unit, **after)
    if result.district not in districts:
        yield Fault("/facts/district", "DISTRICT_UNKNOWN", "未知分中心 (unknown district)")
    if result.collector == "bank_debit" and result.bank is None:
        yield Fault(
            "/facts/bank_account",
            "BANK_ACCOUNT_MISSING",
            "托收单位须登记银行账户 (a unit paid by debit needs a bank account)",
        )
    if after.get("status") == "closed" and enrolled:
        yield Fault(
            "/facts/status",
            "UNIT_HAS_PEOPLE",
            f"单位尚有在保人员,不得注销 (people are still enrolled): {enrolled}",
        )
    if unit.status == "closed" and after.get("status") != "active":
        yield Fault("/facts", "UNIT_CLOSED", "单位已注销 (the unit is closed)")


def facts_before(unit: Unit, earlier: Iterable[Mapping[str, Any]]) -> Unit:
    """Return a unit as it was before later changes, given the old values of each, latest first.

    Only facts that determine a levy are restored: today's district also handles the unit's past.
    """
    facts: dict[str, Any] = {}
    for before in earlier:
        facts |= {name: before[name] for name in BY_THE_PERIOD if name in before}
    return replace(unit, **facts) if facts else unit
