"""Refusing new papers under a number that was corrected."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.domain import require_faultless
from services.payout.common.flows import PersonKeys
from services.payout.persons import store as persons_store
from services.payout.persons.domain import merged_faults


async def require_right_numbers(
    tx: AsyncConnection, people: Sequence[tuple[str, int]], keys: PersonKeys
) -> None:
    """Refuse people, as (pointer, person) pairs, whose record ended in another one.

    Raises:
        Faulty: each with the masked right number.
    """
    found = await persons_store.merged(tx, [person for _, person in people])
    right = {person: keys.mask(sealed) for person, sealed in found.items()}
    require_faultless(merged_faults(people, right))
