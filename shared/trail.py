"""The trail: every step on every paper, append-only; and the rule that no person signs one twice.

Whether two names are one person's: `shared.security.person_name`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import row_ids
from shared.errors import SamePersonTwice
from shared.ids import uuid7
from shared.roles import Caller
from shared.security.person_name import folded_sql

DDL = (
    """
    CREATE TABLE trail (
        shard_key bigint      NOT NULL,
        id        uuid        NOT NULL,
        paper     text        NOT NULL,
        paper_id  uuid        NOT NULL,
        round     integer     NOT NULL DEFAULT 1,
        step      text        NOT NULL,
        signs     boolean     NOT NULL,
        person    text        NOT NULL,
        role      text        NOT NULL,
        level     text        NOT NULL,
        district  text        NOT NULL,
        why       text,
        detail    jsonb       NOT NULL DEFAULT '{}',
        at        timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (shard_key, id)
    )
    """,
    # Four eyes, held by the database: a second signature of one person in one round has no row.
    """
    CREATE UNIQUE INDEX trail_one_signature_a_person
        ON trail (shard_key, paper_id, round, person) WHERE signs
    """,
    "CREATE INDEX trail_of_paper ON trail (shard_key, paper_id, at)",
)


SIGNED_TWICE = f"""
    SELECT id
      FROM (SELECT id, row_number() OVER (PARTITION BY shard_key, paper_id, round,
                                                       {folded_sql("person")}
                                          ORDER BY at, id) AS number
              FROM trail
             WHERE signs) AS signed
     WHERE number > 1
     ORDER BY id
"""
"""Old signatures of one person under names that differ only in case, width or blanks."""


def one_person_ddl(signed_twice: Sequence[UUID]) -> tuple[str, ...]:
    """Write the index that compares folded names. Signatures of old that break it stay as they are."""
    names = ", ".join(f"'{id}'" for id in signed_twice)
    return (
        "DROP INDEX trail_one_signature_a_person",
        f"""
        CREATE UNIQUE INDEX trail_one_signature_a_person
            ON trail (shard_key, paper_id, round, ({folded_sql("person")}))
            WHERE signs{f" AND id NOT IN ({names})" if names else ""}
        """,
    )


def one_key_ddl(signed_twice: Sequence[UUID]) -> tuple[str, ...]:
    """Write the key that both finds a paper's steps and holds four eyes, in place of three indexes.

    Its last column is the folded name of who signs. A step that signs nothing has its number there,
    behind a blank, which no folded name has; and so has each signature of old that breaks the rule.
    """
    names = ", ".join(f"'{id}'" for id in signed_twice)
    signs = f"signs AND id NOT IN ({names})" if names else "signs"
    return (
        f"""
        ALTER TABLE trail
          ADD COLUMN signature text NOT NULL
              GENERATED ALWAYS AS (CASE WHEN {signs} THEN {folded_sql("person")}
                                        ELSE ' ' || CAST(seq AS text) END) STORED
        """,
        "DROP INDEX trail_one_signature_a_person",
        "DROP INDEX trail_of_paper",
        "ALTER TABLE trail DROP CONSTRAINT trail_pkey",
        """
        ALTER TABLE trail
          ADD CONSTRAINT trail_one_signature_a_person
              PRIMARY KEY (shard_key, paper_id, round, signature)
        """,
    )


def three_indexes_ddl(signed_twice: Sequence[UUID]) -> tuple[str, ...]:
    """Write the three indexes in place of the one key, as they were before it."""
    return (
        "ALTER TABLE trail DROP CONSTRAINT trail_one_signature_a_person",
        "ALTER TABLE trail DROP COLUMN signature",
        "ALTER TABLE trail ADD CONSTRAINT trail_pkey PRIMARY KEY (shard_key, id)",
        "CREATE INDEX trail_of_paper ON trail (shard_key, paper_id, at)",
        one_person_ddl(signed_twice)[-1],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step on one paper. A step that `signs` counts for four-eyes; a note does not.

    `round` grows when a returned paper is handed in again, so that its people may sign anew.
    """

    shard_key: int
    paper: str
    paper_id: UUID
    step: str
    signs: bool
    round: int = 1
    why: str | None = None
    detail: dict[str, Any] | None = None


async def record(tx: AsyncConnection, step: Step, by: Caller) -> None:
    """Write a step.

    Raises:
        SamePersonTwice: the caller has signed this paper in this round already.
    """
    try:
        await tx.execute(
            text("""
                INSERT INTO trail (shard_key, id, paper, paper_id, round, step, signs, person,
                                   role, level, district, why, detail)
                VALUES (:shard_key, :id, :paper, :paper_id, :round, :step, :signs, :person,
                        :role, :level, :district, :why, CAST(:detail AS jsonb))
            """),
            {
                "shard_key": step.shard_key,
                "id": uuid7(),
                "paper_id": step.paper_id,
                "round": step.round,
            }
            | _words(step, by),
        )
    except IntegrityError as error:
        raise _refusal_of(error, step, by) from None


def _words(step: Step, by: Caller) -> dict[str, Any]:
    return {
        "paper": step.paper,
        "step": step.step,
        "signs": step.signs,
        "person": by.subject,
        "role": by.role.value,
        "level": by.level.value,
        "district": by.district,
        "why": step.why,
        "detail": orjson.dumps(step.detail or {}).decode(),
    }


def _refusal_of(error: IntegrityError, step: Step, by: Caller) -> Exception:
    if "trail_one_signature_a_person" in str(error.orig):
        return SamePersonTwice(person=by.subject, step=step.step)
    return error


async def of_paper(tx: AsyncConnection, shard_key: int, paper_id: UUID) -> list[dict[str, Any]]:
    """Return the steps on a paper, oldest first."""
    rows = await tx.execute(
        text("""
            SELECT step, signs, round, person, role, level, district, why, detail, at
              FROM trail
             WHERE shard_key = :shard_key AND paper_id = :paper_id
             ORDER BY at, id
             LIMIT 1000
        """),
        {"shard_key": shard_key, "paper_id": paper_id},
    )
    return [dict(row._mapping) for row in rows]


async def record_many(
    tx: AsyncConnection, papers: Sequence[tuple[int, UUID, int]], step: Step, by: Caller
) -> None:
    """Write one step on many papers, each (shard key, paper, round), in one statement: a bulk act.

    Raises:
        SamePersonTwice: the caller has signed one of them in its round already.
    """
    if not papers:
        return
    try:
        await tx.execute(
            text("""
                INSERT INTO trail (shard_key, id, paper, paper_id, round, step, signs, person,
                                   role, level, district, why, detail)
                SELECT shard_key, id, CAST(:paper AS text), paper_id, round, CAST(:step AS text),
                       CAST(:signs AS boolean), CAST(:person AS text), CAST(:role AS text),
                       CAST(:level AS text), CAST(:district AS text), CAST(:why AS text),
                       CAST(:detail AS jsonb)
                  FROM unnest(CAST(:shard_keys AS bigint[]), CAST(:ids AS uuid[]),
                              CAST(:paper_ids AS uuid[]), CAST(:rounds AS integer[]))
                    AS batch (shard_key, id, paper_id, round)
            """),
            {
                "shard_keys": [shard_key for shard_key, _, _ in papers],
                "ids": row_ids(len(papers)),
                "paper_ids": [paper_id for _, paper_id, _ in papers],
                "rounds": [round_ for _, _, round_ in papers],
            }
            | _words(step, by),
        )
    except IntegrityError as error:
        raise _refusal_of(error, step, by) from None
