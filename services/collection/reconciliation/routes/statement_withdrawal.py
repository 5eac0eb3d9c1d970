"""Doors of withdrawn statements (对账单撤回); two people withdraw one."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi.responses import Response

from services.collection.reconciliation.domain.statement import account_key
from services.collection.reconciliation.flows import (
    statement_withdrawal as statement_withdrawal_flow,
)
from services.collection.reconciliation.schemas.statement import (
    StatementRefusalIn,
    StatementWithdrawalIn,
    StatementWithdrawalOut,
)
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath, page_by_id
from shared.references import Reference
from shared.roles import CENTRE, Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter()
Deciding = Annotated[Door, door(Right.APPROVE_RECONCILIATION)]


@router.get(
    "/v1/statement-withdrawals",
    operation_id="list_statement_withdrawals",
    summary="对账单撤回列表 · List withdrawals of statements",
)
async def list_statement_withdrawals(
    at: Annotated[Door, door(Right.READ_COLLECTION)],
    account: Code | None = None,
    status: Literal["filed", "approved", "refused"] | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[StatementWithdrawalOut]:
    """List the withdrawals of statements: the file, the reason and the two people."""
    at.caller.require_district(CENTRE)
    filters = {"of": "statement_withdrawals", "account": account, "status": status}
    read = partial(statement_withdrawal_flow.page, account=account, status=status)
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    items = [StatementWithdrawalOut.of(row) for row in rows]
    return Page[StatementWithdrawalOut].of(items, following)


@router.post(
    "/v1/statement-withdrawals",
    operation_id="withdraw_statement",
    summary="申请撤回对账单 · File the withdrawal of a statement",
    status_code=201,
    response_model=StatementWithdrawalOut,
)
async def withdraw_statement(
    body: StatementWithdrawalIn, at: Annotated[Door, door(Right.RECONCILE)]
) -> Response:
    """File that a statement was taken by mistake. It stays until another person approves."""
    return await at.write(
        lambda tx: statement_withdrawal_flow.file(
            tx, body.account, body.day, body.reason, at.caller
        ),
        shape=StatementWithdrawalOut.of,
        key=account_key(body.account),
        status=201,
    )


@router.post(
    "/v1/statement-withdrawals/{withdrawal}/approvals",
    operation_id="approve_statement_withdrawal",
    summary="批准撤回对账单 · Approve the withdrawal of a statement",
    status_code=201,
    response_model=StatementWithdrawalOut,
)
async def approve_statement_withdrawal(withdrawal: RefPath, at: Deciding) -> Response:
    """Approve a withdrawal, as another person. The file leaves the chain of balances, its matches are
    undone, and the right file can be taken."""
    ref = Ref.parse(Reference.STATEMENT_WITHDRAWAL, withdrawal)
    return await at.write(
        lambda tx: statement_withdrawal_flow.approve(tx, ref, at.caller),
        shape=StatementWithdrawalOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/statement-withdrawals/{withdrawal}/refusals",
    operation_id="refuse_statement_withdrawal",
    summary="不予批准撤回对账单 · Refuse the withdrawal of a statement",
    status_code=201,
    response_model=StatementWithdrawalOut,
)
async def refuse_statement_withdrawal(
    withdrawal: RefPath, body: StatementRefusalIn, at: Deciding
) -> Response:
    """Refuse a withdrawal, as another person. The statement stays."""
    ref = Ref.parse(Reference.STATEMENT_WITHDRAWAL, withdrawal)
    return await at.write(
        lambda tx: statement_withdrawal_flow.refuse(tx, ref, body.why, at.caller),
        shape=StatementWithdrawalOut.of,
        key=ref.key,
        status=201,
    )
