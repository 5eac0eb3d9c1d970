"""SQL of reconciliation letters, and of a district's figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.domain.letter import (
    LetterFigure,
    LetterParty,
    LetterStatus,
    ReconciliationLetter,
    letter_key,
)
from services.collection.reconciliation.store.match import PATIENCE_SECONDS
from shared.db import patient
from shared.ids import Ref
from shared.page import read_page
from shared.period import Period
from shared.roles import CENTRE

_SELECT: Final = """
    SELECT letter_key, id, party, period, district, CAST(figures AS text) AS figures, status,
           drafted_by, drafted_on, signed_by, signed_on, answered_by, answered_on, note
      FROM reconciliation_letter"""


def _letter(**columns: Any) -> ReconciliationLetter:
    figures = [LetterFigure(*one) for one in orjson.loads(columns["figures"])]
    kinds = {"party": LetterParty(columns["party"]), "status": LetterStatus(columns["status"])}
    return ReconciliationLetter(**columns | kinds | {"figures": figures})


def figures_text(figures: Sequence[LetterFigure]) -> str:
    """Write figures as they are stored."""
    return orjson.dumps([[one.name, one.ours_fen, one.theirs_fen] for one in figures]).decode()


async def insert(tx: AsyncConnection, letter: ReconciliationLetter) -> bool:
    """Write a drafted letter; False when one to this party for this month lives."""
    made = await tx.execute(
        text("""
            INSERT INTO reconciliation_letter (letter_key, id, party, period, district, figures,
                                               status, drafted_by, drafted_on)
            VALUES (:letter_key, :id, :party, :period, :district, CAST(:figures AS jsonb), :status,
                    :drafted_by, :drafted_on)
            ON CONFLICT (letter_key, period) WHERE status <> 'disputed' DO NOTHING
            RETURNING id
        """),
        {
            "letter_key": letter.letter_key,
            "id": letter.id,
            "party": letter.party.value,
            "period": letter.period,
            "district": letter.district,
            "figures": figures_text(letter.figures),
            "status": letter.status.value,
            "drafted_by": letter.drafted_by,
            "drafted_on": letter.drafted_on,
        },
    )
    return made.first() is not None


async def find(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> ReconciliationLetter | None:
    """Read a letter; None when there is none."""
    rows = await tx.execute(
        text(f"""{_SELECT} WHERE letter_key = :key AND id = :id {"FOR UPDATE" if lock else ""}"""),
        {"key": ref.key, "id": ref.id},
    )
    row = rows.one_or_none()
    return _letter(**row._mapping) if row else None


async def sign(tx: AsyncConnection, ref: Ref, *, by: str, on: date) -> None:
    """Write our signature."""
    await tx.execute(
        text("""
            UPDATE reconciliation_letter
               SET status = 'signed', signed_by = :by, signed_on = :on_day
             WHERE letter_key = :key AND id = :id
        """),
        {"key": ref.key, "id": ref.id, "by": by, "on_day": on},
    )


async def answer(tx: AsyncConnection, letter: ReconciliationLetter) -> None:
    """Write the other side's answer."""
    await tx.execute(
        text("""
            UPDATE reconciliation_letter
               SET status = :status, figures = CAST(:figures AS jsonb), answered_by = :by,
                   answered_on = :on_day, note = :note
             WHERE letter_key = :key AND id = :id
        """),
        {
            "key": letter.letter_key,
            "id": letter.id,
            "status": letter.status.value,
            "figures": figures_text(letter.figures),
            "by": letter.answered_by,
            "on_day": letter.answered_on,
            "note": letter.note,
        },
    )


async def page(
    tx: AsyncConnection,
    *,
    party: str | None,
    period: str | None,
    district: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[ReconciliationLetter]:
    """Read letters by their id."""
    return await read_page(
        tx,
        _SELECT,
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_letter,
        equal={"party": party, "period": period, "district": district, "status": status},
    )


async def agreed(
    tx: AsyncConnection, party: LetterParty, first: Period, last: Period
) -> str | None:
    """Read the first of some months to which the centre's other side has agreed.

    An answer that is being given is waited for, and none is given until the transaction ends.
    """
    rows = await tx.execute(
        text("""
            SELECT period, status
              FROM reconciliation_letter
             WHERE letter_key = :key AND period BETWEEN :first AND :last
             ORDER BY id
             LIMIT 1200
               FOR SHARE
        """),
        {"key": letter_key(party, CENTRE), "first": str(first), "last": str(last)},
    )
    return min((row.period for row in rows if row.status == "agreed"), default=None)


async def district_figures(
    tx: AsyncConnection, district: str, first: date, last: date
) -> list[LetterFigure]:
    """Add up a district's month: levied by bills issued, and collected by allocations (fen)."""
    await patient(tx, PATIENCE_SECONDS)
    rows = await tx.execute(
        text("""
            SELECT (SELECT CAST(coalesce(sum(total_fen), 0) AS bigint)
                      FROM bill
                     WHERE district = :district AND issued_on BETWEEN :first AND :last) AS billed,
                   (SELECT CAST(coalesce(sum(paid.amount_fen), 0) AS bigint)
                      FROM allocation AS paid
                      JOIN bill ON bill.unit_id = paid.unit_id AND bill.id = paid.bill_id
                     WHERE bill.district = :district
                       AND paid.book_date BETWEEN :first AND :last) AS collected
        """),
        {"district": district, "first": first, "last": last},
    )
    row = rows.one()
    return [LetterFigure("billed", row.billed), LetterFigure("collected", row.collected)]
