"""Where a person is covered, for whom it concerns: a district that has the person at a unit of its."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.register.domain.cover import overlapping
from services.collection.register.store import cover as cover_store
from services.collection.register.store.cover import CoverRow
from shared.errors import Forbidden, NotFound
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller, Level


async def of_person(
    tx: AsyncConnection, ref: Ref, caller: Caller
) -> tuple[list[CoverRow], list[bool]]:
    """Everywhere a person is or was enrolled, and which of those times overlap.

    Raises:
        NotFound: enrolled nowhere. Forbidden: nowhere in the caller's district.
    """
    rows = await cover_store.of_person(tx, ref.key)
    if not rows:
        raise NotFound(person=ref.text(Reference.PERSON))
    if caller.level is Level.DISTRICT and all(row.district != caller.district for row in rows):
        raise Forbidden(own_district=caller.district)
    return rows, overlapping([(row.credit_code, row.joined_on, row.left_on) for row in rows])
