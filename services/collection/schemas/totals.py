"""Shapes of totals."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from services.collection.store.totals import Amounts
from shared.schema import Out, YuanOut


class AmountsOut(Out):
    """Declared, billed, collected, and what is open of the bills."""

    declared: YuanOut
    billed: YuanOut
    collected: YuanOut
    open: YuanOut


class ChargesOut(Out):
    """Late fees and interest fixed so far, apart from contributions."""

    billed: YuanOut
    collected: YuanOut
    open: YuanOut

    @classmethod
    def of(cls, parts: Iterable[Amounts]) -> ChargesOut:
        """Summed up."""
        billed = collected = 0
        for part in parts:
            billed += part.billed_fen
            collected += part.collected_fen
        return cls(billed=billed, collected=collected, open=billed - collected)


class ReceivedOut(Out):
    """Money received, per channel, suspense included."""

    bank_debit: YuanOut
    tax: YuanOut


class TotalsOut(Out):
    """Collection's own totals of a range of periods."""

    period_from: str
    period_to: str
    district: str | None
    funds: dict[str, AmountsOut]
    insurances: dict[str, AmountsOut]
    units: int
    people: int = Field(description="申报人次 (people declared, counted once a period)")
    bills: int
    open_bills: int
    charges: ChargesOut
    suspended: YuanOut
    received: ReceivedOut


def amounts_by(parts: Iterable[tuple[str, Amounts]]) -> dict[str, AmountsOut]:
    """Add up amounts by name."""
    sums: dict[str, list[int]] = {}
    for name, part in parts:
        known = sums.setdefault(name, [0, 0, 0])
        known[0] += part.declared_fen
        known[1] += part.billed_fen
        known[2] += part.collected_fen
    return {
        name: AmountsOut(
            declared=declared, billed=billed, collected=collected, open=billed - collected
        )
        for name, (declared, billed, collected) in sorted(sums.items())
    }
