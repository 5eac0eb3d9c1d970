"""Doors of payments of personal accounts."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.account_payments import flows as account_payments_flow
from services.payout.account_payments.domain import AccountRequest
from services.payout.account_payments.schemas import (
    AccountPaymentIn,
    AccountRemainderOut,
    TransferOutIn,
)
from services.payout.benefits import flows as benefits_flow
from services.payout.claims.domain.claim import claim_key
from services.payout.claims.schemas import ClaimOut
from services.payout.common.routes import DistrictQuery, person_keys
from services.payout.formulas.clients import BenefitRecords
from services.payout.withdrawals.clients import PersonalBalances
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor
from shared.door import Door, door
from shared.page import Cursor, Limit, Page
from shared.period import Period
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()

Filing = Annotated[Door, door(Right.FILE_CLAIM)]


@router.post(
    "/v1/account-payments",
    operation_id="file_account_payment",
    summary="个人账户退还、继承 · Pay a personal account to the person or the heirs",
    status_code=201,
    response_model=ClaimOut,
)
async def file_account_payment(body: AccountPaymentIn, at: Filing) -> Response:
    """File a claim over all that the account holds and no other claim takes. Credits that come later
    are due again: file once more."""
    return await _file(body.request(today()), at)


@router.post(
    "/v1/outgoing-transfers",
    operation_id="file_outgoing_transfer",
    summary="关系转出 · Transfer a personal account to another city",
    status_code=201,
    response_model=ClaimOut,
)
async def file_outgoing_transfer(body: TransferOutIn, at: Filing) -> Response:
    """File a claim over the account, and for a pension over the pooled part too; once for each letter
    and supplement."""
    return await _file(body.request(today()), at)


async def _file(request: AccountRequest, at: Door) -> Response:
    row = await at.read(
        lambda tx: benefits_flow.claim_row(
            tx, request.kind, filed_on=request.filed_on, today=today()
        )
    )
    keys = person_keys(at.request)
    facts = await account_payments_flow.ask(
        _balances(at.request),
        _records(at.request),
        request,
        keys=keys,
        today=today(),
        caller=at.caller,
    )

    async def work(tx: AsyncConnection) -> ClaimOut:
        claim = await account_payments_flow.file(
            tx,
            request,
            facts,
            row,
            place=at.region,
            keys=keys,
            today=today(),
            caller=at.caller,
        )
        return ClaimOut.of(claim)

    key = claim_key(request.kind, request.district, Period.of(request.filed_on))
    return await at.write(work, key=key, status=201)


@router.get(
    "/v1/account-remainders",
    operation_id="list_account_remainders",
    summary="已支付个人账户的余额 · Paid personal accounts that hold something again",
)
async def list_account_remainders(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[AccountRemainderOut]:
    """List accounts that late credits, interest or corrections left open. A page may be empty and
    have a next one."""
    scope = at.caller.scope(district)
    filters = {"list": "account_remainders", "district": scope}
    after = _after(cursor, filters)
    rows = await at.read(
        lambda tx: account_payments_flow.page(tx, district=scope, after=after, limit=limit + 1)
    )
    page, next_cursor = cut(rows, limit, lambda one: [one.person_id, one.claim.id.hex], filters)
    used = await at.read(lambda tx: account_payments_flow.use(tx, page, today()))
    found = await account_payments_flow.remainders(_balances(at.request), page, used)
    return Page[AccountRemainderOut].of([AccountRemainderOut.of(one) for one in found], next_cursor)


def _after(cursor: str | None, filters: dict[str, str | None]) -> tuple[int, UUID] | None:
    if cursor is None:
        return None
    person_id, claim_id = read_cursor(cursor, filters, (int, str))
    try:
        return person_id, UUID(claim_id)
    except ValueError:
        raise BadCursor from None


def _balances(request: Request) -> PersonalBalances:
    balances: PersonalBalances = request.app.state.personal_balances
    return balances


def _records(request: Request) -> BenefitRecords:
    records: BenefitRecords = request.app.state.benefit_records
    return records
