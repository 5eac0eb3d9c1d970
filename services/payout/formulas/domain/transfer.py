"""The pooled part of a transfer to another city (转移统筹基金): a share of the paid bases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.payout.formulas.domain.person import PENSION, PersonRecord
from services.payout.formulas.domain.value import FormulaRule, ValueReader
from services.payout.formulas.domain.worksheet import percent
from shared.money import PPM, format_yuan, scale


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledShare:
    """The share of the bases from a year on that moves with the person."""

    ratio_ppm: int
    from_year: int

    def bases_fen(self, record: PersonRecord) -> int:
        """Add up the bases of the paid months that count."""
        return sum(
            year.bases_fen
            for year in record.years
            if year.insurance == PENSION and year.year >= self.from_year
        )

    def pooled_fen(self, record: PersonRecord) -> int:
        """Compute the pooled part of all paid months, half up to the fen."""
        return scale(self.bases_fen(record), self.ratio_ppm, PPM)

    def formula(self, record: PersonRecord) -> str:
        """Write the calculation, for the trail."""
        bases, pooled = format_yuan(self.bases_fen(record)), format_yuan(self.pooled_fen(record))
        return f"{bases} × {percent(self.ratio_ppm)} = {pooled}"


def _read(value: ValueReader) -> PooledShare:
    return PooledShare(ratio_ppm=value.rate("ratio"), from_year=value.whole("from_year"))


TRANSFER_POOLED: Final = FormulaRule("transfer_pooled", "转移统筹基金", _read)
