"""Published average wages (社会平均工资), and the limits and bases that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.money import PPM, Rounding, scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """A published monthly average wage, in fen."""

    id: str
    amount_fen: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FromAverage:
    """A factor applied to the mean of some averages (one year, or several), rounded once."""

    of: tuple[str, ...]
    factor_ppm: int
    rounding: Rounding

    def amount_fen(self, averages: Mapping[str, int]) -> int | None:
        """Calculate the amount in fen; None if an average is not known."""
        if not self.of or any(name not in averages for name in self.of):
            return None
        sum_fen = sum(averages[name] for name in self.of)
        return scale(sum_fen, self.factor_ppm, PPM * len(self.of), self.rounding)
