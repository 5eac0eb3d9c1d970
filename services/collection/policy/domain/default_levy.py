"""Levy by default (未按规定申报): last month's amounts times a factor, unit by unit and line by line.

社会保险法第六十二条: a unit that did not declare as it should is levied 110 % of what was levied for it
the month before; once it has declared, the difference is settled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.money import Rounding, levy

RULE: Final = "default"
"""The rule of every line that is levied so."""
FACTOR_PPM: Final = 1_100_000
"""百分之一百一十, where a pack does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultLevy:
    """The factor and its source. `compounds`: a second month in a row is levied on the first one's
    default (上月缴费额); else on the last amount that rests on a declaration."""

    factor_ppm: int = FACTOR_PPM
    source: str = ""
    compounds: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMonthLine:
    """What last month's paper levied by itself for one insurance, party, account and fund (fen).

    `base_fen` is what that was taken from, where the paper was itself a default.
    """

    unit_id: int
    insurance: str
    party: str
    account: str
    fund: str
    base_fen: int
    amount_fen: int
    by_default: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultLine:
    """A line levied by default: `base_fen` is the amount of the month that the factor is put to."""

    unit_id: int
    insurance: str
    party: str
    account: str
    fund: str
    base_fen: int
    amount_fen: int


def default_lines(
    rule: DefaultLevy, rounding: Rounding, funds: Mapping[str, str], last: Iterable[LastMonthLine]
) -> list[DefaultLine]:
    """Each line of last month times the factor, rounded once; `funds` are this month's by insurance,
    an insurance that the policy has no more stays in last month's fund."""
    made = []
    for line in last:
        base_fen = line.base_fen if line.by_default and not rule.compounds else line.amount_fen
        made.append(
            DefaultLine(
                unit_id=line.unit_id,
                insurance=line.insurance,
                party=line.party,
                account=line.account,
                fund=funds.get(line.insurance, line.fund),
                base_fen=base_fen,
                amount_fen=levy(base_fen, rule.factor_ppm, rounding),
            )
        )
    return made
