"""Rates of reports: a share of a whole, in parts per million. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shared.money import PPM


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, counted or in fen. Nothing out of nothing is everything."""

    part: int
    whole: int

    @property
    def ppm(self) -> int:
        """The share in parts per million, rounded down: only the whole is 100 %."""
        return PPM if self.whole == 0 else self.part * PPM // self.whole

    def plus(self, other: Share) -> Share:
        """Add up two shares of two wholes."""
        return Share(self.part + other.part, self.whole + other.whole)
