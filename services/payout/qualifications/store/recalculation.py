"""Provisional pensions and their corrections in the database."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.qualifications.domain.qualification import Qualification
from services.payout.qualifications.domain.recalculation import Recalculation
from services.payout.qualifications.store import qualification as qualification_store
from shared.ids import Ref


async def provisional(
    tx: AsyncConnection, key: int, *, after: UUID | None, limit: int
) -> list[Qualification]:
    """Read approved provisional applications of a district that no paper corrects, by id."""
    ids = await tx.scalars(
        text("""
            SELECT id
              FROM qualification
             WHERE qualification_key = :qualification_key AND status = 'approved' AND provisional
               AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))
               AND NOT EXISTS (
                       SELECT 1
                         FROM qualification_recalculation AS again
                         JOIN entitlement_change AS paper
                           ON paper.change_key = again.change_key AND paper.id = again.change_id
                        WHERE again.qualification_key = qualification.qualification_key
                          AND again.qualification_id = qualification.id
                          AND paper.status <> 'refused')
             ORDER BY id
             LIMIT :limit
        """),
        {"qualification_key": key, "after": after, "limit": limit},
    )
    return list((await qualification_store.load_all(tx, key, list(ids))).values())


async def paid_months(
    tx: AsyncConnection, papers: Sequence[Qualification], kind: str
) -> dict[UUID, int]:
    """Count the months of people that runs have paid since the first month of their pensions."""
    rows = await tx.execute(
        text("""
            SELECT named.id, count(DISTINCT month.period) AS months
              FROM unnest(CAST(:ids AS uuid[]), CAST(:person_ids AS bigint[]),
                          CAST(:blinds AS bytea[]), CAST(:since AS text[]))
                AS named (id, person_id, blind, since)
              JOIN pension_month AS month
                ON month.person_id = named.person_id AND month.identity_blind = named.blind
               AND month.kind = :kind AND month.period >= named.since AND month.live
               AND month.amount_fen > 0
             GROUP BY named.id
        """),
        {
            "ids": [paper.ref.id for paper in papers],
            "person_ids": [paper.person_id for paper in papers],
            "blinds": [paper.blind for paper in papers],
            "since": [str(paper.outcome.since) for paper in papers],
            "kind": kind,
        },
    )
    return {row.id: row.months for row in rows}


async def insert(tx: AsyncConnection, change: Ref, items: Sequence[Recalculation]) -> None:
    """Store which pensions a proposed paper corrects, with the steps of the final amounts."""
    await tx.execute(
        text("""
            INSERT INTO qualification_recalculation (qualification_key, qualification_id,
                                                     change_key, change_id, before_fen, after_fen,
                                                     evidence)
            VALUES (:qualification_key, :qualification_id, :change_key, :change_id, :before_fen,
                    :after_fen, CAST(:evidence AS jsonb))
        """),
        [
            {
                "qualification_key": one.paper.ref.key,
                "qualification_id": one.paper.ref.id,
                "change_key": change.key,
                "change_id": change.id,
                "before_fen": one.before_fen,
                "after_fen": one.after_fen,
                "evidence": orjson.dumps(one.after.evidence).decode(),
            }
            for one in items
        ],
    )
