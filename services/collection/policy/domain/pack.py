"""Policy packs: reading the JSON into frozen values, and naming every value that cannot be read.

The shape (members, lists, lengths) is checked before, in `schemas`; here are amounts, rates, days.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from services.collection.policy.domain import charge_pack as charge_pack_rules
from services.collection.policy.domain.allocation_order import order_of
from services.collection.policy.domain.pack_rows import PackReader
from services.collection.policy.domain.policy import Exemption, FundRow, Policy
from services.collection.policy.domain.rate import BaseKind, Limit, Rate
from shared.errors import Fault, Refusal
from shared.fund import AccountKind, Party
from shared.money import PPM, Rounding, RoundingMode, parse_rate, parse_yuan

_LONG_RATE = re.compile(r"^(0|[1-9][0-9]{0,2})\.[0-9]{7,}$")


def read(content: Mapping[str, Any]) -> Policy:
    """Read the policy of a stored pack, which was checked before it was stored."""
    policy, faults = attempt(content)
    assert not faults, "a stored pack has been checked"
    return policy


def attempt(content: Mapping[str, Any]) -> tuple[Policy, list[Fault]]:
    """Read the policy of a pack of the right shape, and list the unreadable values (read as 0 or
    None)."""
    faults: list[Fault] = []
    reader = PackReader(content, _rate, _known_amount, faults)
    averages = reader.averages()
    known = {row.id: row.amount_fen for row in averages}
    policy = Policy(
        pack=content["pack"],
        region=content["region"],
        title=content["title"],
        in_force_from=date.fromisoformat(content["in_force_from"]),
        in_force_to=_day(content["in_force_to"]),
        sources={row["id"]: (row["text"], row["certain"]) for row in content["sources"]},
        rounding=_rounding(content["rounding"]),
        insurances=tuple(content["insurances"]),
        fund_rows=tuple(_fund(row) for row in content["fund_map"]),
        suspense_fund=content["suspense_fund"],
        receipt_accounts={row["channel"]: row["account"] for row in content["receipt_accounts"]},
        rates=tuple(
            _read_rate(row, f"/rates/{number}", reader, known)
            for number, row in enumerate(content["rates"])
        ),
        exemptions=tuple(
            Exemption(
                insurance=row["insurance"],
                unit_kinds=tuple(row["unit_kinds"]),
                source=row["source"],
            )
            for row in content["exempt"]
        ),
        limits=tuple(
            _limit(row, f"/limits/{number}", reader, known)
            for number, row in enumerate(content["limits"])
        ),
        due_day=content["calendar"]["due_day"],
        allocation=order_of(content["allocation"], content["insurances"]),
        charges=charge_pack_rules.attempt(content, _rate, _known_amount, faults),
        level=content["rounding"].get("level") or "person",
        declare_day=content["calendar"].get("declare_day"),
        names={row["insurance"]: row["name"] for row in content.get("names") or ()},
        averages=averages,
        credits=reader.credits(),
        floating=reader.floating(),
        construction=reader.construction(),
        categories=reader.categories(known),
        default_levy=reader.default_levy(),
        bases_frozen=reader.frozen_bases(),
    )
    return policy, faults


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _rounding(row: Mapping[str, Any]) -> Rounding:
    return Rounding(parse_yuan(row["unit"]), RoundingMode(row["mode"]))


def _own_rounding(row: Mapping[str, Any] | None) -> Rounding | None:
    return None if row is None else _rounding(row)


def _fund(row: Mapping[str, Any]) -> FundRow:
    return FundRow(
        insurance=row["insurance"],
        fund=row["fund"],
        in_force_from=_day(row.get("in_force_from")) or date.min,
        in_force_to=_day(row.get("in_force_to")),
        source=row["source"],
    )


def _read_rate(
    row: Mapping[str, Any], at: str, reader: PackReader, averages: Mapping[str, int]
) -> Rate:
    base = BaseKind(row["base"])
    return Rate(
        id=row["id"],
        insurance=row["insurance"],
        party=Party(row["party"]),
        unit_kinds=tuple(row["unit_kinds"]),
        injury_class=row["injury_class"],
        # A fixed amount a head is levied whole.
        rate_ppm=PPM
        if row.get("rate") is None and base is BaseKind.HEAD
        else _rate(row.get("rate") or "", f"{at}/rate", reader.faults),
        base=base,
        account=AccountKind(row["account"]),
        source=row["source"],
        fixed_fen=_fixed(row, base, at, reader, averages),
        months=tuple(row.get("months") or ()),
        sum_of=None if row.get("sum_of") is None else BaseKind(row["sum_of"]),
        categories=tuple(row.get("categories") or ()),
        rounding=_own_rounding(row.get("rounding")),
        limit=_own_limit(row, at, reader, averages),
    )


def _own_limit(
    row: Mapping[str, Any], at: str, reader: PackReader, averages: Mapping[str, int]
) -> Limit | None:
    if row.get("limits") is None:
        return None
    named = {name: row[name] for name in ("id", "insurance", "source")}
    return _limit(named | row["limits"], f"{at}/limits", reader, averages)


def _fixed(
    row: Mapping[str, Any], base: BaseKind, at: str, reader: PackReader, averages: Mapping[str, int]
) -> int | None:
    if base is BaseKind.HEAD:
        return _amount(row.get("amount") or "", f"{at}/amount", reader.faults) or 0
    if base is BaseKind.CITY_AVERAGE:
        rule = reader.from_average(row.get("average"), f"{at}/average")
        return reader.taken(rule, averages, f"{at}/average") or 0
    return None


def _limit(
    row: Mapping[str, Any], at: str, reader: PackReader, averages: Mapping[str, int]
) -> Limit:
    floor_from = reader.from_average(row.get("floor_from"), f"{at}/floor_from")
    ceiling_from = reader.from_average(row.get("ceiling_from"), f"{at}/ceiling_from")
    floor_fen = _amount(row["floor"], f"{at}/floor", reader.faults)
    ceiling_fen = _amount(row["ceiling"], f"{at}/ceiling", reader.faults)
    derived = (
        reader.taken(floor_from, averages, f"{at}/floor_from"),
        reader.taken(ceiling_from, averages, f"{at}/ceiling_from"),
    )
    return Limit(
        id=row["id"],
        insurance=row["insurance"],
        floor_fen=derived[0] if floor_fen is None else floor_fen,
        ceiling_fen=derived[1] if ceiling_fen is None else ceiling_fen,
        source=row["source"],
        floor_from=floor_from,
        ceiling_from=ceiling_from,
        base_rounding=_own_rounding(row.get("base_rounding")),
    )


def _rate(text: str, pointer: str, faults: list[Fault]) -> int:
    if _LONG_RATE.fullmatch(text):
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
