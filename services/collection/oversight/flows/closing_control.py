"""Collection's control totals for closing the books, as of a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.oversight.store import closing_control as closing_control_store
from services.collection.oversight.store import control_item as control_item_store
from services.collection.oversight.store.control_item import ITEMS, ControlPaper
from shared.cursor import cut, read_cursor
from shared.errors import Fault, Faulty
from shared.wire import moved
from shared.wire.control_item import ControlItem, ItemTotals, opening_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FundControl:
    """Control totals of one fund, in fen.

    For personal accounts `received` must equal `credited` plus the four reasons for a difference
    (part paid, in delivery, standing credits, unnamed). Anything else is an unexplained error.
    """

    receivable_fen: int
    collected_fen: int
    received_fen: int
    credited_fen: int
    part_paid_fen: int
    in_delivery_fen: int
    standing_credits_fen: int
    unnamed_fen: int
    items: Mapping[ControlItem, ItemTotals] = field(default_factory=dict)


async def control(tx: AsyncConnection, as_of: date) -> dict[str, FundControl]:
    """Compute the control totals of every fund at the end of a day."""
    opening = opening_of(as_of)
    items = await control_item_store.totals(tx, opening=opening, as_of=as_of)
    later, later_opening = await moved.later_than(tx, as_of), await moved.later_than(tx, opening)
    credited = await closing_control_store.credited(tx, as_of)
    uncredited = await closing_control_store.uncredited(tx, as_of)
    open_credits = await closing_control_store.standing_credits(tx, as_of)
    refunded = await closing_control_store.refunded_personal(tx, as_of)

    def of_fund(fund: str) -> FundControl:
        totals = {
            item: items.get(fund, {})
            .get(item, ItemTotals())
            .less(later.get((fund, item), 0), later_opening.get((fund, item), 0))
            for item in ITEMS
        }
        collected_fen = totals[ControlItem.COLLECTED].business_fen
        return FundControl(
            receivable_fen=totals[ControlItem.LEVIED].business_fen - collected_fen,
            collected_fen=collected_fen,
            received_fen=totals[ControlItem.PERSONAL].business_fen,
            credited_fen=credited.get(fund, 0),
            part_paid_fen=uncredited["part_paid"].get(fund, 0),
            in_delivery_fen=uncredited["in_delivery"].get(fund, 0)
            - later.get((fund, ControlItem.PERSONAL), 0),
            standing_credits_fen=open_credits.get(fund, 0) - refunded.get(fund, 0),
            unnamed_fen=uncredited["unnamed"].get(fund, 0),
            items=totals,
        )

    return {fund: of_fund(fund) for fund in sorted({*items, *credited})}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperQuery:
    """The papers of one item and fund at the end of a day; of one period, or of all."""

    item: ControlItem
    fund: str
    as_of: date
    period: str | None
    differing: bool


async def papers(
    tx: AsyncConnection, query: PaperQuery, cursor: str | None, limit: int
) -> tuple[Sequence[ControlPaper], str | None]:
    """Return a page of papers of an item, and the next cursor.

    Raises:
        Faulty: collection does not tell of this item.
        BadCursor: not a cursor of this query.
    """
    if query.item not in ITEMS:
        raise Faulty(faults=[Fault("/item", "ITEM_OF_ANOTHER_SERVICE", query.item.value)])
    filters = asdict(query)
    key = read_cursor(cursor, filters, (int, str, str)) if cursor else None
    rows = await control_item_store.papers(
        tx,
        query.item,
        as_of=query.as_of,
        fund=query.fund,
        period=query.period,
        differing=query.differing,
        after=(key[0], UUID(key[1]), key[2]) if key else None,
        limit=limit + 1,
    )
    return cut(rows, limit, lambda row: [row.key, str(row.id), row.period], filters)
