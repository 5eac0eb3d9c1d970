"""Doors of the accounts that statements are expected of; two people set them."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response

from services.collection.reconciliation.domain.statement import account_key
from services.collection.reconciliation.flows import statement as statement_flow
from services.collection.reconciliation.schemas.statement import (
    StatementAccountChangeOut,
    StatementAccountIn,
    StatementAccountsOut,
    StatementRefusalIn,
)
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Deciding = Annotated[Door, door(Right.APPROVE_RECONCILIATION)]


@router.get(
    "/v1/statement-accounts",
    operation_id="list_statement_accounts",
    summary="应收对账单账户 · List the accounts that statements are expected of",
)
async def list_statement_accounts(
    at: Annotated[Door, door(Right.READ_COLLECTION)],
) -> StatementAccountsOut:
    """List from which day on statements of which account are expected, and what waits for approval."""
    return StatementAccountsOut.of(await at.read(statement_flow.waiting_accounts))


@router.post(
    "/v1/statement-accounts",
    operation_id="expect_statements",
    summary="设定应收对账单账户 · File that statements of an account are expected",
    status_code=201,
    response_model=StatementAccountChangeOut,
)
async def expect_statements(
    body: StatementAccountIn, at: Annotated[Door, door(Right.RECONCILE)]
) -> Response:
    """File that statements of an account are expected from a day on: its months then close only when
    reconciled. It changes nothing before another person approves."""
    return await at.write(
        lambda tx: statement_flow.expect(tx, body.setting(at.caller.subject), at.caller),
        shape=StatementAccountChangeOut.of,
        key=account_key(body.account),
        status=201,
    )


@router.post(
    "/v1/statement-account-changes/{change}/approvals",
    operation_id="approve_statement_account",
    summary="批准应收对账单账户 · Approve the setting of a statement account",
    status_code=201,
    response_model=StatementAccountChangeOut,
)
async def approve_statement_account(change: RefPath, at: Deciding) -> Response:
    """Approve a setting, as another person. An earlier open setting ends the day before."""
    ref = Ref.parse(Reference.STATEMENT_ACCOUNT_CHANGE, change)
    return await at.write(
        lambda tx: statement_flow.approve_account(tx, ref, at.caller),
        shape=StatementAccountChangeOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/statement-account-changes/{change}/refusals",
    operation_id="refuse_statement_account",
    summary="不予批准应收对账单账户 · Refuse the setting of a statement account",
    status_code=201,
    response_model=StatementAccountChangeOut,
)
async def refuse_statement_account(
    change: RefPath, body: StatementRefusalIn, at: Deciding
) -> Response:
    """Refuse a setting, as another person. Nothing changes."""
    ref = Ref.parse(Reference.STATEMENT_ACCOUNT_CHANGE, change)
    return await at.write(
        lambda tx: statement_flow.refuse_account(tx, ref, body.why, at.caller),
        shape=StatementAccountChangeOut.of,
        key=ref.key,
        status=201,
    )
