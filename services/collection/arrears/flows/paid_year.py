"""Reading what a unit has paid for a year."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.store import receipt as receipt_store
from services.collection.arrears.domain.paid_year import PaidYear
from services.collection.arrears.store import paid_year as paid_year_store
from services.collection.common.domain.errors import UnitUnknown
from shared.roles import Caller


async def of_unit(
    tx: AsyncConnection, credit_code: str, *, insurance: str, year: int, caller: Caller
) -> PaidYear:
    """Read what a unit has paid of an insurance for the months of a year, and its heads.

    Raises:
        UnitUnknown: the unit is not registered. Forbidden: it is of another district.
    """
    unit = (await receipt_store.payers(tx, [credit_code])).get(credit_code)
    if unit is None:
        raise UnitUnknown(credit_code=credit_code)
    caller.require_district(unit.district)
    return await paid_year_store.of_unit(tx, unit, insurance=insurance, year=year)
