"""Levy by default (未按规定申报): last month's amounts times a factor, line by line.

社会保险法第六十二条: a unit that did not declare is levied 110 % of its amount of the month before; once it
has declared, the difference is settled.
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
    """The factor of a levy by default, and its source.

    `compounds`: a second default in a row is based on the first one (上月缴费额); otherwise on the last
    amount that was declared.
    """

    factor_ppm: int = FACTOR_PPM
    source: str = ""
    compounds: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMonthLine:
    """Last month's amount of one insurance, party, account and fund (fen).

    `base_fen` is the amount that it was calculated from, if last month was itself levied by
    default.
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
    """A line levied by default: `base_fen` is last month's amount, before the factor."""

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
    """Multiply last month's lines by the factor, each rounded once.

    `funds` maps insurances to this month's funds; an insurance that the policy no longer has stays
    in last month's fund.
    """
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
