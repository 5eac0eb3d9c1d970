"""Units of a district that did not file, and the papers that levy them by default: bulk acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.store.declaration import DeclarationRow
from services.collection.policy.domain.default_levy import LastMonthLine
from shared.db import raw

_LINE = (
    "unit_id", "declaration_id", "round", "line_no", "level", "insurance", "party", "account",
    "fund", "rule", "base_fen", "amount_fen",
)  # fmt: skip
_HEADER = attrgetter(
    "unit_id", "id", "credit_code", "district", "policy_id", "unit_kind", "injury_class",
    "unit_fen", "personal_fen", "total_fen",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unfiled:
    """A unit that has nothing in the period but perhaps a returned paper (`present`); the month
    before: the last paper of it that was reviewed, and whether there is any at all."""

    unit_id: int
    credit_code: str
    present: str | None
    last_id: UUID | None
    last_round: int | None
    last_kind: str | None
    any_last: bool


async def unfiled(
    tx: AsyncConnection, district: str, period: str, previous: str, after: int, limit: int
) -> list[Unfiled]:
    """Active units of a district after a key that have declared nothing that stands."""
    rows = await tx.execute(
        text("""
            SELECT unit.unit_id, unit.credit_code, present.status AS present, last.id AS last_id,
                   last.round AS last_round, last.kind AS last_kind,
                   EXISTS (SELECT 1
                             FROM declaration AS before
                            WHERE before.unit_id = unit.unit_id AND before.period = :previous
                              AND before.kind <> 'project'
                              AND before.status NOT IN ('superseded', 'withdrawn')) AS any_last
              FROM unit
              LEFT JOIN LATERAL (
                   SELECT status
                     FROM declaration
                    WHERE declaration.unit_id = unit.unit_id AND declaration.period = :period
                      AND declaration.kind <> 'project' AND declaration.corrects IS NULL
                      AND declaration.status NOT IN ('superseded', 'withdrawn')
                    LIMIT 1) AS present ON true
              LEFT JOIN LATERAL (
                   SELECT paper.id, paper.round, paper.kind
                     FROM declaration AS paper
                    WHERE paper.unit_id = unit.unit_id AND paper.period = :previous
                      AND paper.kind <> 'project'
                      AND paper.status IN ('reviewed', 'audited', 'billed', 'settled')
                      AND NOT EXISTS (
                          SELECT 1
                            FROM declaration AS later
                           WHERE later.unit_id = paper.unit_id AND later.corrects = paper.id
                             AND later.status IN ('reviewed', 'audited', 'billed', 'settled'))
                    LIMIT 1) AS last ON true
             WHERE unit.district = :district AND unit.status = 'active'
               AND unit.unit_id > :after
               AND (present.status IS NULL OR present.status = 'returned')
             ORDER BY unit.unit_id
             LIMIT :limit
        """),
        {
            "district": district,
            "period": period,
            "previous": previous,
            "after": after,
            "limit": limit,
        },
    )
    return [Unfiled(**row._mapping) for row in rows]


async def levied(tx: AsyncConnection, of: Sequence[Unfiled]) -> list[LastMonthLine]:
    """What last month's papers levied by themselves, unit by unit, in their order."""
    rows = await tx.execute(
        text("""
            SELECT line.unit_id, line.insurance, line.party, line.account, line.fund,
                   CAST(sum(line.base_fen) AS bigint) AS base_fen,
                   CAST(sum(line.amount_fen) AS bigint) AS amount_fen,
                   bool_and(paper.by_default) AS by_default
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:rounds AS integer[]), CAST(:defaults AS boolean[]))
                AS paper (unit_id, id, round, by_default)
              JOIN declaration_line AS line
                ON line.unit_id = paper.unit_id AND line.declaration_id = paper.id
               AND line.round = paper.round
             WHERE line.level <> 'corrected'
             GROUP BY line.unit_id, line.insurance, line.party, line.account, line.fund
            HAVING sum(line.amount_fen) > 0
             ORDER BY line.unit_id, min(line.line_no)
        """),
        {
            "unit_ids": [row.unit_id for row in of],
            "ids": [row.last_id for row in of],
            "rounds": [row.last_round for row in of],
            "defaults": [row.last_kind == "default" for row in of],
        },
    )
    return [LastMonthLine(**row._mapping) for row in rows]


async def insert(tx: AsyncConnection, rows: Sequence[DeclarationRow]) -> set[int]:
    """Store defaults of one period; the units that had not filed in that moment after all."""
    period = rows[0].period
    columns = list(zip(*map(_HEADER, rows), strict=True))
    names = (
        "unit_ids", "ids", "codes", "districts", "policies", "kinds", "classes", "units",
        "personals", "totals",
    )  # fmt: skip
    made = await tx.execute(
        text("""
            INSERT INTO declaration (unit_id, id, kind, credit_code, district, period, round,
                                     status, policy_id, unit_kind, injury_class, people,
                                     wages_fen, unit_fen, personal_fen, total_fen)
            SELECT unit_id, id, 'default', credit_code, district, CAST(:period AS text), 1,
                   'submitted', policy_id, unit_kind, injury_class, 0, 0, unit_fen, personal_fen,
                   total_fen
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:codes AS text[]), CAST(:districts AS text[]),
                          CAST(:policies AS uuid[]), CAST(:kinds AS text[]),
                          CAST(:classes AS smallint[]), CAST(:units AS bigint[]),
                          CAST(:personals AS bigint[]), CAST(:totals AS bigint[]))
                AS batch (unit_id, id, credit_code, district, policy_id, unit_kind, injury_class,
                          unit_fen, personal_fen, total_fen)
            ON CONFLICT DO NOTHING
            RETURNING unit_id
        """),
        {name: list(column) for name, column in zip(names, columns, strict=True)}
        | {"period": period},
    )
    return {row.unit_id for row in made}


async def copy_lines(tx: AsyncConnection, records: Sequence[tuple[object, ...]]) -> None:
    """Store what defaults levy; tuples in the order of a line's columns."""
    connection = await raw(tx)
    await connection.copy_records_to_table("declaration_line", records=records, columns=_LINE)
