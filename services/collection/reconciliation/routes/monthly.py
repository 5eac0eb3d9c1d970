"""Doors of the monthly reconciliation: the adjustment table (调节表) and letters (对账函)."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.schemas.common import TrailOut
from services.collection.reconciliation.domain.letter import LetterParty, LetterStatus, letter_key
from services.collection.reconciliation.flows import bank_table as bank_table_flow
from services.collection.reconciliation.flows import letter as letter_flow
from services.collection.reconciliation.schemas.bank_table import (
    BankAdjustmentTableOut,
    table_page,
)
from services.collection.reconciliation.schemas.letter import (
    LetterAnswerIn,
    LetterIn,
    ReconciliationLetterOut,
)
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.fund import CODE_PATTERN
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath, page_by_id
from shared.period import PERIOD_PATTERN
from shared.references import Reference
from shared.roles import CENTRE, Right
from shared.schema import Code
from shared.web.door_router import DoorRouter
from shared.web.html import SAFE

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Reconciling = Annotated[Door, door(Right.RECONCILE)]
Answering = Annotated[Door, door(Right.ANSWER_RECONCILIATION)]
ReadingLetter = Annotated[Door, door(Right.READ_COLLECTION, Right.ANSWER_RECONCILIATION)]
AccountPath = Annotated[str, Path(pattern=CODE_PATTERN)]
AsOf = Annotated[date, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-31"])]
_LETTER = "/v1/reconciliation-letters/{letter}"


def _ref(letter: str) -> Ref:
    return Ref.parse(Reference.RECONCILIATION_LETTER, letter)


@router.get(
    "/v1/bank-adjustments/{account}",
    operation_id="get_bank_adjustment_table",
    summary="银行存款余额调节表 · Get the bank balance adjustment table",
)
async def get_bank_adjustment_table(
    account: AccountPath, at: Reading, as_of: AsOf
) -> BankAdjustmentTableOut:
    """Get the table of one of our accounts at the end of a day, filled from the work items."""
    at.caller.require_district(CENTRE)
    found = await at.read(lambda tx: bank_table_flow.table(tx, account, as_of, region=at.region))
    return BankAdjustmentTableOut.of(found)


@router.get(
    "/v1/bank-adjustments/{account}/print",
    operation_id="print_bank_adjustment_table",
    summary="打印银行存款余额调节表 · Print the bank balance adjustment table",
    response_class=HTMLResponse,
)
async def print_bank_adjustment_table(
    account: AccountPath, at: Reading, as_of: AsOf
) -> HTMLResponse:
    """Print the table, with places for the signatures."""
    at.caller.require_district(CENTRE)

    async def work(tx: AsyncConnection) -> str:
        return table_page(await bank_table_flow.table(tx, account, as_of, region=at.region))

    return HTMLResponse(await at.read(work), headers=SAFE)


@router.post(
    "/v1/reconciliation-letters",
    operation_id="draft_reconciliation_letter",
    summary="编制对账函 · Draft a reconciliation letter",
    status_code=201,
    response_model=ReconciliationLetterOut,
)
async def draft_reconciliation_letter(body: LetterIn, at: Reconciling) -> Response:
    """Draft a letter to the bank, treasury, finance bureau or a district with a month's figures."""
    return await at.write(
        lambda tx: letter_flow.draft(tx, body.request(), region=at.region, caller=at.caller),
        shape=ReconciliationLetterOut.of,
        key=letter_key(body.party, body.district or CENTRE),
        status=201,
    )


@router.post(
    f"{_LETTER}/signatures",
    operation_id="sign_reconciliation_letter",
    summary="签发对账函 · Sign a reconciliation letter",
    response_model=ReconciliationLetterOut,
)
async def sign_reconciliation_letter(
    letter: RefPath, at: Annotated[Door, door(Right.APPROVE_RECONCILIATION)]
) -> Response:
    """Sign a letter for the centre, as another person than who drafted it."""
    ref = _ref(letter)
    return await at.write(
        lambda tx: letter_flow.sign(tx, ref, at.caller),
        shape=ReconciliationLetterOut.of,
        key=ref.key,
    )


@router.post(
    f"{_LETTER}/answers",
    operation_id="answer_reconciliation_letter",
    summary="回复对账函 · Answer a reconciliation letter",
    response_model=ReconciliationLetterOut,
)
async def answer_reconciliation_letter(
    letter: RefPath, body: LetterAnswerIn, at: Answering
) -> Response:
    """Agree with a letter, or name the figures that differ, for the organisation it is to."""
    ref = _ref(letter)
    return await at.write(
        lambda tx: letter_flow.answer(tx, ref, body.answer(), at.caller),
        shape=ReconciliationLetterOut.of,
        key=ref.key,
    )


@router.get(
    "/v1/reconciliation-letters",
    operation_id="list_reconciliation_letters",
    summary="对账函列表 · List reconciliation letters",
)
async def list_reconciliation_letters(
    at: Reading,
    party: LetterParty | None = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    district: Code | None = None,
    status: LetterStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ReconciliationLetterOut]:
    """List letters. District staff see their own district's."""
    scope = at.caller.scope(district)
    filters = {"of": "letters", "party": party, "period": period, "in": scope, "status": status}
    read = partial(
        letter_flow.page,
        party=party and party.value,
        period=period,
        district=scope,
        status=status and status.value,
    )
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    items = [ReconciliationLetterOut.of(row) for row in rows]
    return Page[ReconciliationLetterOut].of(items, following)


@router.get(
    _LETTER,
    operation_id="get_reconciliation_letter",
    summary="对账函 · Get a reconciliation letter",
)
async def get_reconciliation_letter(letter: RefPath, at: ReadingLetter) -> ReconciliationLetterOut:
    """Get a letter; another organisation sees its own."""
    ref = _ref(letter)
    found = await at.read(lambda tx: letter_flow.find(tx, ref, at.caller))
    return ReconciliationLetterOut.of(found)


@router.get(
    f"{_LETTER}/trail",
    operation_id="get_reconciliation_letter_trail",
    summary="办理轨迹 · Get the trail of a reconciliation letter",
)
async def get_reconciliation_letter_trail(letter: RefPath, at: Reading) -> TrailOut:
    """Get who drafted, signed and answered a letter."""
    ref = _ref(letter)
    return TrailOut.of(await at.read(lambda tx: letter_flow.trail_of(tx, ref, at.caller)))
