"""Read the units of a district that did not declare, and store their declarations by default."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.default import UndeclaredUnit
from services.collection.filing.domain.records import DeclarationRow
from services.collection.policy.domain.default_levy import LastMonthLine


async def undeclared(
    tx: AsyncConnection, district: str, period: str, previous: str, after: int, limit: int
) -> list[UndeclaredUnit]:
    """Read active units of a district, after a key, without a valid declaration of the period."""
    rows = await tx.execute(
        text("""
            SELECT unit.unit_id, unit.credit_code, present.status AS present, last.id AS last_id,
                   last.round AS last_round, last.kind AS last_kind,
                   EXISTS (SELECT 1
                             FROM declaration AS before
                            WHERE before.unit_id = unit.unit_id AND before.period = :previous
                              AND before.kind NOT IN ('project', 'extension')
                              AND NOT before.void) AS any_last
              FROM unit
              LEFT JOIN LATERAL (
                   SELECT status
                     FROM declaration
                    WHERE declaration.unit_id = unit.unit_id AND declaration.period = :period
                      AND declaration.kind NOT IN ('project', 'extension') AND declaration.corrects IS NULL
                      AND NOT declaration.void
                    LIMIT 1) AS present ON true
              LEFT JOIN LATERAL (
                   SELECT paper.id, paper.round, paper.kind
                     FROM declaration AS paper
                    WHERE paper.unit_id = unit.unit_id AND paper.period = :previous
                      AND paper.kind NOT IN ('project', 'extension')
                      AND paper.status IN ('reviewed', 'audited', 'billed', 'settled')
                      AND NOT EXISTS (
                          SELECT 1
                            FROM declaration AS later
                           WHERE later.unit_id = paper.unit_id AND later.corrects = paper.id
                             AND NOT later.void
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
    return [UndeclaredUnit(**row._mapping) for row in rows]


async def levied(tx: AsyncConnection, of: Sequence[UndeclaredUnit]) -> list[LastMonthLine]:
    """Read what last month's declarations levied by themselves, unit by unit."""
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
    """Store declarations by default of one period; return the units that got one. A unit that declared
    in the meantime gets none."""
    inserted = await tx.execute(
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
        {
            "unit_ids": [row.unit_id for row in rows],
            "ids": [row.id for row in rows],
            "codes": [row.credit_code for row in rows],
            "districts": [row.district for row in rows],
            "policies": [row.policy_id for row in rows],
            "kinds": [row.unit_kind for row in rows],
            "classes": [row.injury_class for row in rows],
            "units": [row.unit_fen for row in rows],
            "personals": [row.personal_fen for row in rows],
            "totals": [row.total_fen for row in rows],
            "period": rows[0].period,
        },
    )
    return {row.unit_id for row in inserted}
