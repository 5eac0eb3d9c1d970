"""Arrears (欠费) with their accrued charges, for one unit, many units or a district."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.store import receipt as receipt_store
from services.collection.arrears.domain.arrears import OpenLine, Receivable, receivable
from services.collection.arrears.domain.late import ChargedSoFar
from services.collection.arrears.flows import charges as charges_flow
from services.collection.arrears.flows.charges import Protections
from services.collection.arrears.store import arrears as arrears_store
from services.collection.arrears.store import charge as charge_store
from services.collection.billing.domain.bill import CHARGE
from services.collection.common.domain.errors import UnitUnknown
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.charge import Accrual, ChargeKind, accrue
from services.collection.policy.domain.charge_timeline import debt_of
from shared.errors import Fault, Faulty
from shared.roles import Caller

Held = dict[int, list[Receivable]]
"""Unit key → what it owes."""


async def of_units(
    tx: AsyncConnection, credit_codes: Sequence[str], *, region: str, as_of: date, caller: Caller
) -> dict[str, list[Receivable]]:
    """Read the arrears of units at the end of a day, as booked until then.

    Raises:
        Faulty: every credit code that is not registered.
        Forbidden: a unit is of another district.
    """
    units = await receipt_store.payers(tx, credit_codes)
    unknown = [
        Fault(f"/credit_codes/{number}", UnitUnknown.code, UnitUnknown(credit_code=code).message)
        for number, code in enumerate(credit_codes)
        if code not in units
    ]
    if unknown:
        raise Faulty(faults=unknown)
    for unit in units.values():
        caller.require_district(unit.district)
    wanted = [(unit.unit_id, code) for code, unit in units.items()]
    held = await assess(
        tx, await arrears_store.of_units(tx, wanted, as_of), region=region, as_of=as_of
    )
    return {code: held.get(unit.unit_id, []) for code, unit in units.items()}


async def of_unit(
    tx: AsyncConnection, credit_code: str, *, region: str, as_of: date, caller: Caller
) -> tuple[str, list[Receivable]]:
    """Read the district of one unit, and its arrears at the end of a day.

    Raises:
        UnitUnknown: the unit is not registered. Forbidden: it is of another district.
    """
    unit = (await receipt_store.payers(tx, [credit_code])).get(credit_code)
    if unit is None:
        raise UnitUnknown(credit_code=credit_code)
    caller.require_district(unit.district)
    lines = await arrears_store.of_units(tx, [(unit.unit_id, credit_code)], as_of)
    held = await assess(tx, lines, region=region, as_of=as_of)
    return unit.district, held.get(unit.unit_id, [])


async def assess(
    tx: AsyncConnection, lines: Sequence[OpenLine], *, region: str, as_of: date
) -> Held:
    """Compute the accrued charges of open lines, per unit."""
    if not lines:
        return {}
    protections = await charges_flow.protections_of(tx, (line.unit_id for line in lines), as_of)
    late = [line for line in lines if line.bears_charges and line.due_on < as_of]
    costs = await _costs(tx, late, protections, region=region, as_of=as_of)
    held: Held = defaultdict(list)
    for line in lines:
        accruals, charged = costs.get((line.bill_id, line.line_no), ((), {}))
        place = (line.unit_id, line.insurance, line.of_period())
        held[line.unit_id].append(
            receivable(
                line,
                as_of,
                deferred=line.kind != CHARGE and protections.deferred(*place, as_of),
                protected=any(as_of in span for span in protections.free(*place)),
                accruals=accruals,
                charged=charged,
            )
        )
    return dict(held)


Cost = tuple[Sequence[Accrual], Mapping[ChargeKind, ChargedSoFar]]


async def _costs(
    tx: AsyncConnection,
    late: Sequence[OpenLine],
    protections: Protections,
    *,
    region: str,
    as_of: date,
) -> dict[tuple[UUID, int], Cost]:
    """Compute the charges accrued on each line until a day, and those already assessed."""
    if not late:
        return {}
    rulings = await charges_flow.rulings_of(tx, region)
    tables = await charges_flow.tables_of(tx, rulings, (line.policy_id for line in late))
    fixed = await charge_store.charged(
        tx, {(line.unit_id, line.bill_id) for line in late}, until=as_of
    )
    costs: dict[tuple[UUID, int], Cost] = {}
    for line in late:
        policy = await policy_flow.by_id(tx, line.policy_id)
        debt = debt_of(line.of_period(), line.due_on, policy.charges, policy.due_day)
        free = protections.free(line.unit_id, line.insurance, line.of_period())
        charged = {
            kind: fixed[line.bill_id, line.line_no, kind]
            for kind in ChargeKind
            if (line.bill_id, line.line_no, kind) in fixed
        }
        found = [
            accrue(
                kind,
                line.open_fen,
                debt,
                as_of,
                tables[line.policy_id],
                free=free,
                already_parts=charged.get(kind, ChargedSoFar()).parts,
            )
            for kind in ChargeKind
        ]
        costs[line.bill_id, line.line_no] = [one for one in found if one is not None], charged
    return costs
