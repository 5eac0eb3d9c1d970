"""The adjustment fund (调剂金): payments into it and grants from it, with their caps.

Payments into it are a share of last year's collection, until the fund has reached a share of this
year's. Grants go to districts that follow the common policy, paid up in full and on time, and met
their targets. A grant covers at most a share of the gap that the district's own surplus leaves. When
the requests exceed the fund, all are reduced pro rata. The local government bears the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.settlement.domain.refusals import BeyondCap, NoAdjustmentRule
from services.ledger.settlement.domain.settlement import SettlementPart
from shared.errors import Fault
from shared.money import PPM, Rounding, RoundingMode, allot, format_yuan, scale

_DOWN = Rounding(mode=RoundingMode.DOWN)
"""Caps are rounded down, so that no amount exceeds its cap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentRule:
    """A dated rule of one fund. Shares are in parts per million."""

    fund: str
    paid_up_ppm: int
    size_cap_ppm: int
    gap_share_ppm: int
    in_force_from: date
    in_force_to: date | None
    source: str
    certainty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentTotals:
    """A fund's collection and adjustment money in the books, in fen.

    `paid_up_fen` is 上解上级支出 less 上级补助收入: money held by the level above. `gathered_fen` is
    下级上解收入 less 补助下级支出: money that this level may grant.
    """

    last_year_fen: int = 0
    this_year_fen: int = 0
    paid_up_fen: int = 0
    paid_up_this_year_fen: int = 0
    gathered_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRequest:
    """A district's request for one fund: its gap, its surplus, and the conditions it meets."""

    fund: str
    district: str
    gap_fen: int
    own_surplus_fen: int
    follows_policy: bool
    paid_up_in_full: bool
    met_targets: bool

    @property
    def is_eligible(self) -> bool:
        """Tell whether it meets every condition of a grant."""
        return self.follows_policy and self.paid_up_in_full and self.met_targets


def due(rule: AdjustmentRule, books: AdjustmentTotals) -> int:
    """Return what may still be paid up this year, in fen."""
    share_fen = scale(books.last_year_fen, rule.paid_up_ppm, PPM, _DOWN)
    room_fen = scale(books.this_year_fen, rule.size_cap_ppm, PPM, _DOWN) - books.paid_up_fen
    return max(0, min(share_fen - books.paid_up_this_year_fen, room_fen))


def capped(rule: AdjustmentRule, request: GrantRequest) -> int:
    """Return the most that one request may be granted, in fen."""
    if not request.is_eligible:
        return 0
    uncovered_fen = max(0, request.gap_fen - request.own_surplus_fen)
    return min(uncovered_fen, scale(request.gap_fen, rule.gap_share_ppm, PPM, _DOWN))


def grants(rule: AdjustmentRule, requests: Sequence[GrantRequest], available_fen: int) -> list[int]:
    """Return grants in the order of the requests; together at most what is available."""
    caps = [capped(rule, request) for request in requests]
    if sum(caps) <= max(0, available_fen):
        return caps
    return allot(max(0, available_fen), caps)


def granted_parts(
    requests: Sequence[GrantRequest],
    rules: Mapping[str, AdjustmentRule],
    totals: Mapping[str, AdjustmentTotals],
) -> tuple[SettlementPart, ...]:
    """Return what districts' requests are granted.

    Raises:
        NoAdjustmentRule: a fund has no rule.
    """
    parts: list[SettlementPart] = []
    for fund in dict.fromkeys(request.fund for request in requests):
        if fund not in rules:
            raise NoAdjustmentRule(funds=fund)
        of_fund = [request for request in requests if request.fund == fund]
        amounts = grants(rules[fund], of_fund, totals.get(fund, AdjustmentTotals()).gathered_fen)
        parts += [
            SettlementPart(fund=fund, district=request.district, amount_fen=amount_fen)
            for request, amount_fen in zip(of_fund, amounts, strict=True)
        ]
    return tuple(parts)


def remittance_refusal(
    parts: Sequence[SettlementPart],
    rules: Mapping[str, AdjustmentRule],
    totals: Mapping[str, AdjustmentTotals],
) -> LedgerRefusal | None:
    """Return why amounts cannot be paid up to the level above; None when they can."""
    missing = [part.fund for part in parts if part.fund not in rules]
    if missing:
        return NoAdjustmentRule(funds=" ".join(missing))
    faults = []
    for i, part in enumerate(parts):
        of_fund = totals.get(part.fund)
        due_fen = due(rules[part.fund], of_fund) if of_fund else 0
        if part.amount_fen > due_fen:
            message = (
                f"{part.fund}: due={format_yuan(due_fen)}, asked={format_yuan(part.amount_fen)}"
            )
            faults.append(Fault(f"/amounts/{i}/amount", BeyondCap.code, message))
    return BeyondCap(faults=faults) if faults else None


def grant_refusal(
    amounts_fen: Mapping[str, int], totals: Mapping[str, AdjustmentTotals]
) -> LedgerRefusal | None:
    """Return why amounts (fund → fen) cannot be granted; None when they can."""
    faults = []
    for fund, amount_fen in amounts_fen.items():
        available_fen = totals.get(fund, AdjustmentTotals()).gathered_fen
        if amount_fen > max(0, available_fen):
            message = (
                f"{fund}: available={format_yuan(available_fen)}, asked={format_yuan(amount_fen)}"
            )
            faults.append(Fault("/requests", BeyondCap.code, message))
    return BeyondCap(faults=faults) if faults else None
