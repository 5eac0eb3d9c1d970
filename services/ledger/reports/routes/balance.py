"""Doors of fund balances and trial balances."""

from __future__ import annotations

from fastapi.responses import Response

from services.ledger.common.routes.conditional import (
    NOT_MODIFIED,
    etag_of,
    is_known,
    not_modified,
    tagged,
)
from services.ledger.common.routes.door import json_answer
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.reports.flows import balance as balance_flow
from services.ledger.reports.flows import dashboard as dashboard_flow
from services.ledger.reports.routes.parameters import AsOf, KnownAt, ReadingSums, cubes_of
from services.ledger.reports.schemas.balance import TrialBalanceOut, balances_out
from shared import clock
from shared.entry import Book
from shared.schema import Code
from shared.web.door_router import DoorRouter
from shared.wire.ledger import FundBalancesOut

router = DoorRouter()


@router.get(
    "/v1/funds/balances",
    operation_id="fund_balances",
    summary="各基金余额 · Balances of every fund as of a day",
    response_model=FundBalancesOut,
    responses=NOT_MODIFIED,
)
async def fund_balances(
    at: ReadingSums, as_of: AsOf = None, district: Code | None = None, known_at: KnownAt = None
) -> Response:
    """Read every fund's balances at the end of a day, each on its normal side; holds are today's.

    The ETag changes with the heads of the chains, so a request with If-None-Match is cheap while
    nothing is posted. An answer as known at an earlier moment (`known_at`) has no ETag.
    """
    books = await opened(at)
    day, scope = as_of or clock.today(), at.caller.scope(district)
    if known_at is not None:
        balances, held = await at.read(
            lambda tx: balance_flow.fund_balances(
                tx, books.catalogue, as_of=day, district=scope, known_at=known_at
            )
        )
        return json_answer(balances_out(books.catalogue, balances, held, as_of=day, district=scope))

    current = await dashboard_flow.balances(
        cubes_of(at), books.catalogue, as_of=day, district=scope
    )
    etag = etag_of(current.basis)
    if is_known(at.request, etag):
        return not_modified(etag)
    found = balances_out(
        books.catalogue, current.balances(), current.held, as_of=day, district=scope
    )
    return tagged(found, etag)


@router.get(
    "/v1/trial-balance",
    operation_id="trial_balance",
    summary="试算平衡表 · Trial balance of every fund and book",
)
async def trial_balance(
    at: ReadingSums, as_of: AsOf = None, book: Book | None = None, known_at: KnownAt = None
) -> TrialBalanceOut:
    """Read the trial balances at the end of a day. City-wide: one district does not balance."""
    require_centre(at.caller)
    books, day = await opened(at), as_of or clock.today()
    _, trials = await at.read(
        lambda tx: balance_flow.trial_balance(
            tx, books.catalogue, as_of=day, book=book.value if book else None, known_at=known_at
        )
    )
    return TrialBalanceOut.of(trials, day)
