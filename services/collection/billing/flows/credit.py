"""Use credits (贷项) when a unit is billed.

Units are locked first, then their credits, then their bills, each in the order of their keys. So
two chunks that bill the same unit take turns, and a payment or debit of a bill comes before or
after the bill is lowered, never in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.billing.domain.bill import BillDraft
from services.collection.billing.domain.credit import (
    Credit,
    CreditUse,
    lowered_by_bill,
    use_credits,
    used_by_credit,
)
from services.collection.billing.store import credit as credit_store
from services.collection.register.flows import unit as unit_flow
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditApplication:
    """New bills as lowered by credits, and the credits granted and used."""

    bills: list[BillDraft]
    granted: Sequence[Credit] = ()
    unused: Sequence[Credit] = ()
    uses: Sequence[CreditUse] = ()
    uses_by_bill: dict[UUID, list[CreditUse]] = field(default_factory=dict)
    """Uses per new bill whose voucher records them: the first bill of each unit has all of its
    uses."""


async def apply_credits(tx: AsyncConnection, bills: list[BillDraft]) -> CreditApplication:
    """Use the new and unused credits of units that are billed. Write nothing yet."""
    granted = [credit for bill in bills if bill.credits for credit in bill.granted()]
    unused = await credit_store.unused(tx, [bill.declaration.unit_id for bill in bills])
    units = {credit.unit_id for credit in (*granted, *unused)}
    if not units:
        return CreditApplication(bills=bills)
    locked = await credit_store.lock_open(tx, sorted(units))
    lines = await credit_store.open_lines(tx, locked)
    lines += [
        line for bill in bills if bill.declaration.unit_id in units for line in bill.open_lines()
    ]
    uses = use_credits([*unused, *granted], lines)
    lowered = lowered_by_bill(uses)
    return CreditApplication(
        bills=[
            replace(bill, lowered=lowered[bill.id]) if bill.id in lowered else bill
            for bill in bills
        ],
        granted=granted,
        unused=unused,
        uses=uses,
        uses_by_bill=_uses_by_first_bill(bills, uses),
    )


def _uses_by_first_bill(
    bills: Sequence[BillDraft], uses: Sequence[CreditUse]
) -> dict[UUID, list[CreditUse]]:
    first: dict[int, UUID] = {}
    for bill in bills:
        first.setdefault(bill.declaration.unit_id, bill.id)
    found: dict[UUID, list[CreditUse]] = defaultdict(list)
    for one in uses:
        found[first[one.credit.unit_id]].append(one)
    return dict(found)


async def page(
    tx: AsyncConnection,
    *,
    credit_code: str,
    unused: bool,
    caller: Caller,
    after: UUID | None,
    limit: int,
) -> list[Credit]:
    """Read a unit's credits, oldest first.

    Raises:
        UnitUnknown: the unit is not registered. Forbidden: it is of another district.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    return await credit_store.page(
        tx, unit.id, credit_code, unused=unused, after=after, limit=limit
    )


async def save(
    tx: AsyncConnection, application: CreditApplication, on: date
) -> list[tuple[int, UUID]]:
    """Write credits and their uses, after the new bills are written.

    Returns:
        (unit, declaration) of earlier bills that ask for nothing now.
    """
    used = used_by_credit(application.uses)
    if application.granted:
        await credit_store.insert(tx, application.granted, used)
    more = [credit for credit in application.unused if credit.id in used]
    if more:
        await credit_store.add_used(tx, more, used)
    if not application.uses:
        return []
    await credit_store.insert_uses(tx, application.uses, on)
    new = {bill.id for bill in application.bills}
    earlier = [
        (one.line.unit_id, one.line.bill_id)
        for one in application.uses
        if one.line.bill_id not in new
    ]
    if not earlier:
        return []
    lowered = lowered_by_bill(application.uses)
    return await credit_store.lower(
        tx, [(unit_id, bill_id, lowered[bill_id]) for unit_id, bill_id in sorted(set(earlier))]
    )
