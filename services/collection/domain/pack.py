"""Read a policy pack: from its JSON shape to frozen values, naming every value it cannot read.

The shape itself (members, lists, lengths) is the door's business; here are amounts, rates, days.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.collection.domain import charge_pack
from services.collection.domain.policy import BaseKind, Exemption, Limit, Policy, Rate
from shared.errors import Fault, Refusal
from shared.fund import AccountKind, Party
from shared.money import Rounding, RoundingMode, parse_rate, parse_yuan

_LONG_RATE = re.compile(r"^(0|[1-9][0-9]{0,2})\.[0-9]{7,}$")


def read(content: Mapping[str, Any]) -> Policy:
    """The policy in a stored pack, which was checked before it was stored."""
    policy, faults = attempt(content)
    assert not faults, "a stored pack has been checked"
    return policy


def attempt(content: Mapping[str, Any]) -> tuple[Policy, list[Fault]]:
    """The policy in a pack of the right shape, and what could not be read in it (put as 0, None)."""
    faults: list[Fault] = []
    policy = Policy(
        pack=content["pack"],
        region=content["region"],
        title=content["title"],
        in_force_from=date.fromisoformat(content["in_force_from"]),
        in_force_to=_day(content["in_force_to"]),
        sources={row["id"]: (row["text"], row["certain"]) for row in content["sources"]},
        rounding=_rounding(content["rounding"]),
        insurances=tuple(content["insurances"]),
        funds={row["insurance"]: row["fund"] for row in content["fund_map"]},
        suspense_fund=content["suspense_fund"],
        receipt_accounts={row["channel"]: row["account"] for row in content["receipt_accounts"]},
        rates=_rates(content["rates"], faults),
        exemptions=tuple(
            Exemption(
                insurance=row["insurance"],
                unit_kinds=tuple(row["unit_kinds"]),
                source=row["source"],
            )
            for row in content["exempt"]
        ),
        limits=_limits(content["limits"], faults),
        due_day=content["calendar"]["due_day"],
        allocation_order=content["allocation"]["order"],
        charges=charge_pack.attempt(content, _rate, _known_amount, faults),
    )
    return policy, faults


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _rounding(row: Mapping[str, Any]) -> Rounding:
    return Rounding(parse_yuan(row["unit"]), RoundingMode(row["mode"]))


def _rates(rows: Sequence[Mapping[str, Any]], faults: list[Fault]) -> tuple[Rate, ...]:
    return tuple(
        Rate(
            id=row["id"],
            insurance=row["insurance"],
            party=Party(row["party"]),
            unit_kinds=tuple(row["unit_kinds"]),
            injury_class=row["injury_class"],
            rate_ppm=_rate(row["rate"], f"/rates/{number}/rate", faults),
            base=BaseKind(row["base"]),
            account=AccountKind(row["account"]),
            source=row["source"],
        )
        for number, row in enumerate(rows)
    )


def _limits(rows: Sequence[Mapping[str, Any]], faults: list[Fault]) -> tuple[Limit, ...]:
    return tuple(
        Limit(
            id=row["id"],
            insurance=row["insurance"],
            floor_fen=_amount(row["floor"], f"/limits/{number}/floor", faults),
            ceiling_fen=_amount(row["ceiling"], f"/limits/{number}/ceiling", faults),
            source=row["source"],
        )
        for number, row in enumerate(rows)
    )


def _rate(text: str, pointer: str, faults: list[Fault]) -> int:
    if _LONG_RATE.match(text):
        faults.append(
            Fault(
                pointer, "RATE_ROUNDS_AWAY", "费率超过六位小数,尾数会丢失 (more than six decimals)"
            )
        )
        return 0
    try:
        return parse_rate(text)
    except Refusal as refusal:
        faults.append(Fault(pointer, refusal.code, refusal.message))
        return 0


def _known_amount(text: str, pointer: str, faults: list[Fault]) -> int:
    return _amount(text, pointer, faults) or 0


def _amount(text: str | None, pointer: str, faults: list[Fault]) -> int | None:
    if text is None:
        return None
    try:
        return parse_yuan(text)
    except Refusal as refusal:
        faults.append(Fault(pointer, refusal.code, refusal.message))
        return None
