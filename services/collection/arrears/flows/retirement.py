"""Reading the facts that keep a person from retiring."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.domain.retirement import (
    PENSION,
    RetirementFacts,
    unpaid_months,
)
from services.collection.arrears.flows import arrears as arrears_flow
from services.collection.arrears.store import arrears as arrears_store
from services.collection.contributions import flows as contributions_flow
from services.collection.contributions import store as contributions_store
from services.collection.contributions.domain import doubled_months
from shared.errors import NotFound
from shared.ids import Ref
from shared.references import Reference


async def facts(tx: AsyncConnection, ref: Ref, *, region: str, as_of: date) -> RetirementFacts:
    """Read the months that a person's units owe at the end of a day, and months paid at two units.

    Raises:
        NotFound: there is no such person.
    """
    person = await contributions_flow.survivor_of(tx, ref)
    sealed = await contributions_store.sealed_name(tx, person.key)
    if sealed is None:
        raise NotFound(person=ref.text(Reference.PERSON))
    person_ids = await contributions_store.records_of(tx, person.key)
    counted = await contributions_store.billed_months(tx, person_ids)
    units = sorted({(month.unit_id, month.credit_code) for month in counted})
    lines = await arrears_store.of_units(tx, units, as_of)
    held = await arrears_flow.assess(tx, lines, region=region, as_of=as_of)
    paid = await contributions_flow.paid_months(tx, person_ids)
    return RetirementFacts(
        person=person,
        sealed_name=sealed,
        doubled=doubled_months(paid, PENSION),
        unpaid=unpaid_months(counted, [one for owed in held.values() for one in owed]),
    )
