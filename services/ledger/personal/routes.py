"""Doors of personal accounts: credits from the services, closings by the centre, statements."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.common.routes.door import json_answer
from services.ledger.common.schemas import Format, answer
from services.ledger.personal import flows as personal_flow
from services.ledger.personal.schemas.account import (
    ControlsOut,
    PersonalBalancesOut,
    StatementOut,
)
from services.ledger.personal.schemas.movement import (
    InjectionsIn,
    InjectionsOut,
    Person,
    PersonalCreditsIn,
    PersonalCreditsOut,
    TransferIn,
    TransferOut,
    bills_from,
    paper_from,
    person_id,
    retirees_from,
)
from services.ledger.personal.schemas.statement_print import statement_sheets
from services.ledger.personal.schemas.year import (
    InterestIn,
    PersonalRateIn,
    PersonalRateOut,
    PersonalRatesOut,
    YearRunOut,
    rate_from,
)
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.reports.routes.parameters import FILES, ReportFormat, cubes_of
from shared import clock
from shared.door import Door, door
from shared.guard.entrance import BATCH_BYTES
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()

Crediting = Annotated[Door, door(Right.CREDIT_PERSONAL)]
Managing = Annotated[Door, door(Right.MANAGE_PERSONAL, money=True)]
Setting = Annotated[Door, door(Right.SET_PERSONAL_RATE)]
Approving = Annotated[Door, door(Right.APPROVE_PERSONAL_RATE)]
Reading = Annotated[Door, door(Right.READ_LEDGER)]
ReadingPersons = Annotated[Door, door(Right.READ_PERSONAL)]
YEARS = 10
PEOPLE = 100
"""Persons whose balances one answer holds."""
YearAsked = Annotated[int | None, Query(ge=1990, le=2100)]


@router.post(
    "/v1/personal-credits",
    max_body_size=BATCH_BYTES,
    operation_id="credit_personal_accounts",
    summary="个人账户划入 · Credit bills settled in full to their persons",
    response_model=PersonalCreditsOut,
)
async def credit_personal_accounts(body: PersonalCreditsIn, at: Crediting) -> Response:
    """Credit up to 10,000 credits; a bill is credited only once, and a repeat changes nothing."""
    books = await opened(at)
    bills = bills_from(body)

    async def work(tx: AsyncConnection) -> PersonalCreditsOut:
        return PersonalCreditsOut.of(
            await personal_flow.credit(tx, books.catalogue, bills, at.caller)
        )

    return await at.write(work, key=CENTRE_SLOT)


@router.post(
    "/v1/personal-injections",
    max_body_size=BATCH_BYTES,
    operation_id="inject_personal_accounts",
    summary="退休人员个人账户划入 · Retirees' monthly injections, by age",
    response_model=InjectionsOut,
)
async def inject_personal_accounts(body: InjectionsIn, at: Crediting) -> Response:
    """Credit a month's injections by the rules in force; one for each person, fund and month."""
    await opened(at)
    retirees = retirees_from(body)

    async def work(tx: AsyncConnection) -> InjectionsOut:
        return InjectionsOut.of(
            await personal_flow.inject(tx, body.fund, body.period, body.day, retirees)
        )

    return await at.write(work, key=CENTRE_SLOT)


@router.post(
    "/v1/personal-transfers",
    operation_id="transfer_personal_account",
    summary="个人账户转移、支付 · Transfer or pay out a person's money",
    status_code=201,
    response_model=TransferOut,
)
async def transfer_personal_account(body: TransferIn, at: Crediting) -> Response:
    """Record once what a signed paper moved; never more than the balance. Only services may."""
    books = await opened(at)
    paper = paper_from(body)

    async def work(tx: AsyncConnection) -> TransferOut:
        outcome = await personal_flow.transfer(tx, books.catalogue, paper, at.caller)
        return TransferOut(paper=paper.id, outcome=outcome)

    return await at.write(work, key=paper.key, status=201)


@router.post(
    "/v1/personal-rates",
    operation_id="set_personal_rate",
    summary="录入记账利率 · Record a year's rate, for another person to approve",
    status_code=201,
    response_model=PersonalRateOut,
)
async def set_personal_rate(body: PersonalRateIn, at: Setting) -> Response:
    """Record a rate with its document; it holds once another person has approved it."""
    books = await opened(at)
    rate = rate_from(body, at.caller.subject)

    async def work(tx: AsyncConnection) -> PersonalRateOut:
        return PersonalRateOut.of(await personal_flow.add_rate(tx, books.catalogue, rate))

    return await at.write(work, key=CENTRE_SLOT, status=201)


@router.post(
    "/v1/personal-rates/{id}/approvals",
    operation_id="approve_personal_rate",
    summary="核准记账利率 · Approve a rate that somebody else recorded",
    response_model=PersonalRateOut,
)
async def approve_personal_rate(id: Annotated[str, Path(max_length=60)], at: Approving) -> Response:
    """Put a rate in force; impossible once its year is closed."""
    await opened(at)
    ref = Ref.parse(Reference.PERSONAL_RATE, id)

    async def work(tx: AsyncConnection) -> PersonalRateOut:
        return PersonalRateOut.of(await personal_flow.approve_rate(tx, ref.id, at.caller))

    return await at.write(work, key=CENTRE_SLOT)


@router.get("/v1/personal-rates", operation_id="personal_rates", summary="记账利率 · Rates by year")
async def personal_rates(at: Reading) -> PersonalRatesOut:
    """List the rate of each fund and year with its document, and the rates waiting for approval."""

    in_force, proposed = await at.read(personal_flow.rates)
    return PersonalRatesOut(
        items=[PersonalRateOut.of(rate) for rate in in_force],
        proposed=[PersonalRateOut.of(rate) for rate in proposed],
    )


@router.post(
    "/v1/personal-interest",
    operation_id="credit_personal_interest",
    summary="个人账户年度结息 · Close a year of a fund: interest to everybody, once",
    response_model=YearRunOut,
)
async def credit_personal_interest(body: InterestIn, at: Managing) -> Response:
    """Close the next year of a fund; a repeat gets the same totals."""
    await opened(at)

    async def work(tx: AsyncConnection) -> YearRunOut:
        return YearRunOut.of(await personal_flow.close_year(tx, body.fund, body.year, at.caller))

    return await at.write(work, key=CENTRE_SLOT)


@router.get(
    "/v1/personal-accounts/{person}/statement",
    operation_id="personal_statement",
    summary="个人账户对账单 · Ten years of a person's account, to read or to print",
    response_model=StatementOut,
    responses=FILES,
)
async def personal_statement(
    at: ReadingPersons,
    person: Annotated[str, Path(max_length=60)],
    from_year: YearAsked = None,
    to_year: YearAsked = None,
    how: ReportFormat = Format.JSON,
) -> Response:
    """Read an account year by year: opening, credits by kind, interest, closing. `format=html` prints
    one page for each fund, with the year's rate."""
    books = await opened(at)
    last = to_year or clock.today().year
    first = from_year or last - YEARS + 1
    key = person_id(person)
    years = await at.read(lambda tx: personal_flow.statement(tx, key, first, last))
    survivor = await at.read(lambda tx: personal_flow.survivor(tx, key))
    brought = await at.read(lambda tx: personal_flow.brought(tx, key))
    found = StatementOut.of(person, (first, last), years, brought, survivor)
    if how is Format.JSON:
        return json_answer(found)
    rates, _ = await at.read(personal_flow.rates)
    names = {fund.code: fund.name for fund in books.catalogue.funds(clock.today())}
    return answer(statement_sheets(found, names, rates), how)


@router.get(
    "/v1/personal-balances",
    operation_id="personal_balances",
    summary="个人账户余额 · What persons' accounts hold",
)
async def personal_balances(
    at: ReadingPersons, person: Annotated[list[Person], Query(min_length=1, max_length=PEOPLE)]
) -> PersonalBalancesOut:
    """Read the balances of up to 100 persons by fund, with the papers that took money from them."""
    keys = [person_id(one) for one in person]
    found = await at.read(lambda tx: personal_flow.held(tx, keys))
    return PersonalBalancesOut.of(person, found)


@router.get(
    "/v1/personal-control",
    operation_id="personal_control",
    summary="个人账户总分核对 · General ledger against personal accounts",
    response_model=ControlsOut,
)
async def personal_control(
    at: Reading,
    as_of: Annotated[
        date | None, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-31"])
    ] = None,
    deep: bool = False,
) -> Response:
    """Read the control totals of every fund; `deep` also adds up every single credit."""
    require_centre(at.caller)
    books = await opened(at)
    day = as_of or clock.today()
    found = await at.read(lambda tx: personal_flow.control(tx, cubes_of(at), books.catalogue, day))
    differing = await at.read(personal_flow.differing_totals) if deep else None
    return json_answer(ControlsOut.of(day, found, differing))
