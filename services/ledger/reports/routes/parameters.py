"""Query parameters and process state that several report doors share."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from services.ledger.common.schemas import CONTENT, Format
from services.ledger.reports.flows.cube import CubeCache
from services.ledger.reports.schemas.agreement import PERIOD
from shared.door import Door, door
from shared.roles import Right
from shared.schema import Code
from shared.schema import Day as Day

Reading = Annotated[Door, door(Right.READ_LEDGER)]
ReadingSums = Annotated[Door, door(Right.READ_LEDGER, Right.READ_BALANCES)]
"""Sums of funds and accounts: no voucher, no payer."""
AsOf = Annotated[Day | None, Query(description="截至当日终了;缺省为今日 (end of that day)")]
From = Annotated[Day, Query(alias="from", examples=["2021-07-01"])]
To = Annotated[Day, Query(alias="to", examples=["2021-07-31"])]
FundCode = Annotated[Code, Query(examples=["pension"])]
PeriodText = Annotated[
    str, Query(pattern=PERIOD, examples=["2021-07"], description="2021-07 月 · 2021 年")
]
ReportFormat = Annotated[Format, Query(alias="format", description="json · csv · xlsx · html")]
FILES: dict[int | str, dict[str, Any]] = {200: {"content": CONTENT}}
"""Response description of a report that can also be answered as a file."""
KnownAt = Annotated[
    str | None,
    Query(
        max_length=16_000,  # plain characters only, so that the value fits into a request's address
        pattern=r"^[0-9a-z_:,-]*$",
        examples=["0:12,1:5,2:0,3:7"],
        description="按当时所知:各记账单元:序号,或结账单号,或锚定日 (as known at an earlier moment:"
        " slot:seq for every slot, the id of a closing, or an anchored day)",
    ),
]


def cubes_of(at: Door) -> CubeCache:
    """Return this process's cube of balances."""
    cubes: CubeCache = at.request.app.state.cubes
    return cubes


def region_of(at: Door) -> str:
    """Return the pooling region (统筹区) of these books."""
    return str(at.request.app.state.region)
