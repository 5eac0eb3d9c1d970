"""The employer's arrears, which collection answers before any transaction begins."""

from __future__ import annotations

from datetime import date

from services.payout.benefits.domain import ClaimKind
from services.payout.claims.domain.draft import ClaimDraft
from services.payout.common.clients import CollectionClient, UnitArrears
from shared.errors import Kind, Refusal


class UnitInArrears(Refusal):
    """单位欠缴社会保险费,生育津贴暂不受理 (the employer has overdue contributions; pay them first)"""

    kind = Kind.CONFLICT
    code = "UNIT_IN_ARREARS"


async def check(collection: CollectionClient, draft: ClaimDraft) -> None:
    """Refuse a maternity allowance while the employer has overdue bills; other kinds pass.

    Raises:
        UnitInArrears, UnitUnknown, CollectionUnavailable: see `require_none`.
    """
    if draft.kind is ClaimKind.MATERNITY_ALLOWANCE and draft.credit_code is not None:
        await require_none(collection, draft.credit_code, draft.filed_on)


async def require_none(collection: CollectionClient, credit_code: str, as_of: date) -> UnitArrears:
    """Refuse a unit that has overdue bills.

    Raises:
        UnitInArrears: it has overdue bills.
        UnitUnknown: collection has no such unit.
        CollectionUnavailable: collection gave no answer.
    """
    arrears = await collection.arrears(credit_code, as_of)
    if arrears.overdue:
        raise UnitInArrears(credit_code=credit_code, owed_yuan=arrears.total, as_of=as_of)
    return arrears
