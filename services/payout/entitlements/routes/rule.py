"""Doors of dated rules of entitlements."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain.rule import RuleStatus, RuleTopic
from services.payout.entitlements.flows import rule as rule_flow
from services.payout.entitlements.schemas.rule import (
    EntitlementRuleIn,
    EntitlementRuleOut,
    RuleApprovalIn,
    RuleRefusalIn,
)
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["entitlements"])


@router.post(
    "/v1/entitlement-rules",
    operation_id="propose_entitlement_rule",
    summary="提出待遇规则 · Propose a rule of entitlements",
    status_code=201,
    response_model=EntitlementRuleOut,
)
async def propose_entitlement_rule(
    body: EntitlementRuleIn, at: Annotated[Door, door(Right.PUBLISH_POLICY)]
) -> Response:
    """Propose a reason, a hold or a cycle of life proofs; another person approves it."""

    async def work(tx: AsyncConnection) -> EntitlementRuleOut:
        rule = await rule_flow.propose(
            tx,
            topic=body.topic,
            code=body.code,
            in_force_from=body.in_force_from,
            value=body.value,
            source=body.source,
            caller=at.caller,
        )
        return EntitlementRuleOut.of(rule)

    return await at.write(work, key=rule_flow.rule_key(body.topic), status=201)


@router.post(
    "/v1/entitlement-rules/{rule}/approvals",
    operation_id="approve_entitlement_rule",
    summary="批准待遇规则 · Approve a rule of entitlements",
    status_code=201,
    response_model=EntitlementRuleOut,
)
async def approve_entitlement_rule(
    rule: RefPath, body: RuleApprovalIn, at: Annotated[Door, door(Right.PUBLISH_POLICY)]
) -> Response:
    """Approve a rule as another person than its proposer; it counts from its day on."""
    return await _decide(rule, RuleStatus.APPROVED, None, at)


@router.post(
    "/v1/entitlement-rules/{rule}/refusals",
    operation_id="refuse_entitlement_rule",
    summary="不予采用 · Refuse a rule of entitlements",
    status_code=201,
    response_model=EntitlementRuleOut,
)
async def refuse_entitlement_rule(
    rule: RefPath, body: RuleRefusalIn, at: Annotated[Door, door(Right.PUBLISH_POLICY)]
) -> Response:
    """Refuse a rule with the reason; the rule of before goes on."""
    return await _decide(rule, RuleStatus.REFUSED, body.note, at)


async def _decide(rule: str, status: RuleStatus, note: str | None, at: Door) -> Response:
    ref = Ref.parse(Reference.ENTITLEMENT_RULE, rule)

    async def work(tx: AsyncConnection) -> EntitlementRuleOut:
        decided = await rule_flow.decide(tx, ref, status, note, caller=at.caller)
        return EntitlementRuleOut.of(decided)

    return await at.write(work, key=ref.key, status=201)


@router.get(
    "/v1/entitlement-rules",
    operation_id="list_entitlement_rules",
    summary="待遇规则 · Rules of entitlements",
)
async def list_entitlement_rules(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    topic: RuleTopic | None = None,
    status: RuleStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[EntitlementRuleOut]:
    """List rules in order of proposal, those that ship with the product first."""
    columns = {
        "topic": topic.value if topic else None,
        "status": status.value if status else None,
    }
    filters = {"list": "entitlement_rules"} | columns
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: rule_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    shown, next_cursor = cut(rows, limit, lambda rule: [rule.ref.id.hex], filters)
    return Page[EntitlementRuleOut].of([EntitlementRuleOut.of(rule) for rule in shown], next_cursor)
