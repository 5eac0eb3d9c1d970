"""Sums of levied lines by party, insurance and fund (fen)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.collection.levy.domain.levy import ContributionLine
from shared.fund import Party


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums of some lines, in fen."""

    unit_fen: int
    personal_fen: int
    by_insurance: Mapping[str, int]
    by_fund: Mapping[str, int]

    @property
    def total_fen(self) -> int:
        """Return the sum of both parties."""
        return self.unit_fen + self.personal_fen


def totals(parts: Iterable[tuple[Party, str, str, int]]) -> Totals:
    """Add up (party, insurance, fund, amount in fen)."""
    by_party: dict[Party, int] = defaultdict(int)
    by_insurance: dict[str, int] = defaultdict(int)
    by_fund: dict[str, int] = defaultdict(int)
    for party, insurance, fund, amount_fen in parts:
        by_party[party] += amount_fen
        by_insurance[insurance] += amount_fen
        by_fund[fund] += amount_fen
    return Totals(
        unit_fen=by_party[Party.UNIT],
        personal_fen=by_party[Party.PERSONAL],
        by_insurance=dict(by_insurance),
        by_fund=dict(by_fund),
    )


def totals_of(lines: Iterable[ContributionLine]) -> Totals:
    """Add up lines."""
    return totals((line.party, line.insurance, line.fund, line.amount_fen) for line in lines)
