"""The adjustment fund (调剂金): what is paid up into it, and what it grants, with caps and pro rata.

Paid up: a share of last year's collection, until the fund has reached a share of this year's. It
grants to those who kept the common policy, paid up in full and on time and met their targets, a
share of their gap at most and only after their own surplus; when the requests exceed the fund, all
shrink alike. What is left is the local government's to bear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.money import PPM, Rounding, RoundingMode, allot, scale

_DOWN = Rounding(mode=RoundingMode.DOWN)
"""A cap is never rounded above itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentRule:
    """One dated rule of a fund; shares in parts per million, with their source."""

    fund: str
    paid_up_ppm: int
    size_cap_ppm: int
    gap_share_ppm: int
    in_force_from: date
    in_force_to: date | None
    source: str
    certainty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the books say about a fund's adjustment money, in fen.

    `paid_up_fen` is 上解上级支出 less 上级补助收入: what lies above. `gathered_fen` is 下级上解收入 less
    补助下级支出: what this level may grant.
    """

    last_year_fen: int = 0
    this_year_fen: int = 0
    paid_up_fen: int = 0
    paid_up_this_year_fen: int = 0
    gathered_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A district's request for one fund: its gap, its own surplus, and whether it did its part."""

    fund: str
    district: str
    gap_fen: int
    own_surplus_fen: int
    follows_policy: bool
    paid_up_in_full: bool
    met_targets: bool

    @property
    def is_eligible(self) -> bool:
        """Whether it may be granted anything at all."""
        return self.follows_policy and self.paid_up_in_full and self.met_targets


def due(rule: AdjustmentRule, books: Standing) -> int:
    """What may still be paid up this year, in fen."""
    share_fen = scale(books.last_year_fen, rule.paid_up_ppm, PPM, _DOWN)
    room_fen = scale(books.this_year_fen, rule.size_cap_ppm, PPM, _DOWN) - books.paid_up_fen
    return max(0, min(share_fen - books.paid_up_this_year_fen, room_fen))


def capped(rule: AdjustmentRule, request: Request) -> int:
    """What one request may be granted were the fund large enough, in fen."""
    if not request.is_eligible:
        return 0
    uncovered_fen = max(0, request.gap_fen - request.own_surplus_fen)
    return min(uncovered_fen, scale(request.gap_fen, rule.gap_share_ppm, PPM, _DOWN))


def grants(rule: AdjustmentRule, requests: Sequence[Request], available_fen: int) -> list[int]:
    """Grants in the order of the requests; together never more than is available."""
    caps = [capped(rule, request) for request in requests]
    wanted_fen = sum(caps)
    if wanted_fen <= max(0, available_fen):
        return caps
    return allot(max(0, available_fen), caps)
