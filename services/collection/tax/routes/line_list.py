"""The door of lines of tickets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Depends, Query

from services.collection.tax.domain.line import Origin
from services.collection.tax.flows import line_list as line_list_flow
from services.collection.tax.schemas.line_list import TaxLineOut
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.page import Cursor, Limit, Page
from shared.period import PERIOD_PATTERN
from shared.roles import Right
from shared.schema import CreditCode, Serial
from shared.web.door_router import DoorRouter

router = DoorRouter()


@dataclass(frozen=True, slots=True)
class LineFilter:
    """The filters of the list."""

    ticket: str | None
    payer: str | None
    period: str | None
    origin: str | None


def line_filter(
    serial: Annotated[Serial | None, Query(description="税票号")] = None,
    credit_code: CreditCode | None = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    origin: Origin | None = None,
) -> LineFilter:
    """Read the filters."""
    return LineFilter(serial, credit_code, period, origin and origin.value)


@router.get(
    "/v1/tax-lines",
    operation_id="list_tax_lines",
    summary="税票明细 · List lines of tickets",
)
async def list_tax_lines(
    at: Annotated[Door, door(Right.READ_COLLECTION)],
    wanted: Annotated[LineFilter, Depends(line_filter)],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[TaxLineOut]:
    """List what the tax bureau reported, line by line: levy item, payer, origin, receipt, refund."""
    district = at.caller.scope(None)
    filters = {"of": "tax_lines", "district": district, "wanted": str(wanted)}
    after: tuple[int, str, str, int] | None = None
    if cursor:
        key, authority, ticket, line_no = read_cursor(cursor, filters, (int, str, str, int))
        after = key, authority, ticket, line_no
    read = partial(
        line_list_flow.page,
        ticket=wanted.ticket,
        payer=wanted.payer,
        period=wanted.period,
        origin=wanted.origin,
        district=district,
        after=after,
        limit=limit + 1,
    )
    rows = await at.read(read)
    kept, following = cut(
        rows,
        limit,
        lambda row: [row.line_key, row.authority, row.ticket, row.line_no],
        filters,
    )
    return Page[TaxLineOut].of([TaxLineOut.of(row) for row in kept], following)
