"""Cross-footing (表内勾稽): whether the lines of a report add up to the total it states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CrossFoot:
    """A report's stated total beside the sum of its lines; in one unit of money, whichever."""

    stated: int
    sum: int

    @property
    def difference(self) -> int:
        """What the lines hold above the stated total."""
        return self.sum - self.stated

    @property
    def ok(self) -> bool:
        """Whether it adds up."""
        return self.sum == self.stated


def cross_foot(stated: int, lines: Sequence[int]) -> CrossFoot:
    """Add up a report's lines and compare them with its stated total."""
    return CrossFoot(stated, sum(lines))
