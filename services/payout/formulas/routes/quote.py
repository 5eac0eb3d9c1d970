"""Door of benefit quotes (待遇试算)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request

from services.payout.formulas.clients import BenefitRecords
from services.payout.formulas.flows import person as person_quote_flow
from services.payout.formulas.flows import quote as benefit_quote_flow
from services.payout.formulas.flows import unit as unit_quote_flow
from services.payout.formulas.schemas.person import PersonBenefitQuoteIn
from services.payout.formulas.schemas.quote import BenefitQuoteIn, BenefitQuoteOut
from services.payout.formulas.schemas.unit import UnitBenefitQuoteIn
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["formulas"])


@router.post(
    "/v1/benefit-quotes",
    operation_id="quote_benefit",
    summary="待遇试算 · Quote a benefit",
)
async def quote_benefit(
    body: BenefitQuoteIn, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> BenefitQuoteOut:
    """Quote a benefit from the caller's inputs by the rows of a day. Every step names its formula,
    its rounding and its rows; nothing is stored."""
    given = body.benefit.inputs()
    quote = await at.read(
        lambda tx: benefit_quote_flow.quote_benefit(tx, at.region, body.on, given)
    )
    return BenefitQuoteOut.of(body.benefit.kind, body.on, at.region, quote)


@router.post(
    "/v1/people/{person}/benefit-quotes",
    operation_id="quote_person_benefit",
    summary="个人待遇测算 · Quote a person's benefit",
)
async def quote_person_benefit(
    person: RefPath,
    body: PersonBenefitQuoteIn,
    at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT, Right.FILE_CLAIM, Right.SIGN_FIRST)],
) -> BenefitQuoteOut:
    """Quote a benefit of a person from the paid months in collection and the personal account in the
    ledger. Only what they do not know is asked for; nothing is stored."""
    Ref.parse(Reference.PERSON, person)
    question = body.benefit.question()
    record = await person_quote_flow.record_of(_records(at.request), person, body.on, at.caller)
    quote = await at.read(
        lambda tx: person_quote_flow.quote(tx, at.region, body.on, record, question)
    )
    return BenefitQuoteOut.of(body.benefit.kind, body.on, at.region, quote)


@router.post(
    "/v1/units/{credit_code}/benefit-quotes",
    operation_id="quote_unit_benefit",
    summary="单位待遇测算 · Quote a unit's benefit",
)
async def quote_unit_benefit(
    credit_code: Annotated[str, Path(pattern=r"^[0-9A-Z]{18}$")],
    body: UnitBenefitQuoteIn,
    at: Annotated[Door, door(Right.FILE_CLAIM, Right.SIGN_FIRST)],
) -> BenefitQuoteOut:
    """Quote a stable-job refund or a maternity allowance of a unit from its last year in collection;
    nothing is stored."""
    question = body.benefit.question()
    record = await _records(at.request).of_unit(credit_code, body.on, question, at.caller)
    quote = await at.read(
        lambda tx: unit_quote_flow.quote(tx, at.region, body.on, record, question)
    )
    return BenefitQuoteOut.of(body.benefit.kind, body.on, at.region, quote)


def _records(request: Request) -> BenefitRecords:
    records: BenefitRecords = request.app.state.benefit_records
    return records
