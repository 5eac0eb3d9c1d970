"""Doors of flags (失信标记) and of the rules of inspections; two people set each."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from services.collection.flags import flows as flags_flow
from services.collection.flags.domain import rule_key
from services.collection.flags.schemas import (
    CreditFlagsOut,
    FlagChangeIn,
    FlagChangeOut,
    FlagRefusalIn,
    InspectionRuleChangeOut,
    InspectionRuleIn,
    InspectionRulesOut,
)
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["flags"])
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Deciding = Annotated[Door, door(Right.DECIDE_INSPECTION)]
Ruling = Annotated[Door, door(Right.APPROVE_CORRECTION)]
Target = Annotated[
    str,
    Query(
        pattern=rf"^[0-9A-HJ-NP-RTUWXY]{{18}}$|{Reference.PERSON.pattern}",
        examples=["91120101MA05K0TH1H"],
        description="信用代码或参保人标识 (credit code, or reference of a person)",
    ),
]


@router.get(
    "/v1/credit-flags",
    operation_id="list_credit_flags",
    summary="失信标记 · List the flags of a unit or a person",
)
async def list_credit_flags(of: Target, at: Reading) -> CreditFlagsOut:
    """List the flags of a unit or a person, and the changes that wait for their decision."""
    found = await at.read(lambda tx: flags_flow.flags_of(tx, of, at.caller))
    return CreditFlagsOut.of(found)


@router.post(
    "/v1/credit-flag-changes",
    operation_id="file_credit_flag_change",
    summary="申请列入或移出失信名单 · File a flag, or its lifting",
    status_code=201,
    response_model=FlagChangeOut,
)
async def file_credit_flag_change(
    body: FlagChangeIn, at: Annotated[Door, door(Right.OPEN_INSPECTION)]
) -> Response:
    """File a change of a flag. It changes nothing before another person approves."""
    change = body.change()
    return await at.write(
        lambda tx: flags_flow.file(tx, change, at.caller),
        shape=FlagChangeOut.of,
        key=change.key,
        status=201,
    )


@router.post(
    "/v1/credit-flag-changes/{change}/approvals",
    operation_id="approve_credit_flag_change",
    summary="批准列入或移出 · Approve a flag, or its lifting",
    status_code=201,
    response_model=FlagChangeOut,
)
async def approve_credit_flag_change(change: RefPath, at: Deciding) -> Response:
    """Approve a change of a flag, as another person."""
    ref = Ref.parse(Reference.CREDIT_FLAG_CHANGE, change)
    return await at.write(
        lambda tx: flags_flow.approve(tx, ref, at.caller),
        shape=FlagChangeOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/credit-flag-changes/{change}/refusals",
    operation_id="refuse_credit_flag_change",
    summary="不予列入或移出 · Refuse a flag, or its lifting",
    status_code=201,
    response_model=FlagChangeOut,
)
async def refuse_credit_flag_change(change: RefPath, body: FlagRefusalIn, at: Deciding) -> Response:
    """Refuse a change of a flag, as another person. Nothing changes."""
    ref = Ref.parse(Reference.CREDIT_FLAG_CHANGE, change)
    return await at.write(
        lambda tx: flags_flow.refuse(tx, ref, body.why, at.caller),
        shape=FlagChangeOut.of,
        key=ref.key,
        status=201,
    )


@router.get(
    "/v1/inspection-rules",
    operation_id="list_inspection_rules",
    summary="稽核规则 · List the rules of inspections",
)
async def list_inspection_rules(at: Reading) -> InspectionRulesOut:
    """List the days for objections, the outcomes after which a flag is filed, and what it blocks."""
    return InspectionRulesOut.of(await at.read(flags_flow.rules))


@router.post(
    "/v1/inspection-rules",
    operation_id="file_inspection_rule",
    summary="申请变更稽核规则 · File a rule of inspections",
    status_code=201,
    response_model=InspectionRuleChangeOut,
)
async def file_inspection_rule(
    body: InspectionRuleIn, at: Annotated[Door, door(Right.PROPOSE_CORRECTION)]
) -> Response:
    """File a rule from a day on. It changes nothing before another person approves."""
    return await at.write(
        lambda tx: flags_flow.file_rule(tx, body.rule(), at.caller),
        shape=InspectionRuleChangeOut.of,
        key=rule_key(body.topic, body.code),
        status=201,
    )


@router.post(
    "/v1/inspection-rule-changes/{change}/approvals",
    operation_id="approve_inspection_rule",
    summary="批准稽核规则 · Approve a rule of inspections",
    status_code=201,
    response_model=InspectionRuleChangeOut,
)
async def approve_inspection_rule(change: RefPath, at: Ruling) -> Response:
    """Approve a rule, as another person. An earlier rule of the code ends the day before."""
    ref = Ref.parse(Reference.INSPECTION_RULE_CHANGE, change)
    return await at.write(
        lambda tx: flags_flow.approve_rule(tx, ref, at.caller),
        shape=InspectionRuleChangeOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/inspection-rule-changes/{change}/refusals",
    operation_id="refuse_inspection_rule",
    summary="不予批准稽核规则 · Refuse a rule of inspections",
    status_code=201,
    response_model=InspectionRuleChangeOut,
)
async def refuse_inspection_rule(change: RefPath, body: FlagRefusalIn, at: Ruling) -> Response:
    """Refuse a rule, as another person. Nothing changes."""
    ref = Ref.parse(Reference.INSPECTION_RULE_CHANGE, change)
    return await at.write(
        lambda tx: flags_flow.refuse_rule(tx, ref, body.why, at.caller),
        shape=InspectionRuleChangeOut.of,
        key=ref.key,
        status=201,
    )
