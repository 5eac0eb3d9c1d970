"""Whether a unit owes contributions: asked of collection before any transaction begins."""

from __future__ import annotations

from datetime import date

from services.payout.common.clients import Arrears, CollectionClient
from shared.errors import Kind, Refusal


class UnitInArrears(Refusal):
    """单位欠缴社会保险费,生育津贴暂不受理 (the unit owes contributions; not accepted until paid)"""

    kind = Kind.CONFLICT
    code = "UNIT_IN_ARREARS"


async def require_none(collection: CollectionClient, credit_code: str, as_of: date) -> Arrears:
    """Refuse a unit with overdue bills.

    Raises:
        UnitInArrears: it has some.
        UnitUnknown: collection knows no such unit.
        CollectionUnavailable: collection gave no answer.
    """
    found = await collection.arrears(credit_code, as_of)
    if found.overdue:
        raise UnitInArrears(credit_code=credit_code, owed_yuan=found.total, as_of=as_of)
    return found
