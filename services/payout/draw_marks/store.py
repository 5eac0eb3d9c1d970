"""Marks in the database: months of pensioners about which something became known.

Whatever changes what is paid or due of a month marks it in the same transaction. Background work
(`draws`) asks the ledger for the difference, and tells it since and until when a marked person is
retired. A mark is a new row each time, so one that is written while another is being worked off is not
lost. Months that a bank paid are marked for people only whose account pays a part of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ids import Ref

_EVERY_MONTH: Final = ""
_HAS_PART: Final = """
             EXISTS (SELECT 1
                       FROM account_pension AS part
                      WHERE part.person_id = marked.person_id
                        AND part.identity_blind = marked.identity_blind)"""


async def state_parts(tx: AsyncConnection, change: Ref) -> None:
    """Store the accounts' parts of pensions that an approved paper carries over."""
    await tx.execute(
        text("""
            INSERT INTO account_pension (person_id, identity_blind, since, change_key, change_id,
                                         account_fen)
            SELECT person_id, identity_blind, since, change_key, change_id, account_fen
              FROM entitlement_change_line
             WHERE change_key = :change_key AND change_id = :change_id AND account_fen IS NOT NULL
        """),
        {"change_key": change.key, "change_id": change.id},
    )


async def of_change(tx: AsyncConnection, change: Ref) -> None:
    """Mark every month of the people of an approved paper."""
    await tx.execute(
        text(f"""
            INSERT INTO draw_mark (person_id, identity_blind, period)
            SELECT DISTINCT marked.person_id, marked.identity_blind, '{_EVERY_MONTH}'
              FROM entitlement_change_line AS marked
             WHERE marked.change_key = :change_key AND marked.change_id = :change_id
        """),
        {"change_key": change.key, "change_id": change.id},
    )


async def of_people(
    tx: AsyncConnection, people: Sequence[tuple[int, bytes]], period: str = _EVERY_MONTH
) -> None:
    """Mark a month of people, by key and keyed hash; every month without one."""
    if not people:
        return
    await tx.execute(
        text("""
            INSERT INTO draw_mark (person_id, identity_blind, period)
            SELECT marked.person_id, marked.identity_blind, CAST(:period AS text)
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:blinds AS bytea[]))
                AS marked (person_id, identity_blind)
        """),
        {
            "person_ids": [person_id for person_id, _ in people],
            "blinds": [blind for _, blind in people],
            "period": period,
        },
    )


async def of_lines(tx: AsyncConnection, batch: Ref, line_nos: Sequence[int]) -> None:
    """Mark the months of pension lines of which a bank's file said something new.

    The reference of a pension line is its month.
    """
    await tx.execute(
        text("""
            WITH paid AS (
                SELECT batched.claim_key, batched.claim_id, line.claim_line_no AS line_no
                  FROM payment_line AS line
                  JOIN payment_part AS batched
                    ON batched.batch_key = line.batch_key AND batched.batch_id = line.batch_id
                   AND batched.part_no = line.part_no
                 WHERE line.batch_key = :batch_key AND line.batch_id = :batch_id
                   AND line.line_no = ANY (CAST(:line_nos AS integer[]))
            ), line AS (
                SELECT line.person_id, line.reference
                  FROM paid
                  JOIN claim_line AS line
                    ON line.claim_key = paid.claim_key AND line.claim_id = paid.claim_id
                   AND line.line_no = paid.line_no
                 WHERE line.reference ~ '^[0-9]{4}-[0-9]{2}$'
            )
            INSERT INTO draw_mark (person_id, identity_blind, period)
            SELECT DISTINCT part.person_id, part.identity_blind, line.reference
              FROM line
              JOIN account_pension AS part ON part.person_id = line.person_id
        """),
        {"batch_key": batch.key, "batch_id": batch.id, "line_nos": list(line_nos)},
    )


async def of_kept(tx: AsyncConnection, run: Ref) -> None:
    """Mark the months of which an approved run kept something back for a debt."""
    await tx.execute(
        text(f"""
            WITH line AS (
                SELECT person_id, reference, amount_fen
                  FROM claim_line
                 WHERE claim_key = :claim_key AND claim_id = :claim_id
            ), marked AS (
                SELECT month.person_id, month.identity_blind, month.period
                  FROM line
                  JOIN pension_month AS month
                    ON month.person_id = line.person_id AND month.period = line.reference
                   AND month.claim_key = :claim_key AND month.claim_id = :claim_id
                   AND month.amount_fen > line.amount_fen
            )
            INSERT INTO draw_mark (person_id, identity_blind, period)
            SELECT DISTINCT marked.person_id, marked.identity_blind, marked.period
              FROM marked
             WHERE {_HAS_PART}
        """),
        {"claim_key": run.key, "claim_id": run.id},
    )


async def take(tx: AsyncConnection, limit: int) -> list[tuple[int, bytes, str]]:
    """Lock the draws of this transaction against others, and take marks away: (person, hash, month)."""
    if not await tx.scalar(text("SELECT EXISTS (SELECT 1 FROM draw_mark)")):
        return []
    await tx.execute(text("SELECT name FROM person_gate WHERE name = 'draws' FOR UPDATE"))
    rows: Sequence[Any] = (
        await tx.execute(
            text("""
                DELETE FROM draw_mark AS mark
                 USING (SELECT person_id, identity_blind, period, id
                          FROM draw_mark
                         ORDER BY person_id, identity_blind, period, id
                         LIMIT :limit) AS chosen
                 WHERE mark.person_id = chosen.person_id
                   AND mark.identity_blind = chosen.identity_blind
                   AND mark.period = chosen.period AND mark.id = chosen.id
                RETURNING mark.person_id, mark.identity_blind, mark.period
            """),
            {"limit": limit},
        )
    ).all()
    return sorted({(row.person_id, bytes(row.identity_blind), row.period) for row in rows})
