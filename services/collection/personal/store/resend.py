"""SQL of credits that the ledger refused, and of sending credits again."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.personal.store.credit import IS_REFUSED, PersonalCredit, credit_of
from shared.page import read_page


async def stats(tx: AsyncConnection) -> dict[str, int]:
    """Count waiting bills and refused chunks."""
    row = (
        await tx.execute(
            text(f"""
                SELECT (SELECT count(*)
                          FROM bill
                         WHERE kind <> 'charge' AND (status = 'settled') <> personal_told)
                       AS waiting,
                       (SELECT count(*)
                          FROM personal_credit AS sent
                         WHERE {IS_REFUSED}) AS refused
            """)
        )
    ).one()
    return {"waiting": row.waiting, "refused": row.refused}


async def refusals(
    tx: AsyncConnection, *, after: tuple[UUID, int] | None, limit: int
) -> list[PersonalCredit]:
    """Read the chunks that the ledger refused, by bill."""
    return await read_page(
        tx,
        """SELECT unit_id, declaration_id, chunk, chunks, bill_id, credited_on, people, funds,
                  totals_fen, refused, turn, sign
             FROM personal_credit AS sent""",
        key=("bill_id", "chunk"),
        after=after,
        limit=limit,
        row=credit_of,
        where={IS_REFUSED: {}},
    )


async def unmark(tx: AsyncConnection, *, refused: bool) -> int:
    """Let the last turn of bills be sent again, of refused ones or of all; return the number of
    bills. A turn that is not wanted any more stays as it is: the next one makes up for it."""
    which = (
        """EXISTS (SELECT 1
                     FROM personal_credit AS sent
                    WHERE sent.unit_id = bill.unit_id
                      AND sent.declaration_id = bill.declaration_id
                      AND sent.turn = bill.personal_turn
                      AND sent.refused IS NOT NULL)"""
        if refused
        else "true"
    )
    made = await tx.execute(
        text(f"""
            UPDATE bill
               SET personal_told = NOT personal_told, personal_turn = personal_turn - 1
             WHERE personal_turn > 0 AND (status = 'settled') = personal_told AND {which}
        """)
    )
    return made.rowcount


async def redate(tx: AsyncConnection, why: str, on: date) -> None:
    """Let chunks refused for a reason be credited on another day."""
    await tx.execute(
        text("""
            UPDATE personal_credit
               SET credited_on = :on
             WHERE refused = :why
        """),
        {"why": why, "on": on},
    )
