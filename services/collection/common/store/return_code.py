"""The catalogue of return codes (退回原因)."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.return_code import ReturnCode
from services.collection.common.store import city_rule as city_rule_store
from services.collection.common.store.city_rule import CityRule


async def return_codes(tx: AsyncConnection) -> tuple[ReturnCode, ...]:
    """Read the catalogue."""
    found = await city_rule_store.content(tx, CityRule.RETURN_CODES)
    return tuple(ReturnCode(**{**code, "papers": tuple(code["papers"])}) for code in found["codes"])
