"""Yearly interest of personal accounts in one statement, the rates, and the control totals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.personal.domain import Bill, CreditKind, Rate, YearRun
from shared.db import patient

_PATIENCE_SECONDS = 1800
"""Millions of persons take longer than a request's statement may."""


async def rates(tx: AsyncConnection, fund: str | None, year: int | None) -> list[Rate]:
    """Load the rate of each fund and year that was approved last."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT ON (r.fund, r.year) r.id, r.fund, r.year, r.rate_ppm, r.source,
                   r.certainty, r.recorded_by, a.approved_by
              FROM personal_rate AS r
              JOIN personal_rate_approval AS a ON a.id = r.id
             WHERE (CAST(:fund AS text) IS NULL OR r.fund = :fund)
               AND (CAST(:year AS integer) IS NULL OR r.year = :year)
             ORDER BY r.fund, r.year, a.approved_at DESC, r.id DESC
             LIMIT 1000
        """),
        {"fund": fund, "year": year},
    )
    return [_rate(row) for row in rows]


async def proposed_rates(tx: AsyncConnection, limit: int) -> list[Rate]:
    """Load the rates waiting for approval, the last recorded first."""
    rows = await tx.execute(
        text("""
            SELECT r.id, r.fund, r.year, r.rate_ppm, r.source, r.certainty, r.recorded_by,
                   a.approved_by
              FROM personal_rate AS r
              LEFT JOIN personal_rate_approval AS a ON a.id = r.id
             WHERE a.id IS NULL
             ORDER BY r.recorded_at DESC, r.id DESC
             LIMIT :limit
        """),
        {"limit": limit},
    )
    return [_rate(row) for row in rows]


async def rate(tx: AsyncConnection, id: UUID) -> Rate | None:
    """Load a rate, approved or not."""
    rows = await tx.execute(
        text("""
            SELECT r.id, r.fund, r.year, r.rate_ppm, r.source, r.certainty, r.recorded_by,
                   a.approved_by
              FROM personal_rate AS r
              LEFT JOIN personal_rate_approval AS a ON a.id = r.id
             WHERE r.id = :id
        """),
        {"id": id},
    )
    row = rows.first()
    return None if row is None else _rate(row)


async def approve_rate(tx: AsyncConnection, of: Rate, by: str) -> None:
    """Put a rate in force."""
    await tx.execute(
        text("""
            INSERT INTO personal_rate_approval (id, recorded_by, approved_by)
            VALUES (:id, :recorded_by, :approved_by)
        """),
        {"id": of.id, "recorded_by": of.recorded_by, "approved_by": by},
    )


def _rate(row: Any) -> Rate:
    return Rate(**(dict(row._mapping) | {"id": UUID(int=row.id.int)}))


async def insert_rate(tx: AsyncConnection, rate: Rate) -> None:
    """Record a rate."""
    await tx.execute(
        text("""
            INSERT INTO personal_rate (id, fund, year, rate_ppm, source, certainty, recorded_by)
            VALUES (:id, :fund, :year, :rate_ppm, :source, :certainty, :recorded_by)
        """),
        {
            "id": rate.id,
            "fund": rate.fund,
            "year": rate.year,
            "rate_ppm": rate.rate_ppm,
            "source": rate.source,
            "certainty": rate.certainty,
            "recorded_by": rate.recorded_by,
        },
    )


async def first_open_year(tx: AsyncConnection, fund: str) -> int | None:
    """Load the year of a fund's very first credit; None without credits."""
    rows = await tx.execute(
        text("SELECT MIN(credited_on) FROM personal_credit WHERE fund = :fund"), {"fund": fund}
    )
    first: date | None = rows.scalar_one()
    return first.year if first else None


async def close_year(tx: AsyncConnection, fund: str, year: int, rate_ppm: int, by: str) -> YearRun:
    """Write every person's year with its interest, in one statement, and its totals.

    Merged records have one year together; the fund's row must be locked. Interest is
    `domain.interest`, half up, once a person; `div` is exact where a numeric's "/" would round.
    """
    await patient(tx, _PATIENCE_SECONDS)
    await tx.execute(
        text("""
            WITH merged AS MATERIALIZED (
                 SELECT person_id, holder_id FROM personal_holder)
            INSERT INTO personal_year (person_id, fund, year, opening_fen, credited_fen,
                                       interest_fen, closing_fen)
            SELECT holder_id, CAST(:fund AS text), CAST(:year AS integer), opening_fen,
                   credited_fen, interest_fen, opening_fen + credited_fen + interest_fen
              FROM (SELECT COALESCE(merged.holder_id, moved.person_id) AS holder_id,
                           CAST(SUM(opening_fen) AS bigint) AS opening_fen,
                           CAST(SUM(credited_fen) AS bigint) AS credited_fen,
                           CAST(sign(SUM(weighted_fen))
                                * div(abs(SUM(weighted_fen)) * CAST(:rate_ppm AS bigint) + 6000000,
                                      12000000) AS bigint) AS interest_fen
                      FROM (SELECT person_id, closing_fen AS opening_fen, 0 AS credited_fen,
                                   closing_fen * 12 AS weighted_fen
                              FROM personal_year
                             WHERE fund = :fund AND year = CAST(:year AS integer) - 1
                             UNION ALL
                            SELECT person_id, 0, amount_fen,
                                   amount_fen
                                   * (12 - CAST(EXTRACT(MONTH FROM credited_on) AS integer))
                              FROM personal_credit
                             WHERE fund = :fund AND credited_on BETWEEN :first AND :last) AS moved
                      LEFT JOIN merged
                        ON merged.person_id = moved.person_id
                     GROUP BY 1) AS summed
        """),
        {"fund": fund, "year": year, "rate_ppm": rate_ppm}
        | {"first": date(year, 1, 1), "last": date(year, 12, 31)},
    )
    rows = await tx.execute(
        text("""
            INSERT INTO personal_year_run (fund, year, rate_ppm, people, opening_fen, credited_fen,
                                           interest_fen, closing_fen, run_by)
            SELECT CAST(:fund AS text), CAST(:year AS integer), :rate_ppm, COUNT(*),
                   COALESCE(SUM(opening_fen), 0), COALESCE(SUM(credited_fen), 0),
                   COALESCE(SUM(interest_fen), 0), COALESCE(SUM(closing_fen), 0), :by
              FROM personal_year
             WHERE fund = :fund AND year = :year
            RETURNING fund, year, rate_ppm, people, opening_fen, credited_fen, interest_fen,
                      closing_fen, run_by
        """),
        {"fund": fund, "year": year, "rate_ppm": rate_ppm, "by": by},
    )
    run = YearRun(**rows.one()._mapping)
    await tx.execute(
        text("UPDATE personal_fund SET closed_year = :year WHERE fund = :fund"),
        {"fund": fund, "year": year},
    )
    return run


async def run_of(tx: AsyncConnection, fund: str, year: int) -> YearRun | None:
    """Load the totals of a closed year, or None."""
    rows = await tx.execute(
        text("""
            SELECT fund, year, rate_ppm, people, opening_fen, credited_fen, interest_fen,
                   closing_fen, run_by
              FROM personal_year_run
             WHERE fund = :fund AND year = :year
        """),
        {"fund": fund, "year": year},
    )
    row = rows.first()
    return YearRun(**row._mapping) if row else None


async def insert_totals(tx: AsyncConnection, totals: Sequence[tuple[Bill, str, int, int]]) -> None:
    """Write the totals of papers as (paper, fund, people, fen), by which every single credit is
    checked."""
    await tx.execute(
        text("""
            INSERT INTO personal_batch_fund (batch_key, kind, id, fund, credited_on, people,
                                             total_fen)
            SELECT batch_key, kind, id, fund, credited_on, people, total_fen
              FROM unnest(CAST(:keys AS bigint[]), CAST(:kinds AS text[]), CAST(:ids AS text[]),
                          CAST(:funds AS text[]), CAST(:days AS date[]),
                          CAST(:people AS integer[]), CAST(:totals AS bigint[]))
                   AS batch (batch_key, kind, id, fund, credited_on, people, total_fen)
        """),
        {
            "keys": [bill.key for bill, *_ in totals],
            "kinds": [bill.kind.value for bill, *_ in totals],
            "ids": [bill.id for bill, *_ in totals],
            "funds": [fund for _, fund, *_ in totals],
            "days": [bill.credited_on for bill, *_ in totals],
            "people": [people for *_, people, _ in totals],
            "totals": [total_fen for *_, total_fen in totals],
        },
    )


async def totals(tx: AsyncConnection, kind: CreditKind, as_of: date) -> dict[str, int]:
    """Sum by fund the credits of a kind up to a day, from the totals of their papers."""
    rows = await tx.execute(
        text("""
            SELECT fund, CAST(SUM(total_fen) AS bigint) AS total_fen
              FROM personal_batch_fund
             WHERE kind = :kind AND credited_on <= :as_of
             GROUP BY fund
             LIMIT 1000
        """),
        {"as_of": as_of, "kind": kind.value},
    )
    return {row.fund: row.total_fen for row in rows}


async def totals_that_differ(tx: AsyncConnection) -> int:
    """Count the batches whose totals differ from their credits; more than none means damage."""
    await patient(tx, _PATIENCE_SECONDS)
    rows = await tx.execute(
        text("""
            SELECT COUNT(*)
              FROM (SELECT kind, source AS id, fund, SUM(amount_fen) AS total_fen,
                           COUNT(*) AS people
                      FROM personal_credit
                     WHERE kind <> 'injection'
                     GROUP BY kind, source, fund) AS summed
              FULL JOIN (SELECT kind, id, fund, SUM(total_fen) AS total_fen, SUM(people) AS people
                           FROM personal_batch_fund
                          GROUP BY kind, id, fund) AS told USING (kind, id, fund)
             WHERE summed.total_fen IS DISTINCT FROM told.total_fen
                OR summed.people IS DISTINCT FROM told.people
        """)
    )
    return int(rows.scalar_one())
