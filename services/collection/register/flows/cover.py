"""A person's cover at all units (参保经历), for a district that has the person at one of its units."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.register.domain.cover import overlapping
from services.collection.register.store import cover as cover_store
from services.collection.register.store import person_correction as person_correction_store
from services.collection.register.store.cover import CoverRow
from shared.errors import Forbidden, NotFound
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller, Level


async def of_person(
    tx: AsyncConnection, ref: Ref, caller: Caller
) -> tuple[list[CoverRow], list[bool]]:
    """List a person's enrolments at all units, and mark those that overlap. The reference of a
    merged record finds the surviving one.

    Raises:
        NotFound: the person was never enrolled. Forbidden: never in the caller's district.
    """
    merged = (await person_correction_store.survivors(tx, [ref.key])).get(ref.key)
    rows = await cover_store.of_person(tx, ref.key if merged is None else merged[0])
    if not rows:
        raise NotFound(person=ref.text(Reference.PERSON))
    if caller.level is Level.DISTRICT and all(row.district != caller.district for row in rows):
        raise Forbidden(own_district=caller.district)
    elsewhere = overlapping([(row.credit_code, row.joined_on, row.left_on) for row in rows])
    return rows, [mark or row.overlapping for mark, row in zip(elsewhere, rows, strict=True)]
