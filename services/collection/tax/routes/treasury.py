"""Doors of the treasury: its lists, money in transit by ticket, and what the tax bureau may collect."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response

from services.collection.common.schemas.common import Day
from services.collection.tax.flows import hold as hold_flow
from services.collection.tax.flows import treasury as treasury_flow
from services.collection.tax.schemas.treasury import (
    TaxDueOut,
    TicketInTransitOut,
    TransitTotalsOut,
    TreasuryListIn,
    TreasuryListOut,
)
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.page import Cursor, Limit, Page
from shared.period import PERIOD_PATTERN
from shared.roles import CENTRE, Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


def _line_after(cursor: str, filters: dict[str, Any]) -> tuple[int, UUID, int]:
    unit_id, bill_id, line_no = read_cursor(cursor, filters, (int, str, int))
    try:
        return unit_id, UUID(bill_id), line_no
    except ValueError:
        raise BadCursor from None


@router.post(
    "/v1/treasury-lists",
    max_body_size=BULK_BYTES,
    operation_id="push_treasury_list",
    summary="报送国库入库与划款清单 · Push a treasury's list",
    response_model=TreasuryListOut,
)
async def push_treasury_list(
    body: TreasuryListIn, at: Annotated[Door, door(Right.PUSH_TAX, Right.MATCH_RECEIPT, money=True)]
) -> Response:
    """Take each entry once: money of a ticket that the treasury received, or transferred to the fiscal
    account. Nothing is booked: the books have the money since the tax bureau reported it."""
    given = body.given()
    return await at.write(
        lambda tx: treasury_flow.take(tx, given, at.caller),
        shape=TreasuryListOut.of,
        key=treasury_flow.list_key(given.treasury, given.list_no),
    )


@router.get(
    "/v1/tax-tickets-in-transit",
    operation_id="list_tickets_in_transit",
    summary="在途税票 · List tickets in transit",
)
async def list_tickets_in_transit(
    at: Reading,
    stage: Literal["at_tax", "in_treasury", "unexplained"],
    as_of: Annotated[Day | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[TicketInTransitOut]:
    """List tickets paid at the tax bureau and not in the treasury; in the treasury and not in the
    fiscal account; or with more there than before."""
    at.caller.require_district(CENTRE)
    filters = {"of": "tickets_in_transit", "stage": stage, "as_of": as_of}
    after = tuple(read_cursor(cursor, filters, (str, str))) if cursor else None
    read = partial(
        treasury_flow.page, stage=stage, as_of=as_of or today(), after=after, limit=limit + 1
    )
    rows = await at.read(read)
    kept, following = cut(rows, limit, lambda row: [row.authority, row.ticket], filters)
    return Page[TicketInTransitOut].of([TicketInTransitOut.of(row) for row in kept], following)


@router.get(
    "/v1/tax-transit-totals",
    operation_id="get_transit_totals",
    summary="在途资金合计 · Get totals of money in transit",
)
async def get_transit_totals(at: Reading, as_of: Day | None = None) -> TransitTotalsOut:
    """Get what was paid at the tax bureau, received by the treasury, and transferred, as of a day."""
    at.caller.require_district(CENTRE)
    day = as_of or today()
    return TransitTotalsOut.of(day, await at.read(partial(treasury_flow.totals, as_of=day)))


@router.get(
    "/v1/tax-dues",
    operation_id="list_tax_dues",
    summary="应由税务征收的欠款 · List what the tax bureau may collect",
)
async def list_tax_dues(
    at: Annotated[Door, door(Right.READ_BILLS, Right.READ_COLLECTION)],
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[TaxDueOut]:
    """List open amounts that were assessed here and that the tax bureau collects, by levy item. A bill
    that is with the bank is not among them before its debit has ended."""
    at.caller.require_district(CENTRE)
    filters = {"of": "tax_dues", "period": period}
    after = _line_after(cursor, filters) if cursor else None
    read = partial(hold_flow.dues, period=period, after=after, limit=limit + 1)
    rows = await at.read(read)
    kept, following = cut(
        rows, limit, lambda row: [row.unit_id, row.bill_id.hex, row.line_no], filters
    )
    return Page[TaxDueOut].of([TaxDueOut.of(row) for row in kept], following)
