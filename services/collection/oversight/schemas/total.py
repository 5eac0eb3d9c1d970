"""Shapes of totals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from pydantic import Field

from services.collection.oversight.store.total import Amounts
from shared.schema import Out, YuanOut


class AmountsOut(Out):
    """Declared, billed, collected, and what is open of the bills.

    `billed` is what bills ask for now, so open = billed − collected. What restated months came to less
    and lowered no bill yet stands as `credits`. Over all periods declared = billed − credits −
    refunded once everything is billed, and the memo book's receivable is open − credits.
    """

    declared: YuanOut
    billed: YuanOut
    collected: YuanOut
    open: YuanOut
    credits: YuanOut = Field(description="待抵贷项 (credits that stand)")
    refunded: YuanOut = Field(description="贷项已退费 (credits given back in money)")


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


class CollectionTotalsOut(Out):
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
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for name, part in parts:
        sums[name].update(
            declared=part.declared_fen,
            billed=part.billed_fen,
            collected=part.collected_fen,
            credits=part.credits_fen,
            refunded=part.refunded_fen,
        )
    return {
        name: AmountsOut(open=of["billed"] - of["collected"], **of)
        for name, of in sorted(sums.items())
    }
