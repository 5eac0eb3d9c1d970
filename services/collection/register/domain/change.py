"""Changes of a unit's registered facts (变更登记): which need a second person, and facts by the day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from services.collection.register.domain.unit import Unit
from shared.errors import Fault

CHANGEABLE: Final = (
    "name", "kind", "injury_class", "injury_step", "size", "district", "collector", "bank", "status",
)  # fmt: skip
TWO_PEOPLE: Final = frozenset(
    {"kind", "injury_class", "injury_step", "size", "district", "collector", "bank"}
)
"""What changes an amount, where it comes from, or who handles it: one proposes, another approves."""
BY_THE_PERIOD: Final = ("kind", "injury_class", "injury_step", "size")
"""What a levy goes by: as it was on the first day of the period."""


def facts_of(unit: Unit) -> dict[str, Any]:
    """The facts of a unit that may change."""
    known = asdict(unit)
    return {name: known[name] for name in CHANGEABLE}


def changed(unit: Unit, asked: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after, of the asked facts that differ from the registered ones."""
    known = facts_of(unit)
    after = {name: value for name, value in asked.items() if known[name] != value}
    return {name: known[name] for name in after}, after


def needs_second_person(after: Mapping[str, Any]) -> bool:
    """Whether somebody else has to approve a change."""
    return not TWO_PEOPLE.isdisjoint(after)


def faults_in(
    unit: Unit, after: Mapping[str, Any], districts: frozenset[str], living: int
) -> Iterator[Fault]:
    """What is wrong with a unit after a change; `living` people are enrolled at it."""
    then = replace(unit, **after)
    if then.district not in districts:
        yield Fault("/facts/district", "DISTRICT_UNKNOWN", "未知分中心 (unknown district)")
    if then.collector == "bank_debit" and then.bank is None:
        yield Fault(
            "/facts/bank_account",
            "BANK_ACCOUNT_MISSING",
            "托收单位须登记银行账户 (debits need an account)",
        )
    if after.get("status") == "closed" and living:
        yield Fault(
            "/facts/status",
            "UNIT_HAS_PEOPLE",
            f"单位尚有在保人员,不得注销 (people are still enrolled): {living}",
        )
    if unit.status == "closed" and after.get("status") != "active":
        yield Fault("/facts", "UNIT_CLOSED", "单位已注销 (the unit is closed)")


def as_they_were(unit: Unit, undone: Iterable[Mapping[str, Any]]) -> Unit:
    """A unit before later changes, given what stood before each of them, the latest first.

    Only what a levy goes by is taken back: whoever handles the unit today handles its past.
    """
    facts: dict[str, Any] = {}
    for before in undone:
        facts |= {name: before[name] for name in BY_THE_PERIOD if name in before}
    return replace(unit, **facts) if facts else unit
