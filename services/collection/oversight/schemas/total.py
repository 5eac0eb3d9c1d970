"""Shapes of collection's totals (征缴合计)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from pydantic import Field

from services.collection.oversight.flows.total import CollectionTotals
from services.collection.oversight.store.total import Amounts
from shared.schema import Out, YuanOut


class AmountsOut(Out):
    """Amounts declared, billed, collected and open.

    `billed` is the present amount of the bills, so open = billed − collected. `credits` are reductions
    by restated months that have not lowered a bill yet. Over all periods, once everything is billed,
    declared = billed − credits − refunded, and the memo book's receivable is open − credits.
    """

    declared: YuanOut
    billed: YuanOut
    collected: YuanOut
    open: YuanOut
    credits: YuanOut = Field(description="待抵贷项 (unused credits)")
    refunded: YuanOut = Field(description="贷项已退费 (credits refunded in money)")


class ChargesOut(Out):
    """Late fees and interest billed so far, apart from contributions."""

    billed: YuanOut
    collected: YuanOut
    open: YuanOut

    @classmethod
    def of(cls, parts: Iterable[Amounts]) -> ChargesOut:
        """Add up the amounts."""
        billed = collected = 0
        for part in parts:
            billed += part.billed_fen
            collected += part.collected_fen
        return cls(billed=billed, collected=collected, open=billed - collected)


class ReceivedOut(Out):
    """Money per channel."""

    bank_debit: YuanOut
    tax: YuanOut

    @classmethod
    def of(cls, fen: Mapping[str, int]) -> ReceivedOut:
        """Build the answer; a channel without money is zero."""
        return cls(bank_debit=fen.get("bank_debit", 0), tax=fen.get("tax", 0))


class CollectionTotalsOut(Out):
    """Collection's totals of a range of periods."""

    period_from: str
    period_to: str
    district: str | None
    funds: dict[str, AmountsOut]
    insurances: dict[str, AmountsOut]
    units: int
    people: int = Field(description="申报人次 (people declared, counted once per period)")
    bills: int
    open_bills: int
    charges: ChargesOut
    suspended: YuanOut
    received: ReceivedOut = Field(
        description="到账,含暂收款,未减退回 (gross: suspense included, returns not taken off)"
    )
    returned: ReceivedOut = Field(description="其中银行已退回 (what the bank took back of it)")
    net_received: ReceivedOut = Field(
        description="到账净额,与账簿存款户相符 (received less returned: what the books have of it)"
    )

    @classmethod
    def of(cls, found: CollectionTotals) -> CollectionTotalsOut:
        """Build the answer."""
        parts, received = found.contributions, found.received
        return cls(
            period_from=found.periods.period_from,
            period_to=found.periods.period_to,
            district=found.periods.district,
            funds=amounts_by((part.fund, part) for part in parts),
            insurances=amounts_by((part.insurance, part) for part in parts),
            charges=ChargesOut.of(found.charges),
            suspended=sum(one.suspended_fen for one in received.values()),
            received=ReceivedOut.of({name: one.amount_fen for name, one in received.items()}),
            returned=ReceivedOut.of({name: one.returned_fen for name, one in received.items()}),
            net_received=ReceivedOut.of({name: one.net_fen for name, one in received.items()}),
            **found.counts,
        )


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
