"""Doors of the city's own rules (本市规则); two people correct them."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response

from services.collection.city import flows as city_flow
from services.collection.city.schemas import (
    CityRuleBody,
    CityRuleCorrectionOut,
    CityRuleOut,
    CityRuleRefusalIn,
    CityRulesOut,
)
from services.collection.common.store.city_rule import CityRule
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import Ref
from shared.page import Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Deciding = Annotated[Door, door(Right.APPROVE_CORRECTION)]


@router.get(
    "/v1/city-rules", operation_id="list_city_rules", summary="本市规则 · List the city's own rules"
)
async def list_city_rules(at: Reading) -> CityRulesOut:
    """List every document as it is in force, and the corrections that wait for their decision."""
    return CityRulesOut.of(await at.read(city_flow.rules))


@router.get(
    "/v1/city-rules/{rule}/versions",
    operation_id="list_city_rule_versions",
    summary="本市规则各版本 · List the versions of a rule",
)
async def list_city_rule_versions(rule: CityRule, at: Reading) -> Page[CityRuleOut]:
    """List the versions of a document, the newest first; version 0 is the shipped one."""
    found = await at.read(lambda tx: city_flow.versions(tx, rule))
    return Page[CityRuleOut].of([CityRuleOut.of(one) for one in found], None)


@router.post(
    "/v1/city-rules",
    max_body_size=BULK_BYTES,
    operation_id="file_city_rule",
    summary="申请订正本市规则 · File a correction of a rule",
    status_code=201,
    response_model=CityRuleCorrectionOut,
)
async def file_city_rule(
    body: CityRuleBody, at: Annotated[Door, door(Right.PROPOSE_CORRECTION)]
) -> Response:
    """File a whole document as it shall become: read it first, change it, and send all of it. It
    changes nothing before another person approves."""
    rule = CityRule(body.rule)
    return await at.write(
        lambda tx: city_flow.file(tx, rule, body.content(), body.reason, at.caller),
        shape=CityRuleCorrectionOut.of,
        key=city_flow.rule_key(rule),
        status=201,
    )


@router.post(
    "/v1/city-rule-corrections/{correction}/approvals",
    operation_id="approve_city_rule",
    summary="批准本市规则订正 · Approve a correction of a rule",
    status_code=201,
    response_model=CityRuleCorrectionOut,
)
async def approve_city_rule(correction: RefPath, at: Deciding) -> Response:
    """Approve a correction, as another person. It is in force at once."""
    ref = Ref.parse(Reference.CITY_RULE_CHANGE, correction)
    return await at.write(
        lambda tx: city_flow.approve(tx, ref, at.caller),
        shape=CityRuleCorrectionOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/city-rule-corrections/{correction}/refusals",
    operation_id="refuse_city_rule",
    summary="不予批准本市规则订正 · Refuse a correction of a rule",
    status_code=201,
    response_model=CityRuleCorrectionOut,
)
async def refuse_city_rule(correction: RefPath, body: CityRuleRefusalIn, at: Deciding) -> Response:
    """Refuse a correction, as another person. Nothing changes."""
    ref = Ref.parse(Reference.CITY_RULE_CHANGE, correction)
    return await at.write(
        lambda tx: city_flow.refuse(tx, ref, body.why, at.caller),
        shape=CityRuleCorrectionOut.of,
        key=ref.key,
        status=201,
    )
