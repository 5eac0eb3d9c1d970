"""Door of the facts that keep a person from retiring, for payout alone."""

from __future__ import annotations

from typing import Annotated

from services.collection.arrears.flows import retirement as retirement_flow
from services.collection.arrears.schemas.retirement import RetirementFactsOut
from shared.clock import today
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.security.identity import Identity
from shared.security.transit import Transit
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get(
    "/v1/people/{person}/retirement-facts",
    operation_id="get_retirement_facts",
    summary="退休审批核查 · Get what keeps a person from retiring",
)
async def get_retirement_facts(
    person: RefPath, at: Annotated[Door, door(Right.READ_CONTRIBUTIONS)]
) -> RetirementFactsOut:
    """Get the pension months that the person's units owe today, and those paid at two units."""
    ref = Ref.parse(Reference.PERSON, person)
    identity: Identity = at.request.app.state.identity
    found = await at.read(
        lambda tx: retirement_flow.facts(tx, ref, region=at.region, as_of=today())
    )
    return RetirementFactsOut.of(found, Transit(identity, "name"))
