"""Door of contribution records, for payout alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from services.collection.contributions import flows as contributions_flow
from services.collection.contributions.schemas import ContributionRecordOut, UnitWagesOut
from services.collection.register.routes.page import CreditCodePath
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.security.field_cipher import FieldCipher
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get(
    "/v1/people/{person}/contributions",
    operation_id="get_person_contributions",
    summary="个人缴费记录 · Get a person's paid months",
)
async def get_person_contributions(
    person: RefPath, at: Annotated[Door, door(Right.READ_CONTRIBUTIONS)]
) -> ContributionRecordOut:
    """Get the paid months and bases of a person at all units, by insurance and year."""
    ref = Ref.parse(Reference.PERSON, person)
    identity: Identity = at.request.app.state.identity
    cipher = FieldCipher(identity.field_keys, "identity_number")
    record = await at.read(lambda tx: contributions_flow.record(tx, ref, cipher))
    return ContributionRecordOut.of(record)


@router.get(
    "/v1/units/{credit_code}/wages",
    operation_id="get_unit_wages",
    summary="单位年度工资 · Get a unit's declared wages of a year",
)
async def get_unit_wages(
    credit_code: CreditCodePath,
    at: Annotated[Door, door(Right.READ_CONTRIBUTIONS)],
    year: Annotated[int, Query(ge=1990, le=2100)],
) -> UnitWagesOut:
    """Get the wages that a unit declared in the settled months of a year, and their average."""
    found = await at.read(lambda tx: contributions_flow.unit_wages(tx, credit_code, year))
    return UnitWagesOut.of(credit_code, found)
