"""Use credits (贷项) when a unit is billed: exactly once, on what nobody pays at the same moment.

The units are locked first, then their credits, then their bills, each in the order of their keys:
two chunks that bill the same unit take turns, and a payment or a debit of a bill comes before or
after it was lowered, never between.
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
    """New bills as credits lower them from the start, and what becomes of credits."""

    bills: list[BillDraft]
    granted: Sequence[Credit] = ()
    standing: Sequence[Credit] = ()
    uses: Sequence[CreditUse] = ()
    of_bill: dict[UUID, list[CreditUse]] = field(default_factory=dict)
    """The uses that the voucher of a new bill tells of: all of its unit."""


async def apply_credits(tx: AsyncConnection, bills: list[BillDraft]) -> CreditApplication:
    """Use the credits of units that are billed, fresh ones and standing ones; writes nothing yet."""
    fresh = [credit for bill in bills if bill.credits for credit in bill.granted()]
    standing = await credit_store.unused(tx, [bill.of.unit_id for bill in bills])
    units = {credit.unit_id for credit in (*fresh, *standing)}
    if not units:
        return CreditApplication(bills=bills)
    locked = await credit_store.lock_unpaid(tx, sorted(units))
    lines = await credit_store.open_lines(tx, locked)
    lines += [line for bill in bills if bill.of.unit_id in units for line in bill.open_lines()]
    uses = use_credits([*standing, *fresh], lines)
    lowered = lowered_by_bill(uses)
    return CreditApplication(
        bills=[
            replace(bill, lowered=lowered[bill.id]) if bill.id in lowered else bill
            for bill in bills
        ],
        granted=fresh,
        standing=standing,
        uses=uses,
        of_bill=_uses_by_first_bill(bills, uses),
    )


def _uses_by_first_bill(
    bills: Sequence[BillDraft], uses: Sequence[CreditUse]
) -> dict[UUID, list[CreditUse]]:
    first: dict[int, UUID] = {}
    for bill in bills:
        first.setdefault(bill.of.unit_id, bill.id)
    told: dict[UUID, list[CreditUse]] = defaultdict(list)
    for one in uses:
        told[first[one.credit.unit_id]].append(one)
    return dict(told)


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


async def save(tx: AsyncConnection, spent: CreditApplication, on: date) -> list[tuple[int, UUID]]:
    """Write credits and their uses, once the new bills are written.

    Returns:
        (unit, declaration) of earlier bills that ask for nothing any more.
    """
    used = used_by_credit(spent.uses)
    if spent.granted:
        await credit_store.insert(tx, spent.granted, used)
    more = [credit for credit in spent.standing if credit.id in used]
    if more:
        await credit_store.add_used(tx, more, used)
    if not spent.uses:
        return []
    await credit_store.insert_uses(tx, spent.uses, on)
    new = {bill.id for bill in spent.bills}
    earlier = [
        (one.line.unit_id, one.line.bill_id) for one in spent.uses if one.line.bill_id not in new
    ]
    if not earlier:
        return []
    lowered = lowered_by_bill(spent.uses)
    return await credit_store.lower(
        tx, [(unit_id, bill_id, lowered[bill_id]) for unit_id, bill_id in sorted(set(earlier))]
    )
