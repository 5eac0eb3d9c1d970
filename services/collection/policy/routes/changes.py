"""Doors to check a pack before it is drafted, and to compare two versions."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import JsonValue

from services.collection.policy import flows as policy_flow
from services.collection.policy.domain import pack as pack_rules
from services.collection.policy.domain.text import markdown
from services.collection.policy.flows import PolicyComparison
from services.collection.policy.schemas.changes import (
    PackFaultOut,
    PolicyChangesOut,
    PolicyCheckOut,
)
from services.collection.policy.schemas.lint import doubts_of, faults_of
from services.collection.policy.schemas.policy import PackIn
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

FAULTS_SHOWN = 1000
router = DoorRouter()


@router.post(
    "/v1/policy-checks",
    operation_id="check_policy",
    summary="检查政策包 · Check a policy pack",
)
async def check_policy(
    body: dict[str, JsonValue], at: Annotated[Door, door(Right.PUBLISH_POLICY)]
) -> PolicyCheckOut:
    """Check a pack that nobody has drafted: every fault, or else its differences to the version in
    force on its first day. Nothing is stored."""
    faults = faults_of(body)
    if faults:
        nothing = PolicyComparison(since=None, before=None, changes=[])
        shown = [PackFaultOut.of(fault) for fault in faults[:FAULTS_SHOWN]]
        return PolicyCheckOut(
            **PolicyChangesOut.members(nothing),
            faults=shown,
            count=len(faults),
            doubts=[],
            text=None,
        )
    content = PackIn.model_validate(body).content()
    found = await at.read(lambda tx: policy_flow.compared(tx, content))
    return PolicyCheckOut(
        **PolicyChangesOut.members(found),
        faults=[],
        count=0,
        doubts=doubts_of(content),
        text=markdown(pack_rules.read(content)),
    )


@router.get(
    "/v1/policies/{policy}/changes",
    operation_id="list_policy_changes",
    summary="与前一版本的差异 · List the differences between two versions",
)
async def list_policy_changes(
    policy: RefPath,
    at: Annotated[Door, door(Right.READ_COLLECTION)],
    since: Annotated[str | None, Query(description="对比的版本 (the version to compare)")] = None,
) -> PolicyChangesOut:
    """List every value that differs from another version: from the one in force before it, unless
    `since` names one."""
    ref = Ref.parse(Reference.POLICY, policy)
    earlier = None if since is None else Ref.parse(Reference.POLICY, since).id
    return PolicyChangesOut.of(await at.read(lambda tx: policy_flow.changes(tx, ref.id, earlier)))
