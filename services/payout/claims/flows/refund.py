"""Filing stable-job refunds (稳岗返还)."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BenefitKind
from services.payout.claims.domain.claim import Claim
from services.payout.claims.domain.refund import (
    INSURANCE,
    RefundRequest,
    basis_of,
    claim_of,
    district_faults,
    inputs_of,
    require_due,
)
from services.payout.claims.flows import arrears as arrears_flow
from services.payout.claims.flows import claim as claim_flow
from services.payout.common.clients import CollectionClient
from services.payout.common.domain import UnitPaidYear, require_faultless, require_not_future
from services.payout.common.flows import PersonKeys
from services.payout.formulas.flows import quote as benefit_quote_flow
from shared.roles import Caller


async def ask(
    collection: CollectionClient,
    request: RefundRequest,
    row: BenefitKind,
    *,
    today: date,
    caller: Caller,
) -> UnitPaidYear:
    """Ask collection what the unit has paid for the year, before the transaction begins.

    Raises:
        Forbidden: another district's claim or unit.
        Faulty: the claim names another district than the unit's.
        DateInFuture: the day of filing has not begun.
        UnitInArrears, UnitUnknown, CollectionUnavailable: see `arrears_flow.require_none`.
    """
    caller.require_district(request.district)
    require_not_future(request.filed_on, today)
    paid = await collection.paid_year(request.credit_code, INSURANCE, request.year)
    caller.require_district(paid.district)
    require_faultless(district_faults(request, paid))
    if row.checks_arrears:
        await arrears_flow.require_none(collection, request.credit_code, today, caller=caller)
    return paid


async def file(
    tx: AsyncConnection,
    request: RefundRequest,
    paid: UnitPaidYear,
    row: BenefitKind,
    *,
    place: str,
    keys: PersonKeys,
    caller: Caller,
) -> Claim:
    """Compute the refund by the rows of the day of filing, and file its claim.

    Raises:
        FormulaRowMissing, Faulty: the formula has no row, or no heads to divide by.
        RefundNotDue: a condition is not met.
        EventClaimed: the unit's year is claimed already.
    """
    quote = await benefit_quote_flow.quote_benefit(
        tx, place, request.filed_on, inputs_of(request, paid)
    )
    require_due(quote)
    basis = basis_of(request, paid, quote)
    return await claim_flow.file_claim(
        tx, claim_of(request, quote), row, keys=keys, caller=caller, basis=basis
    )
