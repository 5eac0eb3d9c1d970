"""Doors of the rules of retries (再扣规则); two people set them."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response

from services.collection.debits.domain.retry import rule_key
from services.collection.debits.flows import retry_rule as retry_rule_flow
from services.collection.debits.schemas.retry_rule import (
    RetryRuleChangeOut,
    RetryRuleIn,
    RetryRuleRefusalIn,
    RetryRulesOut,
)
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Deciding = Annotated[Door, door(Right.APPROVE_CORRECTION)]


@router.get(
    "/v1/retry-rules",
    operation_id="list_retry_rules",
    summary="再扣规则 · List the rules of retries",
)
async def list_retry_rules(at: Annotated[Door, door(Right.READ_COLLECTION)]) -> RetryRulesOut:
    """List how often, and after how many workdays, a refused debit is tried again."""
    return RetryRulesOut.of(await at.read(retry_rule_flow.rules))


@router.post(
    "/v1/retry-rules",
    operation_id="file_retry_rule",
    summary="申请变更再扣规则 · File a rule of retries",
    status_code=201,
    response_model=RetryRuleChangeOut,
)
async def file_retry_rule(
    body: RetryRuleIn, at: Annotated[Door, door(Right.PROPOSE_CORRECTION)]
) -> Response:
    """File a rule from a day on. It changes nothing before another person approves."""
    return await at.write(
        lambda tx: retry_rule_flow.file(tx, body.rule(), at.caller),
        shape=RetryRuleChangeOut.of,
        key=rule_key(body.reason_class),
        status=201,
    )


@router.post(
    "/v1/retry-rule-changes/{change}/approvals",
    operation_id="approve_retry_rule",
    summary="批准再扣规则 · Approve a rule of retries",
    status_code=201,
    response_model=RetryRuleChangeOut,
)
async def approve_retry_rule(change: RefPath, at: Deciding) -> Response:
    """Approve a rule, as another person. An earlier rule of the class ends the day before."""
    ref = Ref.parse(Reference.RETRY_RULE_CHANGE, change)
    return await at.write(
        lambda tx: retry_rule_flow.approve(tx, ref, at.caller),
        shape=RetryRuleChangeOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/retry-rule-changes/{change}/refusals",
    operation_id="refuse_retry_rule",
    summary="不予批准再扣规则 · Refuse a rule of retries",
    status_code=201,
    response_model=RetryRuleChangeOut,
)
async def refuse_retry_rule(change: RefPath, body: RetryRuleRefusalIn, at: Deciding) -> Response:
    """Refuse a rule, as another person. Nothing changes."""
    ref = Ref.parse(Reference.RETRY_RULE_CHANGE, change)
    return await at.write(
        lambda tx: retry_rule_flow.refuse(tx, ref, body.why, at.caller),
        shape=RetryRuleChangeOut.of,
        key=ref.key,
        status=201,
    )
