"""SQL that counts and lists the findings of data quality checks (reports over all units)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.quality.domain.quality import Check
from services.collection.quality.store.checks import CHECKS, SUBJECTS
from shared.db import patient
from shared.page import read_page
from shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """A row that a check found, masked."""

    district: str
    unit_id: int
    credit_code: str
    unit_name: str
    person_id: int
    said: str
    masked_number: str | None = None
    masked_name: str | None = None


def _days(
    period: Period, limits: Mapping[str, Any], sql: str, district: str | None = None
) -> dict[str, Any]:
    """Return only the parameters that a statement uses; PostgreSQL accepts no others."""
    given = dict(limits)
    if "earliest" in given:
        given["earliest"] = date.fromisoformat(given["earliest"])
    known: dict[str, Any] = {
        "period": str(period),
        "before": str(period.plus(-1)),
        "first": period.first_day,
        "last": period.last_day,
        "district": district,
    } | given
    return {name: value for name, value in known.items() if f":{name}" in sql}


async def subjects(
    tx: AsyncConnection, subject: str, period: Period, district: str | None
) -> dict[str, int]:
    """Count subjects by district."""
    sql = SUBJECTS[subject]
    rows = await tx.execute(
        text(f"""
            SELECT district, count(*) AS subjects
              FROM ({sql}) AS looked_at
             WHERE CAST(:district AS text) IS NULL OR district = :district
             GROUP BY district
             ORDER BY district
             LIMIT 1000
        """),
        _days(period, {}, sql) | {"district": district},
    )
    return {row.district: row.subjects for row in rows}


async def count(
    tx: AsyncConnection, check: Check, period: Period, district: str | None
) -> dict[str, int]:
    """Count the findings of a check by district."""
    sql = CHECKS[check.id]
    rows = await tx.execute(
        text(f"""
            SELECT district, count(*) AS found
              FROM ({sql}) AS found
             WHERE CAST(:district AS text) IS NULL OR district = :district
             GROUP BY district
             ORDER BY district
             LIMIT 1000
        """),
        _days(period, check.limits, sql) | {"district": district},
    )
    return {row.district: row.found for row in rows}


async def found_by_any(
    tx: AsyncConnection, checks: Sequence[Check], period: Period, district: str | None
) -> dict[str, int]:
    """Count the units, or people at their units, that any of these checks finds, by district."""
    sql = " UNION ALL ".join(
        f"SELECT district, unit_id, person_id FROM ({CHECKS[check.id]}) AS {check.id}"
        for check in checks
    )
    limits = {name: limit for check in checks for name, limit in check.limits.items()}
    rows = await tx.execute(
        text(f"""
            SELECT district, count(*) AS found
              FROM (SELECT DISTINCT district, unit_id, person_id
                      FROM ({sql}) AS found) AS subject
             WHERE CAST(:district AS text) IS NULL OR district = :district
             GROUP BY district
             ORDER BY district
             LIMIT 1000
        """),
        _days(period, limits, sql) | {"district": district},
    )
    return {row.district: row.found for row in rows}


async def looked_at(
    tx: AsyncConnection, subjects: Sequence[str], period: Period, district: str | None
) -> dict[str, int]:
    """Count the units, or people at their units, among these subjects, by district."""
    sql = " UNION ALL ".join(
        f"SELECT district, unit_id, person_id FROM ({SUBJECTS[subject]}) AS {subject}"
        for subject in subjects
    )
    rows = await tx.execute(
        text(f"""
            SELECT district, count(*) AS subjects
              FROM (SELECT DISTINCT district, unit_id, person_id
                      FROM ({sql}) AS looked_at) AS subject
             WHERE CAST(:district AS text) IS NULL OR district = :district
             GROUP BY district
             ORDER BY district
             LIMIT 1000
        """),
        _days(period, {}, sql) | {"district": district},
    )
    return {row.district: row.subjects for row in rows}


async def take_time(tx: AsyncConnection, seconds: int) -> None:
    """Let the statements of one transaction run longer than a request may."""
    await patient(tx, seconds)
    await read_widely(tx)


async def read_widely(tx: AsyncConnection) -> None:
    """Make a transaction join by hash.

    Checks join on key, paper and round, which the planner estimates as independent. It would expect
    one row and loop over millions.
    """
    await tx.execute(text("SELECT set_config('enable_nestloop', 'off', true)"))


async def page(
    tx: AsyncConnection,
    check: Check,
    period: Period,
    district: str | None,
    after: tuple[int, int],
    limit: int,
) -> list[FindingRow]:
    """Read what a check finds, ordered by unit and person."""
    sql = CHECKS[check.id]
    rows = await read_page(
        tx,
        f"""
            SELECT found.district, found.unit_id, unit.credit_code, unit.name AS unit_name,
                   coalesce(found.person_id, 0) AS person_id, found.said
              FROM ({sql}) AS found
              JOIN unit
                ON unit.unit_id = found.unit_id
        """,
        key=("found.unit_id", "coalesce(found.person_id, 0)"),
        after=after,
        limit=limit,
        row=FindingRow,
        equal={"found.district": district},
        parameters=_days(period, check.limits, sql, district),
    )
    return await _with_masks(tx, rows)


async def _with_masks(tx: AsyncConnection, findings: Sequence[FindingRow]) -> list[FindingRow]:
    """Add the masked number and name of each person, as they were last enrolled at the unit."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT ON (held.unit_id, held.person_id)
                   held.unit_id, held.person_id, held.masked_number, held.masked_name
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:person_ids AS bigint[]))
                AS found (unit_id, person_id)
              JOIN enrolment AS held
                ON held.unit_id = found.unit_id AND held.person_id = found.person_id
             ORDER BY held.unit_id, held.person_id, held.joined_on DESC
        """),
        {
            "unit_ids": [one.unit_id for one in findings],
            "person_ids": [one.person_id for one in findings],
        },
    )
    masks = {(row.unit_id, row.person_id): (row.masked_number, row.masked_name) for row in rows}
    masked = [masks.get((one.unit_id, one.person_id), (None, None)) for one in findings]
    return [
        replace(one, masked_number=number, masked_name=name)
        for one, (number, name) in zip(findings, masked, strict=True)
    ]
