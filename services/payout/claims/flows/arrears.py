"""The employer's arrears, which collection answers before any transaction begins."""

from __future__ import annotations

from datetime import date

from services.payout.benefits.domain import BenefitKind
from services.payout.claims.domain.draft import ClaimDraft
from services.payout.common.clients import CollectionClient, UnitArrears
from shared.errors import Kind, Refusal
from shared.roles import Caller


class UnitInArrears(Refusal):
    """单位欠缴社会保险费,该待遇暂不受理 (the employer has overdue contributions; pay them first)"""

    kind = Kind.CONFLICT
    code = "UNIT_IN_ARREARS"


class UnitFlagged(Refusal):
    """单位已列入失信名单,该待遇暂不受理 (the employer is flagged, and its flag blocks claims)"""

    kind = Kind.CONFLICT
    code = "UNIT_FLAGGED"


async def check(
    collection: CollectionClient,
    draft: ClaimDraft,
    row: BenefitKind,
    *,
    today: date,
    caller: Caller,
) -> None:
    """Refuse a claim while the employer has overdue bills or is flagged, if its kind's row asks for
    that.

    Raises:
        Forbidden, UnitInArrears, UnitFlagged, UnitUnknown, CollectionUnavailable: see `require_none`.
    """
    if row.checks_arrears and draft.credit_code is not None:
        await require_none(collection, draft.credit_code, today, caller=caller)


async def require_none(
    collection: CollectionClient, credit_code: str, as_of: date, *, caller: Caller
) -> UnitArrears:
    """Refuse a unit that has overdue bills, or whose flag blocks claims.

    Raises:
        Forbidden: the unit is of another district.
        UnitInArrears: it has overdue bills. UnitFlagged: its flag blocks claims.
        UnitUnknown: collection has no such unit.
        CollectionUnavailable: collection gave no answer.
    """
    arrears = await collection.arrears(credit_code, as_of)
    caller.require_district(arrears.district)
    if arrears.overdue:
        raise UnitInArrears(credit_code=credit_code, owed_yuan=arrears.total, as_of=as_of)
    if arrears.blocked is not None:
        raise UnitFlagged(credit_code=credit_code, basis=arrears.blocked)
    return arrears
