"""Hand in a nil declaration (零申报): nobody is enrolled, and nothing is levied."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.levied import FilingTerms
from services.collection.filing.domain.month import Schedules
from services.collection.filing.domain.nil import NIL, NilDeclaration, nil_faults
from services.collection.filing.domain.one_unit import month_of
from services.collection.filing.domain.records import LeviedDeclaration
from services.collection.filing.flows import hand_in as hand_in_flow
from services.collection.filing.flows import late as late_flow
from services.collection.filing.flows.declaration import unit_in
from services.collection.filing.store import hand_in as hand_in_store
from services.collection.policy import flows as policy_flow
from shared.errors import Faulty
from shared.roles import Caller


async def submit(
    tx: AsyncConnection, nil: NilDeclaration, *, region: str, caller: Caller
) -> LeviedDeclaration:
    """Store that a unit has nobody to declare; a billed default is taken back by it.

    Raises:
        UnitUnknown, Forbidden, NoPolicy. Faulty: somebody is enrolled, or totals are not zero.
        DeclarationExists, DefaultWaits, CorrectionUnfinished: as for any declaration.
    """
    declaration = nil.declaration
    period = declaration.period
    unit = await unit_in(tx, declaration.credit_code, period, caller)
    dated = await policy_flow.in_force(tx, region, period.first_day)
    enrolled = await hand_in_store.enrolled(tx, [unit.id], period.first_day, period.last_day)
    faults = list(nil_faults(declaration, len(set(enrolled[1].tolist()))))
    if faults:
        raise Faulty(faults=faults)
    plan = await late_flow.plan(tx, unit.id, str(period))
    terms = FilingTerms(
        period=period,
        policy_id=dated.id,
        plans={unit.id: plan},
        reason_code=NIL,
        note=nil.reason,
    )
    return await hand_in_flow.store_one(
        tx,
        month_of(unit, declaration, [], []),
        terms,
        Schedules(dated.policy, period),
        dated.policy,
        caller,
        {NIL: True},
    )
