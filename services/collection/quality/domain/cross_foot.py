"""Cross-footing (表内勾稽): comparing a report's stated total with the sum of its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CrossFoot:
    """A report's stated total and the sum of its lines, in the same unit of money."""

    stated: int
    sum: int

    @property
    def difference(self) -> int:
        """Return the sum of the lines less the stated total."""
        return self.sum - self.stated

    @property
    def ok(self) -> bool:
        """Tell whether the report adds up."""
        return self.sum == self.stated


def cross_foot(stated: int, lines: Sequence[int]) -> CrossFoot:
    """Add up a report's lines and compare them with its stated total."""
    return CrossFoot(stated, sum(lines))
