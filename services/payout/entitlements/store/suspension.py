"""Suspended months in the database, read by the district that pays."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain.suspension import Suspension
from shared.ids import Ref
from shared.page import read_page
from shared.period import Period

_SUSPENSIONS = """
    SELECT id, district, sealed_number, name, since, until, reason, change_key, change_id,
           resumed_key, resumed_id
      FROM (SELECT stop.*, paid.district, paid.sealed_number, paid.name,
                   stop.until IS NULL AS is_open
              FROM entitlement_suspension AS stop
              JOIN LATERAL (
                   SELECT district, sealed_number, name
                     FROM entitlement AS row
                    WHERE row.person_id = stop.person_id
                      AND row.identity_blind = stop.identity_blind AND row.kind = stop.kind
                      AND row.suspended_at IS NULL
                    ORDER BY in_force_from DESC
                    LIMIT 1) AS paid ON true) AS found
"""


def _suspension(
    *,
    since: str,
    until: str | None,
    change_key: int,
    change_id: UUID,
    resumed_key: int | None,
    resumed_id: UUID | None,
    **columns: Any,
) -> Suspension:
    lifted = None if resumed_key is None or resumed_id is None else Ref(resumed_key, resumed_id)
    return Suspension(
        since=Period.parse(since),
        until=None if until is None else Period.parse(until),
        change=Ref(change_key, change_id),
        resumed_by=lifted,
        **columns,
    )


async def page(
    tx: AsyncConnection, *, filters: dict[str, Any], after: UUID | None, limit: int
) -> list[Suspension]:
    """Read suspensions by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        _SUSPENSIONS,
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_suspension,
        equal=filters,
    )
