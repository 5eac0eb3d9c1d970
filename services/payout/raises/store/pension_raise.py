"""Raise papers in the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.raises.domain.pension_raise import (
    PensionRaise,
    RaiseControl,
    RaiseExists,
    RaiseStatus,
)
from services.payout.raises.store import rule_json
from shared.ids import Ref
from shared.page import read_page
from shared.period import Period

_COLUMNS = """raise_key, id, kind, first_period, sequence, title, source, rule, status, drafted_by,
                   decided_by, decided_at, people, monthly_fen, arrears_fen"""


def _raise(
    *,
    raise_key: int,
    id: UUID,
    first_period: str,
    rule: Any,
    status: str,
    people: int | None,
    monthly_fen: int | None,
    arrears_fen: int | None,
    **columns: Any,
) -> PensionRaise:
    stored = orjson.loads(rule) if isinstance(rule, str | bytes) else rule
    control = None
    if people is not None and monthly_fen is not None and arrears_fen is not None:
        control = RaiseControl(people=people, monthly_fen=monthly_fen, arrears_fen=arrears_fen)
    return PensionRaise(
        ref=Ref(raise_key, id),
        first_period=Period.parse(first_period),
        rule=rule_json.loaded(stored),
        status=RaiseStatus(status),
        control=control,
        **columns,
    )


async def insert(tx: AsyncConnection, paper: PensionRaise) -> None:
    """Store a draft.

    Raises:
        RaiseExists: another raise has the month and sequence number, and is not refused.
    """
    try:
        await tx.execute(
            text("""
                INSERT INTO pension_raise (raise_key, id, kind, first_period, sequence, title,
                                           source, rule, drafted_by)
                VALUES (:raise_key, :id, :kind, :first_period, :sequence, :title, :source,
                        CAST(:rule AS jsonb), :drafted_by)
            """),
            {
                "raise_key": paper.ref.key,
                "id": paper.ref.id,
                "kind": paper.kind,
                "first_period": str(paper.first_period),
                "sequence": paper.sequence,
                "title": paper.title,
                "source": paper.source,
                "rule": orjson.dumps(rule_json.dumped(paper.rule)).decode(),
                "drafted_by": paper.drafted_by,
            },
        )
    except IntegrityError as error:
        if "pension_raise_once" in str(error.orig):
            raise RaiseExists(
                first_period=str(paper.first_period), sequence=paper.sequence
            ) from None
        raise


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> PensionRaise | None:
    """Read a raise; `lock` it for the rest of the transaction before deciding it."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM pension_raise
                 WHERE raise_key = :raise_key AND id = :id
                 {"FOR UPDATE" if lock else ""}
            """),
            {"raise_key": ref.key, "id": ref.id},
        )
    ).first()
    return _raise(**row._mapping) if row else None


async def approved(tx: AsyncConnection, kind: str) -> list[PensionRaise]:
    """Read the approved raises of a kind in the order in which they act."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM pension_raise
             WHERE kind = :kind AND status = 'approved'
             ORDER BY first_period, sequence
             LIMIT 1000
        """),
        {"kind": kind},
    )
    return [_raise(**row._mapping) for row in rows]


async def decide(
    tx: AsyncConnection,
    ref: Ref,
    status: RaiseStatus,
    *,
    person: str,
    at: datetime,
    control: RaiseControl | None,
) -> None:
    """Store the decision about a draft, and the totals of one that is approved."""
    await tx.execute(
        text("""
            UPDATE pension_raise
               SET status = :status, decided_by = :person, decided_at = :at, people = :people,
                   monthly_fen = :monthly_fen, arrears_fen = :arrears_fen
             WHERE raise_key = :raise_key AND id = :id AND status = 'draft'
        """),
        {
            "raise_key": ref.key,
            "id": ref.id,
            "status": status.value,
            "person": person,
            "at": at,
            "people": control.people if control else None,
            "monthly_fen": control.monthly_fen if control else None,
            "arrears_fen": control.arrears_fen if control else None,
        },
    )


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[PensionRaise]:
    """Read raises by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM pension_raise",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_raise,
        equal=filters,
    )
