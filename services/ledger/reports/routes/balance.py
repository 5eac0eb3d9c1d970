"""Doors of balances: what dashboards ask for."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
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
from services.ledger.reports.routes.dashboard import cubes_of
from services.ledger.reports.schemas.balance import TrialBalanceOut, balances_out, trial_balance_out
from shared import clock
from shared.door import Door, door
from shared.entry import Book
from shared.roles import Right
from shared.schema import Code
from shared.wire.ledger import FundBalancesOut

router = APIRouter(tags=["balance"])

Reading = Annotated[Door, door(Right.READ_LEDGER)]
AsOf = Annotated[date | None, Query(description="截至当日终了;缺省为今日 (end of that day)")]

KnownAt = Annotated[
    str | None,
    Query(
        max_length=16_000,  # of plain characters, so that the address of a request can hold it
        pattern=r"^[0-9a-z_:,-]*$",
        examples=["0:12,1:5,2:0,3:7"],
        description="按当时所知:各记账单元:序号,或结账单号,或锚定日 (as known at these places in the"
        " chains: slot:seq for every slot, the id of a closing, or an anchored day)",
    ),
]


@router.get(
    "/v1/funds/balances",
    operation_id="fund_balances",
    summary="各基金余额 · Balances of every fund as of a day",
    response_model=FundBalancesOut,
    responses=NOT_MODIFIED,
)
async def fund_balances(
    door: Reading, as_of: AsOf = None, district: Code | None = None, known_at: KnownAt = None
) -> Response:
    """Every fund's balances by the end of a day, each on its normal side; holds as they are now.

    The answer's ETag stands for the heads of all chains: with If-None-Match an unchanged one costs
    next to nothing. A look back (`known_at`) has none.
    """
    books = await opened(door)
    day, scope = as_of or clock.today(), door.caller.scope(district)
    if known_at is not None:
        balances, held = await door.read(
            lambda tx: balance_flow.fund_balances(
                tx, books.catalogue, as_of=day, district=scope, known_at=known_at
            )
        )
        return json_answer(balances_out(books.catalogue, balances, held, as_of=day, district=scope))

    now = await dashboard_flow.balances(
        door.db, cubes_of(door), books.catalogue, as_of=day, district=scope
    )
    etag = etag_of(now.basis)
    if is_known(door.request, etag):
        return not_modified(etag)
    answer = balances_out(books.catalogue, now.balances(), now.held, as_of=day, district=scope)
    return tagged(answer, etag)


@router.get(
    "/v1/trial-balance",
    operation_id="trial_balance",
    summary="试算平衡表 · Trial balance of every fund and book",
)
async def trial_balance(
    door: Reading, as_of: AsOf = None, book: Book | None = None, known_at: KnownAt = None
) -> TrialBalanceOut:
    """Trial balances by the end of a day. The city's: a district alone does not balance."""
    require_centre(door.caller)
    books = await opened(door)
    day = as_of or clock.today()
    trials = await door.read(
        lambda tx: balance_flow.trial_balance(
            tx, books.catalogue, as_of=day, book=book.value if book else None, known_at=known_at
        )
    )
    return trial_balance_out(trials, day)
