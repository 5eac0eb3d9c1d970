"""Door of collection's control totals for closing the books (结账控制总数)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Final

from fastapi import Query

from services.collection.oversight.flows import closing_control as closing_control_flow
from services.collection.oversight.flows.closing_control import FundControl, PaperQuery
from services.collection.oversight.store.control_item import ControlPaper
from services.collection.reconciliation.flows import control as reconciliation_control_flow
from services.collection.reconciliation.flows.control import AccountControl
from shared import clock
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page
from shared.period import PERIOD_PATTERN
from shared.references import Reference
from shared.roles import CENTRE, Right
from shared.schema import Code
from shared.web.door_router import DoorRouter
from shared.wire.closing import (
    COLLECTION,
    CollectionControlOut,
    CollectionFundControlOut,
    ControlPaperOut,
    ItemTotalsOut,
    PersonalControlOut,
    ReconciliationControlOut,
    control_hash,
    hashed_items,
    hashed_reconciliation,
)
from shared.wire.control_item import ControlItem

router = DoorRouter()

_PAPERS: Final = {
    ControlItem.SUSPENSE: Reference.RECEIPT,
    ControlItem.REFUNDS: Reference.REFUND,
}
"""Item → the kind of its papers; those of all others are bills."""


@router.get(
    "/v1/closing-control",
    operation_id="get_collection_closing_control",
    summary="结账控制总数 · Control totals for closing",
)
async def get_closing_control(
    at: Annotated[Door, door(Right.READ_COLLECTION)],
    as_of: Annotated[
        date | None, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-31"])
    ] = None,
) -> CollectionControlOut:
    """Return control totals per fund at the end of a day, with their hash, for the ledger's closing."""
    at.caller.require_district(CENTRE)
    day = as_of or clock.today()
    found = await at.read(lambda tx: closing_control_flow.control(tx, day))
    accounts = await at.read(lambda tx: reconciliation_control_flow.control(tx, day))
    return _out(day, found, accounts)


@router.get(
    "/v1/closing-control/papers",
    operation_id="list_collection_control_papers",
    summary="三数差异单据 · Papers behind a difference of a closing",
)
async def list_control_papers(
    at: Annotated[Door, door(Right.READ_COLLECTION)],
    item: ControlItem,
    fund: Annotated[Code, Query(examples=["pension"])],
    as_of: Annotated[
        date | None, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-31"])
    ] = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    differing: Annotated[
        bool, Query(description="只列业务数与统计数不同者 (only papers that differ)")
    ] = True,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ControlPaperOut]:
    """List the bills or receipts of an item, on which business and statistics differ."""
    at.caller.require_district(CENTRE)
    query = PaperQuery(
        item=item, fund=fund, as_of=as_of or clock.today(), period=period, differing=differing
    )
    rows, following = await at.read(
        lambda tx: closing_control_flow.papers(tx, query, cursor, limit)
    )
    kind = _PAPERS.get(item, Reference.BILL)
    return Page[ControlPaperOut].of([_paper(row, kind) for row in rows], following)


def _paper(row: ControlPaper, kind: Reference) -> ControlPaperOut:
    return ControlPaperOut(
        paper=Ref(row.key, row.id).text(kind),
        fund=row.fund,
        period=row.period,
        business=row.business_fen,
        statistics=row.statistics_fen,
        difference=row.business_fen - row.statistics_fen,
    )


def _out(
    day: date, found: Mapping[str, FundControl], accounts: Sequence[AccountControl]
) -> CollectionControlOut:
    funds = {
        fund: CollectionFundControlOut(
            receivable=one.receivable_fen,
            collected=one.collected_fen,
            personal=PersonalControlOut(
                received=one.received_fen,
                credited=one.credited_fen,
                part_paid=one.part_paid_fen,
                in_delivery=one.in_delivery_fen,
                standing_credits=one.standing_credits_fen,
                unnamed=one.unnamed_fen,
            ),
            items={item: ItemTotalsOut.of(totals) for item, totals in one.items.items()},
        )
        for fund, one in found.items()
    }
    hashed = {
        fund: {"receivable": one.receivable, "collected": one.collected}
        | {f"personal.{member}": fen for member, fen in one.personal}
        | hashed_items(found[fund].items)
        for fund, one in funds.items()
    }
    reconciliation = [
        ReconciliationControlOut(
            account=one.account,
            open_items=one.open_items,
            missing_days=one.missing_days,
            unmatched_days=one.unmatched_days,
        )
        for one in accounts
    ]
    hashed |= hashed_reconciliation(
        (one.account, one.open_items, one.missing_days, one.unmatched_days) for one in accounts
    )
    return CollectionControlOut(
        as_of=day,
        funds=funds,
        reconciliation=reconciliation,
        hash=control_hash(COLLECTION, day, hashed),
    )
