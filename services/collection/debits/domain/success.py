"""Success of direct debits (扣款成功率): by bank, unit or reason. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.money import PPM


class SuccessBy(StrEnum):
    """The grouping of a report of success."""

    BANK = "bank"
    UNIT = "unit"
    REASON = "reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitSuccess:
    """The lines of one bank, unit or reason over some days. A returned line is no success.

    Of a report by reason, the key is the class of reasons and the raw code; settled lines have none.
    """

    key: str
    lines: int
    total_fen: int
    settled_lines: int
    settled_fen: int
    refused_lines: int
    returned_lines: int
    open_lines: int

    @property
    def rate_ppm(self) -> int | None:
        """Return the share of settled lines in those with a final result; None without one."""
        final = self.lines - self.open_lines
        return (2 * self.settled_lines * PPM + final) // (2 * final) if final else None
