"""Doors of reversals. Each needs two people of the centre."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.flows import voucher as voucher_flow
from services.ledger.posting.routes.door import opened
from services.ledger.posting.routes.voucher import VoucherId
from services.ledger.reversals import flows as reversals_flow
from services.ledger.reversals.domain import ReversalStatus
from services.ledger.reversals.schemas import ReversalIn, ReversalOut, ReversalRefusalIn
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()

Proposing = Annotated[Door, door(Right.REVERSE_VOUCHER, money=True)]
Approving = Annotated[Door, door(Right.APPROVE_SETTLEMENT, money=True)]
Refusing = Annotated[Door, door(Right.APPROVE_SETTLEMENT)]
Reading = Annotated[Door, door(Right.READ_LEDGER)]


@router.post(
    "/v1/vouchers/{id}/reversals",
    operation_id="propose_reversal",
    summary="提出红字冲销 · Propose to reverse a voucher, wholly or in parts, never beyond it",
    status_code=201,
    response_model=ReversalOut,
)
async def propose_reversal(id: VoucherId, body: ReversalIn, at: Proposing) -> Response:
    """Propose a reversal for another person to approve. It is judged as it would be posted now;
    nothing is posted yet."""
    books = await opened(at)

    async def work(tx: AsyncConnection) -> ReversalOut:
        paper = await reversals_flow.propose(
            tx,
            books,
            id,
            at.caller,
            book_date=body.book_date,
            summary=body.summary,
            parts=body.parts(),
        )
        return ReversalOut.of(paper)

    return await at.write(work, key=voucher_flow.place_of(id)[0], status=201)


@router.post(
    "/v1/reversals/{reversal}/approvals",
    operation_id="approve_reversal",
    summary="核准冲销并记账 · Approve a reversal and post it",
    response_model=ReversalOut,
)
async def approve_reversal(reversal: RefPath, at: Approving) -> Response:
    """Approve a reversal that another person proposed, and post its red-letter voucher.

    A repeat by the approver gets the first result.
    """
    books, ref = await opened(at), Ref.parse(Reference.REVERSAL, reversal)

    async def work(tx: AsyncConnection) -> ReversalOut:
        paper = await reversals_flow.find(tx, ref)
        return ReversalOut.of(await reversals_flow.approve(books, paper, at.caller))

    return await at.write(work, key=ref.key)


@router.post(
    "/v1/reversals/{reversal}/refusals",
    operation_id="refuse_reversal",
    summary="不予核准冲销 · Refuse a reversal",
    response_model=ReversalOut,
)
async def refuse_reversal(reversal: RefPath, body: ReversalRefusalIn, at: Refusing) -> Response:
    """Refuse a reversal that another person proposed. The voucher stays as it is."""
    books, ref = await opened(at), Ref.parse(Reference.REVERSAL, reversal)

    async def work(tx: AsyncConnection) -> ReversalOut:
        paper = await reversals_flow.find(tx, ref)
        return ReversalOut.of(await reversals_flow.refuse(books, paper, body.reason, at.caller))

    return await at.write(work, key=ref.key)


@router.get(
    "/v1/reversals/{reversal}",
    operation_id="read_reversal",
    summary="冲销单 · One reversal",
)
async def read_reversal(reversal: RefPath, at: Reading) -> ReversalOut:
    """Read a reversal, who proposed it and who decided on it."""
    voucher_flow.require_centre(at.caller)
    ref = Ref.parse(Reference.REVERSAL, reversal)
    return ReversalOut.of(await at.read(lambda tx: reversals_flow.find(tx, ref)))


@router.get(
    "/v1/reversals",
    operation_id="list_reversals",
    summary="冲销单列表 · Reversals, newest first",
)
async def list_reversals(
    at: Reading,
    status: ReversalStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ReversalOut]:
    """List reversals, newest first."""
    voucher_flow.require_centre(at.caller)
    rows, following = await at.read(lambda tx: reversals_flow.page(tx, status, cursor, limit))
    return Page[ReversalOut].of([ReversalOut.of(row) for row in rows], following)
