"""Lists of facts of pensioners in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.raises.domain.fact import FactDraft, FactList, FactListStatus
from shared.ids import Ref, uuid7
from shared.page import read_page

_COLUMNS = "list_key, id, kind, district, document, people, status, proposed_by"


def _list(*, list_key: int, id: UUID, status: str, **columns: Any) -> FactList:
    return FactList(ref=Ref(list_key, id), status=FactListStatus(status), **columns)


async def known(
    tx: AsyncConnection, kind: str, district: str, people: Sequence[tuple[int, bytes]]
) -> list[bool]:
    """Tell of each person, as (person, keyed hash), whether the district has a row of them."""
    rows = await tx.execute(
        text("""
            SELECT EXISTS (
                       SELECT 1
                         FROM entitlement
                        WHERE entitlement.person_id = person.person_id
                          AND entitlement.identity_blind = person.blind
                          AND entitlement.kind = :kind AND entitlement.district = :district
                   ) AS known
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:blinds AS bytea[]))
                   WITH ORDINALITY AS person (person_id, blind, number)
             ORDER BY person.number
        """),
        {
            "kind": kind,
            "district": district,
            "person_ids": [person_id for person_id, _ in people],
            "blinds": [blind for _, blind in people],
        },
    )
    return [row.known for row in rows]


async def insert(
    tx: AsyncConnection,
    paper: FactList,
    people: Sequence[tuple[int, bytes]],
    drafts: Sequence[FactDraft],
) -> None:
    """Store a proposed list and its facts."""
    await tx.execute(
        text("""
            INSERT INTO pension_fact_list (list_key, id, kind, district, document, people,
                                           proposed_by)
            VALUES (:list_key, :id, :kind, :district, :document, :people, :proposed_by)
        """),
        {
            "list_key": paper.ref.key,
            "id": paper.ref.id,
            "kind": paper.kind,
            "district": paper.district,
            "document": paper.document,
            "people": paper.people,
            "proposed_by": paper.proposed_by,
        },
    )
    await tx.execute(
        text("""
            INSERT INTO pension_fact (person_id, id, identity_blind, kind, list_key, list_id,
                                      born_in, retired_in, paid_months)
            SELECT person_id, id, blind, CAST(:kind AS text), CAST(:list_key AS bigint),
                   CAST(:list_id AS uuid), born_in, retired_in, paid_months
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:blinds AS bytea[]), CAST(:born AS text[]),
                          CAST(:retired AS text[]), CAST(:paid AS int[]))
                AS person (person_id, id, blind, born_in, retired_in, paid_months)
        """),
        {
            "kind": paper.kind,
            "list_key": paper.ref.key,
            "list_id": paper.ref.id,
            "person_ids": [person_id for person_id, _ in people],
            "ids": [uuid7() for _ in people],
            "blinds": [blind for _, blind in people],
            "born": [None if one.born_in is None else str(one.born_in) for one in drafts],
            "retired": [str(one.retired_in) for one in drafts],
            "paid": [one.paid_months for one in drafts],
        },
    )


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> FactList | None:
    """Read a list; `lock` it for the rest of the transaction before deciding it."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM pension_fact_list
                 WHERE list_key = :list_key AND id = :id
                 {"FOR UPDATE" if lock else ""}
            """),
            {"list_key": ref.key, "id": ref.id},
        )
    ).first()
    return _list(**row._mapping) if row else None


async def decide(
    tx: AsyncConnection, ref: Ref, status: FactListStatus, *, person: str, at: datetime
) -> None:
    """Store the decision about a proposed list."""
    await tx.execute(
        text("""
            UPDATE pension_fact_list
               SET status = :status, decided_by = :person, decided_at = :at
             WHERE list_key = :list_key AND id = :id AND status = 'proposed'
        """),
        {"list_key": ref.key, "id": ref.id, "status": status.value, "person": person, "at": at},
    )


async def make_current(tx: AsyncConnection, ref: Ref) -> list[int]:
    """Let the facts of a list count instead of earlier ones; return the people."""
    await tx.execute(
        text("""
            UPDATE pension_fact AS earlier
               SET is_current = false
              FROM pension_fact AS fact
             WHERE fact.list_id = :list_id AND earlier.is_current
               AND earlier.person_id = fact.person_id
               AND earlier.identity_blind = fact.identity_blind AND earlier.kind = fact.kind
        """),
        {"list_id": ref.id},
    )
    rows = await tx.execute(
        text("""
            UPDATE pension_fact
               SET is_current = true
             WHERE list_id = :list_id
            RETURNING person_id
        """),
        {"list_id": ref.id},
    )
    return [row.person_id for row in rows]


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[FactList]:
    """Read lists by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM pension_fact_list",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_list,
        equal=filters,
    )
