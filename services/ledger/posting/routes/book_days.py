"""Door of the days that the books take entries on."""

from __future__ import annotations

from typing import Annotated

from services.ledger.posting.flows import book_days as book_days_flow
from services.ledger.posting.routes.door import opened
from services.ledger.posting.schemas.book_days import book_days_out
from shared.door import Door, door
from shared.roles import Right
from shared.web.door_router import DoorRouter
from shared.wire.closing import BookDaysOut

router = DoorRouter()


@router.get(
    "/v1/book-days",
    operation_id="book_days",
    summary="可记账之日 · The days that the books take entries on",
)
async def book_days(
    at: Annotated[Door, door(Right.READ_LEDGER, Right.READ_BOOK_DAYS)],
) -> BookDaysOut:
    """Read the first open day, the first day of the chart, and the funds with their days."""
    books = await opened(at)
    return book_days_out(await at.read(lambda tx: book_days_flow.read(tx, books.catalogue)))
