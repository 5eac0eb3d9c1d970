"""Doors of proofs of life."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import DistrictQuery, person_keys
from services.payout.entitlements.flows import change as change_flow
from services.payout.entitlements.schemas.change import EntitlementChangeOut
from services.payout.life_proofs.domain.proof import ProofState
from services.payout.life_proofs.flows import proof as proof_flow
from services.payout.life_proofs.schemas.proof import (
    LifeProofReminderOut,
    LifeProofResumptionIn,
    LifeProofsIn,
    LifeProofsOut,
    LifeProofSuspensionIn,
)
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import key_of
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["life proofs"])


@router.post(
    "/v1/life-proofs",
    max_body_size=BULK_BYTES,
    operation_id="record_life_proofs",
    summary="登记资格认证 · Record proofs of life",
    status_code=201,
    response_model=LifeProofsOut,
)
async def record_life_proofs(
    body: LifeProofsIn, at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)]
) -> Response:
    """Record proofs of one channel; any district may record them, whichever pays."""
    drafts = [proof.draft() for proof in body.proofs]

    async def work(tx: AsyncConnection) -> LifeProofsOut:
        count = await proof_flow.record(
            tx,
            drafts,
            channel=body.channel,
            district=body.district,
            keys=person_keys(at.request),
            today=today(),
            caller=at.caller,
        )
        return LifeProofsOut(recorded=count.recorded, replayed=count.replayed)

    return await at.write(work, key=key_of("life_proofs", body.district), status=201)


@router.get(
    "/v1/life-proof-reminders",
    operation_id="list_life_proof_reminders",
    summary="待认证人员 · People whose proof of life is due or missed",
)
async def list_life_proof_reminders(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    state: ProofState = ProofState.DUE,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[LifeProofReminderOut]:
    """List the people whom a district pays and who owe a proof today, by the rule in force."""
    scope = at.caller.scope(district)
    filters = {"list": "life_proof_reminders", "district": scope, "state": state.value}
    after = read_uuid(cursor, filters)
    keys = person_keys(at.request)
    rows = await at.read(
        lambda tx: proof_flow.reminders(
            tx,
            district=scope,
            state=state,
            after=after,
            limit=limit + 1,
            keys=keys,
            today=today(),
        )
    )
    shown, next_cursor = cut(rows, limit, lambda row: [row.person.id.hex], filters)
    return Page[LifeProofReminderOut].of(
        [LifeProofReminderOut.of(row, keys) for row in shown], next_cursor
    )


@router.post(
    "/v1/life-proof-suspensions",
    operation_id="suspend_for_missed_life_proofs",
    summary="逾期未认证停发 · Propose to suspend all who missed their proof",
    status_code=201,
    response_model=EntitlementChangeOut,
)
async def suspend_for_missed_life_proofs(
    body: LifeProofSuspensionIn, at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)]
) -> Response:
    """Propose one paper for all; who proves before another person approves it is left out."""

    async def work(tx: AsyncConnection) -> EntitlementChangeOut:
        change = await proof_flow.propose_suspensions(
            tx,
            district=body.district,
            since=body.since,
            document=body.document,
            keys=person_keys(at.request),
            today=today(),
            caller=at.caller,
        )
        return EntitlementChangeOut.of(change)

    return await at.write(work, key=change_flow.change_key(body.district), status=201)


@router.post(
    "/v1/life-proof-resumptions",
    operation_id="resume_after_life_proofs",
    summary="补认证恢复发放 · Propose to resume all who proved late",
    status_code=201,
    response_model=EntitlementChangeOut,
)
async def resume_after_life_proofs(
    body: LifeProofResumptionIn, at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)]
) -> Response:
    """Propose one paper for all; once approved, the next run pays the months that are due again."""

    async def work(tx: AsyncConnection) -> EntitlementChangeOut:
        change = await proof_flow.propose_resumptions(
            tx,
            district=body.district,
            document=body.document,
            keys=person_keys(at.request),
            today=today(),
            caller=at.caller,
        )
        return EntitlementChangeOut.of(change)

    return await at.write(work, key=change_flow.change_key(body.district), status=201)
