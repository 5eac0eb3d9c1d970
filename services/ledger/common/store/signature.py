"""The signature of a paper in the transaction of a writer, in the form of shared.trail."""

from __future__ import annotations

from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from shared.db import constraint
from shared.errors import SamePersonTwice
from shared.ids import uuid7
from shared.roles import Caller

Connection: TypeAlias = "asyncpg.Connection[Any]"


async def sign(
    connection: Connection,
    slot: int,
    paper: str,
    id: UUID,
    by: Caller,
    *,
    step: str = "approved",
    why: str | None = None,
) -> None:
    """Add the row of a signature to the trail.

    Raises:
        SamePersonTwice: this person has already signed this paper.
    """
    try:
        await connection.execute(
            """
            INSERT INTO trail (shard_key, id, paper, paper_id, round, step, signs, person, role,
                               level, district, why, detail)
            VALUES ($1, $2, $3, $4, 1, $5, true, $6, $7, $8, $9, $10, '{}')
            """,
            slot,
            uuid7(),
            paper,
            id,
            step,
            by.subject,
            by.role.value,
            by.level.value,
            by.district,
            why,
        )
    except asyncpg.UniqueViolationError as error:
        if constraint(error) != "trail_one_signature_a_person":
            raise
        raise SamePersonTwice(step=step) from error
