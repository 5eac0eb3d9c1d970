"""Doors of changes of the register: facts of units, departures, block transfers."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.routes.account import account_cipher
from services.collection.common.schemas.common import TrailOut
from services.collection.register.flows import change as change_flow
from services.collection.register.flows import people_change as people_change_flow
from services.collection.register.routes.page import CreditCodePath
from services.collection.register.schemas.change import (
    BlockTransferIn,
    ChangeIn,
    ChangeOut,
    ChangePersonOut,
    DecisionIn,
    DeparturesIn,
    DeparturesOut,
    RefusalIn,
)
from services.collection.register.store.block import BlockPerson
from services.collection.register.store.change import ChangeRow
from shared import trail
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor, read_uuid
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, Page, RefPath
from shared.process.settings import Settings
from shared.references import Reference
from shared.roles import Right
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()
LINE_MAX: Final = 2**31 - 1
Registering = Annotated[Door, door(Right.REGISTER)]
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Approving = Annotated[Door, door(Right.APPROVE_CHANGE)]


def _pepper(at: Door) -> bytes:
    identity: Identity = at.request.app.state.identity
    return identity.pepper


@router.post(
    "/v1/units/{credit_code}/changes",
    max_body_size=BULK_BYTES,
    operation_id="change_unit",
    summary="单位变更登记 · Change a unit's facts",
    status_code=201,
    response_model=ChangeOut,
)
async def change_unit(credit_code: CreditCodePath, body: ChangeIn, at: Registering) -> Response:
    """Change the name at once; propose changes of facts that a second person must approve.

    The district that will handle the unit decides on kind, injury class and step, size, district,
    collector and bank account.
    """
    settings: Settings = at.request.app.state.settings
    accounts = account_cipher(at)
    change = body.change_request(credit_code, accounts)

    async def work(tx: AsyncConnection) -> ChangeOut:
        found = await change_flow.request(
            tx, change, region=settings.region, caller=at.caller, accounts=accounts
        )
        return ChangeOut.of(found, accounts)

    return await at.write(work, key=unit_key(credit_code), status=201)


@router.get(
    "/v1/units/{credit_code}/changes",
    operation_id="list_unit_changes",
    summary="单位变更记录 · A unit's changes",
)
async def list_unit_changes(
    credit_code: CreditCodePath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[ChangeOut]:
    """List a unit's changes with their days and old values."""
    filters = {"of": "unit_changes", "unit": credit_code}
    after = read_uuid(cursor, filters)

    async def work(tx: AsyncConnection) -> list[ChangeRow]:
        return await change_flow.page(tx, credit_code, after, limit + 1, at.caller)

    rows, following = cut(await at.read(work), limit, lambda row: [row.id.hex], filters)
    accounts = account_cipher(at)
    return Page[ChangeOut].of([ChangeOut.row(row, accounts) for row in rows], following)


@router.post(
    "/v1/block-transfers",
    max_body_size=BULK_BYTES,
    operation_id="transfer_block",
    summary="成建制转移 · Move people to another unit",
    status_code=201,
    response_model=ChangeOut,
)
async def transfer_block(body: BlockTransferIn, at: Registering) -> Response:
    """Propose one transfer for all of them; the receiving unit's district approves it."""
    transfer = body.transfer()

    async def work(tx: AsyncConnection) -> ChangeOut:
        found = await people_change_flow.propose_block(
            tx, transfer, pepper=_pepper(at), caller=at.caller
        )
        return ChangeOut.of(found, account_cipher(at))

    return await at.write(work, key=unit_key(transfer.credit_code), status=201)


@router.post(
    "/v1/units/{credit_code}/departures",
    max_body_size=BULK_BYTES,
    operation_id="leave_unit",
    summary="减员 · People leave a unit",
    status_code=201,
    response_model=DeparturesOut,
)
async def leave_unit(credit_code: CreditCodePath, body: DeparturesIn, at: Registering) -> Response:
    """End all of these enrolments or none. Departures already recorded are ignored."""
    people = body.departures()

    async def work(tx: AsyncConnection) -> DeparturesOut:
        found = await people_change_flow.leave(
            tx, credit_code, people, pepper=_pepper(at), caller=at.caller
        )
        return DeparturesOut.of(found)

    return await at.write(work, key=unit_key(credit_code), status=201)


@router.get("/v1/changes/{change}", operation_id="get_change", summary="变更 · One change")
async def get_change(change: RefPath, at: Reading) -> ChangeOut:
    """Return a change to its district or to the district that decides."""
    ref = Ref.parse(Reference.REGISTER_CHANGE, change)

    async def work(tx: AsyncConnection) -> ChangeOut:
        return ChangeOut.row(await change_flow.find(tx, ref, at.caller), account_cipher(at))

    return await at.read(work)


@router.get(
    "/v1/changes/{change}/people",
    operation_id="list_change_people",
    summary="转移人员 · People of a block transfer",
)
async def list_change_people(
    change: RefPath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[ChangePersonOut]:
    """List the people of a block transfer, masked."""
    ref = Ref.parse(Reference.REGISTER_CHANGE, change)
    filters = {"of": "change_people", "change": change}
    after = 0 if cursor is None else read_cursor(cursor, filters, (int,))[0]

    async def work(tx: AsyncConnection) -> list[BlockPerson]:
        line = min(after, LINE_MAX)
        return await people_change_flow.page_of_block(tx, ref, line, limit + 1, at.caller)

    rows, following = cut(await at.read(work), limit, lambda row: [row.line_no], filters)
    return Page[ChangePersonOut].of([ChangePersonOut.of(row) for row in rows], following)


@router.get(
    "/v1/changes/{change}/trail", operation_id="get_change_trail", summary="办理轨迹 · Its trail"
)
async def get_change_trail(change: RefPath, at: Reading) -> TrailOut:
    """List who proposed and who decided a change."""
    ref = Ref.parse(Reference.REGISTER_CHANGE, change)

    async def work(tx: AsyncConnection) -> TrailOut:
        row = await change_flow.find(tx, ref, at.caller)
        return TrailOut.of(await trail.of_paper(tx, row.unit_id, row.id))

    return await at.read(work)


@router.post(
    "/v1/changes/{change}/approvals",
    operation_id="approve_change",
    summary="复核变更 · Approve a change",
    status_code=201,
    response_model=ChangeOut,
)
async def approve_change(
    change: RefPath, at: Approving, body: DecisionIn | None = None
) -> Response:
    """Approve a change, as a second person of the district that decides."""
    ref = Ref.parse(Reference.REGISTER_CHANGE, change)

    async def work(tx: AsyncConnection) -> ChangeOut:
        note = body.note if body else None
        return ChangeOut.of(
            await people_change_flow.approve(tx, ref, note, at.caller), account_cipher(at)
        )

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/changes/{change}/refusals",
    operation_id="refuse_change",
    summary="不予变更 · Refuse a change",
    status_code=201,
    response_model=ChangeOut,
)
async def refuse_change(change: RefPath, body: RefusalIn, at: Approving) -> Response:
    """Refuse a change with return codes of the catalogue."""
    ref = Ref.parse(Reference.REGISTER_CHANGE, change)

    async def work(tx: AsyncConnection) -> ChangeOut:
        return ChangeOut.of(
            await change_flow.refuse(tx, ref, body.codes, body.note, at.caller), account_cipher(at)
        )

    return await at.write(work, key=ref.key, status=201)
