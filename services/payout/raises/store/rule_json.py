"""The rule of a raise as the database keeps it: JSON, months as text, amounts in fen."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from services.payout.raises.domain.rule import RaiseGroup, RaiseRule, YearCount
from shared.money import Rounding, RoundingMode
from shared.period import Period

_MONTHS = ("born_from", "born_to", "retired_from", "retired_to")


def dumped(rule: RaiseRule) -> dict[str, Any]:
    """Write a rule as JSON values."""
    return {
        "groups": [
            {
                name: str(value) if isinstance(value, Period) else value
                for name, value in _plain(group).items()
            }
            for group in rule.groups
        ],
        "years": rule.years.value,
        "rounding": {"unit_fen": rule.rounding.unit_fen, "mode": rule.rounding.mode.value},
        "floor_fen": rule.floor_fen,
        "cap_fen": rule.cap_fen,
        "least_fen": rule.least_fen,
    }


def _plain(group: RaiseGroup) -> dict[str, Any]:
    return asdict(group) | {name: getattr(group, name) for name in _MONTHS}


def loaded(value: dict[str, Any]) -> RaiseRule:
    """Read a stored rule."""
    rounding = value["rounding"]
    return RaiseRule(
        groups=tuple(
            RaiseGroup(
                **group
                | {name: Period.parse(group[name]) if group[name] else None for name in _MONTHS}
            )
            for group in value["groups"]
        ),
        years=YearCount(value["years"]),
        rounding=Rounding(rounding["unit_fen"], RoundingMode(rounding["mode"])),
        floor_fen=value["floor_fen"],
        cap_fen=value["cap_fen"],
        least_fen=value["least_fen"],
    )
