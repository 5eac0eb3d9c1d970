"""Declarations: header, levied lines, one wide row per person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import raw

_COLUMNS = """unit_id, id, credit_code, district, period, round, status, policy_id, unit_kind,
       injury_class, injury_step, unit_size, unit_wage_total_fen, people, wages_fen, unit_fen,
       personal_fen, total_fen, summary_id, submitted_at, kind, corrects, reason_code, note,
       review_id, frozen_base_fen"""
PERSON_COLUMNS = (
    "unit_id",
    "declaration_id",
    "round",
    "line_no",
    "person_id",
    "wage_fen",
    "asked_fen",
    "base_fen",
    "unit_fen",
    "personal_fen",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationRow:
    """A declaration's header. Sums of money are what its lines come to, signed: a paper that
    restates a month (`corrects`) takes back what the one before levied."""

    unit_id: int
    id: UUID
    credit_code: str
    district: str
    period: str
    round: int
    status: str
    policy_id: UUID
    unit_kind: str
    injury_class: int | None
    unit_wage_total_fen: int | None
    people: int
    wages_fen: int
    unit_fen: int
    personal_fen: int
    total_fen: int
    summary_id: UUID | None = None
    submitted_at: datetime | None = None
    kind: str = "monthly"
    corrects: UUID | None = None
    reason_code: str | None = None
    note: str | None = None
    review_id: UUID | None = None
    injury_step: str | None = None
    unit_size: str | None = None
    frozen_base_fen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """What a declaration levies for one insurance and party."""

    line_no: int
    level: str
    insurance: str
    party: str
    account: str
    fund: str
    rule: str
    base_fen: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """One person of a declaration; arrays in the policy's order of insurances."""

    line_no: int
    person_id: int
    person_uuid: UUID | None
    masked_number: str | None
    masked_name: str | None
    wage_fen: int
    asked_fen: list[int] | None
    base_fen: list[int]
    unit_fen: list[int]
    personal_fen: list[int]


async def find(tx: AsyncConnection, unit_id: int, declaration_id: UUID) -> DeclarationRow | None:
    """A declaration."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM declaration
                 WHERE unit_id = :unit_id AND id = :id
            """),
            {"unit_id": unit_id, "id": declaration_id},
        )
    ).first()
    return None if row is None else DeclarationRow(**row._mapping)


async def living(tx: AsyncConnection, unit_id: int, period: str) -> DeclarationRow | None:
    """The unit's declaration of a period, locked."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM declaration
                 WHERE unit_id = :unit_id AND period = :period AND kind = 'monthly'
                   FOR UPDATE
            """),
            {"unit_id": unit_id, "period": period},
        )
    ).first()
    return None if row is None else DeclarationRow(**row._mapping)


async def insert(tx: AsyncConnection, row: DeclarationRow) -> bool:
    """Store a declaration; False when the unit has a living one of that period."""
    made = await tx.execute(
        text("""
            INSERT INTO declaration (unit_id, id, credit_code, district, period, round, status,
                                     policy_id, unit_kind, injury_class, unit_wage_total_fen,
                                     people, wages_fen, unit_fen, personal_fen, total_fen,
                                     kind, corrects, reason_code, note, review_id,
                                     injury_step, unit_size, frozen_base_fen)
            VALUES (:unit_id, :id, :credit_code, :district, :period, :round, :status,
                    :policy_id, :unit_kind, :injury_class, :unit_wage_total_fen,
                    :people, :wages_fen, :unit_fen, :personal_fen, :total_fen,
                    :kind, :corrects, :reason_code, :note, :review_id,
                    :injury_step, :unit_size, :frozen_base_fen)
            ON CONFLICT DO NOTHING
            RETURNING id
        """),
        asdict(row),
    )
    return made.first() is not None


async def hand_in_again(tx: AsyncConnection, row: DeclarationRow) -> bool:
    """Give a returned declaration its next round; False when it is not returned any more."""
    made = await tx.execute(
        text("""
            UPDATE declaration
               SET round = :round, status = :status, policy_id = :policy_id,
                   district = :district, unit_kind = :unit_kind, injury_class = :injury_class,
                   injury_step = :injury_step, unit_size = :unit_size,
                   frozen_base_fen = :frozen_base_fen,
                   unit_wage_total_fen = :unit_wage_total_fen, people = :people,
                   wages_fen = :wages_fen, unit_fen = :unit_fen, personal_fen = :personal_fen,
                   total_fen = :total_fen, reason_code = :reason_code, note = :note,
                   submitted_at = now(), stands_since = now()
             WHERE unit_id = :unit_id AND id = :id AND status = 'returned'
            RETURNING id
        """),
        asdict(row),
    )
    return made.first() is not None


async def set_status(
    tx: AsyncConnection, unit_id: int, declaration_id: UUID, *, was: str, to: str
) -> DeclarationRow | None:
    """Move a declaration; None when it no longer stands, in no summary, where the mover saw it."""
    row = (
        await tx.execute(
            text(f"""
                UPDATE declaration
                   SET status = :to, stands_since = now()
                 WHERE unit_id = :unit_id AND id = :id AND status = :was
                   AND summary_id IS NULL
                RETURNING {_COLUMNS}
            """),
            {"unit_id": unit_id, "id": declaration_id, "was": was, "to": to},
        )
    ).first()
    return None if row is None else DeclarationRow(**row._mapping)


async def insert_lines(tx: AsyncConnection, of: DeclarationRow, lines: Sequence[LineRow]) -> None:
    """Store what a declaration levies."""
    await tx.execute(
        text("""
            INSERT INTO declaration_line (unit_id, declaration_id, round, line_no, level,
                                          insurance, party, account, fund, rule, base_fen,
                                          amount_fen)
            SELECT CAST(:unit_id AS bigint), CAST(:declaration_id AS uuid),
                   CAST(:round AS integer), line_no, level, insurance, party, account, fund, rule,
                   base_fen, amount_fen
              FROM unnest(CAST(:line_nos AS smallint[]), CAST(:levels AS text[]),
                          CAST(:insurances AS text[]), CAST(:parties AS text[]),
                          CAST(:accounts AS text[]), CAST(:funds AS text[]),
                          CAST(:rules AS text[]), CAST(:bases AS bigint[]),
                          CAST(:amounts AS bigint[]))
                AS batch (line_no, level, insurance, party, account, fund, rule, base_fen,
                          amount_fen)
        """),
        {
            "unit_id": of.unit_id,
            "declaration_id": of.id,
            "round": of.round,
            "line_nos": [line.line_no for line in lines],
            "levels": [line.level for line in lines],
            "insurances": [line.insurance for line in lines],
            "parties": [line.party for line in lines],
            "accounts": [line.account for line in lines],
            "funds": [line.fund for line in lines],
            "rules": [line.rule for line in lines],
            "bases": [line.base_fen for line in lines],
            "amounts": [line.amount_fen for line in lines],
        },
    )


async def copy_people(tx: AsyncConnection, records: Sequence[tuple[Any, ...]]) -> None:
    """Store one wide row per person by COPY; tuples in the order of PERSON_COLUMNS."""
    connection = await raw(tx)
    await connection.copy_records_to_table(
        "declaration_person", records=records, columns=PERSON_COLUMNS
    )


async def lines(
    tx: AsyncConnection, unit_id: int, declaration_id: UUID, round_: int
) -> list[LineRow]:
    """What a declaration levies, in the policy's order."""
    rows = await tx.execute(
        text("""
            SELECT line_no, level, insurance, party, account, fund, rule, base_fen, amount_fen
              FROM declaration_line
             WHERE unit_id = :unit_id AND declaration_id = :id AND round = :round
             ORDER BY line_no
             LIMIT 200
        """),
        {"unit_id": unit_id, "id": declaration_id, "round": round_},
    )
    return [LineRow(**row._mapping) for row in rows]


async def people(
    tx: AsyncConnection, of: DeclarationRow, after: int, limit: int
) -> list[PersonRow]:
    """A declaration's people after a line number, masked."""
    rows = await tx.execute(
        text("""
            SELECT line.line_no, line.person_id, known.person_uuid, known.masked_number,
                   known.masked_name, line.wage_fen, line.asked_fen, line.base_fen, line.unit_fen,
                   line.personal_fen
              FROM declaration_person AS line
              LEFT JOIN LATERAL (
                   SELECT person_uuid, masked_number, masked_name
                     FROM enrolment
                    WHERE enrolment.unit_id = :unit_id
                      AND enrolment.person_id = line.person_id
                    ORDER BY joined_on DESC
                    LIMIT 1) AS known ON true
             WHERE line.unit_id = :unit_id AND line.declaration_id = :id AND line.round = :round
               AND line.line_no > :after
             ORDER BY line.line_no
             LIMIT :limit
        """),
        {"unit_id": of.unit_id, "id": of.id, "round": of.round, "after": after, "limit": limit},
    )
    return [PersonRow(**row._mapping) for row in rows]


async def base_sums(tx: AsyncConnection, of: DeclarationRow) -> list[int]:
    """The sum of personal bases of each insurance, in the policy's order."""
    rows = await tx.execute(
        text("""
            SELECT CAST(sum(base.fen) AS bigint) AS sum_fen
              FROM declaration_person AS line
             CROSS JOIN LATERAL unnest(line.base_fen) WITH ORDINALITY AS base (fen, place)
             WHERE line.unit_id = :unit_id AND line.declaration_id = :id AND line.round = :round
             GROUP BY base.place
             ORDER BY base.place
             LIMIT 100
        """),
        {"unit_id": of.unit_id, "id": of.id, "round": of.round},
    )
    return [row.sum_fen for row in rows]


async def page(
    tx: AsyncConnection,
    *,
    district: str | None,
    period: str | None,
    status: str | None,
    kind: str | None,
    after: tuple[int, UUID],
    limit: int,
) -> list[DeclarationRow]:
    """Declarations of a district (or all), period, status and kind, in the order of their keys."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM declaration
             WHERE (CAST(:district AS text) IS NULL OR district = :district)
               AND (CAST(:period AS text) IS NULL OR period = :period)
               AND (CAST(:status AS text) IS NULL OR status = :status)
               AND (CAST(:kind AS text) IS NULL OR kind = :kind)
               AND (unit_id, id) > (:unit_id, :id)
             ORDER BY unit_id, id
             LIMIT :limit
        """),
        {
            "district": district,
            "period": period,
            "status": status,
            "kind": kind,
            "unit_id": after[0],
            "id": after[1],
            "limit": limit,
        },
    )
    return [DeclarationRow(**row._mapping) for row in rows]
