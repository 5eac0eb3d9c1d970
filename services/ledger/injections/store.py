"""Retirees and their runs in the database, in sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.injections.domain import (
    InjectionRun,
    RetiredPerson,
    RunExists,
    RunGroup,
    RunStatus,
)
from shared.db import patient
from shared.page import read_page
from shared.period import Period

_PATIENCE_SECONDS: Final = 600
_COLUMNS: Final = """id, fund, period, day, status, people, total_fen, proposed_by, approved_by"""
# Months from the first run on to this one. Those after the last run are looked at for everybody, as
# are all of them when the rules are others than the last run applied; the others for those about whom
# something became known after it. A month that a person has by hand is left out.
_DIFFERENCE: Final = """
WITH rules AS (
    SELECT encode(sha256(convert_to(COALESCE(
               string_agg(concat_ws('/', age_from, age_to, yearly_fen, in_force_from, in_force_to),
                          ' ' ORDER BY age_from, in_force_from), ''), 'UTF8')), 'hex') AS digest
      FROM personal_injection_rule
     WHERE fund = :fund AND standing = 'ordinary'
), run AS (
    SELECT min(period) AS first_period, max(period) AS last_period, max(posted_at) AS last_at,
           (array_agg(rules_digest ORDER BY period DESC))[1] AS rules_digest
      FROM injection_run
     WHERE fund = :fund AND status = 'posted'
), month AS (
    SELECT to_char(first_day, 'YYYY-MM') AS period,
           CASE WHEN to_char(first_day, 'YYYY-MM') <= run.last_period
                     AND run.rules_digest = rules.digest
                THEN run.last_at ELSE '-infinity' END AS changed_after
      FROM run
     CROSS JOIN rules
     CROSS JOIN LATERAL generate_series(
               to_date(COALESCE(run.first_period, CAST(:period AS text)), 'YYYY-MM'),
               to_date(CAST(:period AS text), 'YYYY-MM'), interval '1 month') AS first_day
), merged AS MATERIALIZED (
    SELECT person_id, holder_id FROM personal_holder
), known AS (
    SELECT COALESCE(merged.holder_id, retiree.person_id) AS person_id, retiree.born,
           retiree.since, retiree.until, retiree.changed_at
      FROM retiree
      LEFT JOIN merged
        ON merged.person_id = retiree.person_id
), account AS (
    SELECT person_id, max(changed_at) AS changed_at
      FROM known
     GROUP BY person_id
), looked_at AS (
    SELECT known.person_id, month.period,
           bool_or(known.since <= month.period
                   AND (known.until IS NULL OR known.until > month.period)) AS is_retired,
           min(known.born) AS born
      FROM account
      JOIN month ON account.changed_at > month.changed_after
      JOIN known ON known.person_id = account.person_id
     GROUP BY known.person_id, month.period
), wanted AS (
    SELECT looked_at.person_id, looked_at.period, looked_at.is_retired,
           CASE WHEN looked_at.is_retired THEN div(rule.yearly_fen * 2 + 12, 24) END AS fen
      FROM looked_at
      LEFT JOIN LATERAL (
           SELECT yearly_fen
             FROM personal_injection_rule AS rule
            WHERE rule.fund = :fund AND rule.standing = 'ordinary'
              AND rule.in_force_from <= to_date(looked_at.period, 'YYYY-MM')
              AND (rule.in_force_to IS NULL
                   OR rule.in_force_to >= to_date(looked_at.period, 'YYYY-MM'))
              AND extract(YEAR FROM age(to_date(looked_at.period, 'YYYY-MM'), looked_at.born))
                  BETWEEN rule.age_from AND rule.age_to
            ORDER BY rule.in_force_from DESC
            LIMIT 1) AS rule ON true
), record AS (
    SELECT person_id, period, person_id AS record_id
      FROM looked_at
     UNION ALL
    SELECT merged.holder_id, looked_at.period, merged.person_id
      FROM looked_at
      JOIN merged
        ON merged.holder_id = looked_at.person_id
), given_before AS (
    SELECT record.person_id, record.period, SUM(credit.amount_fen) AS fen,
           bool_or(credit.source = 'injection') AS by_hand
      FROM record
      JOIN personal_credit AS credit
        ON credit.person_id = record.record_id AND credit.fund = :fund
       AND credit.kind = 'injection' AND credit.period = record.period
     GROUP BY record.person_id, record.period
), difference AS (
    SELECT wanted.person_id, wanted.period, wanted.is_retired AND wanted.fen IS NULL AS has_no_rule,
           CAST(COALESCE(wanted.fen, 0) - COALESCE(given.fen, 0) AS bigint) AS fen
      FROM wanted
      LEFT JOIN given_before AS given
        ON given.person_id = wanted.person_id AND given.period = wanted.period
     WHERE NOT COALESCE(given.by_hand, false)
)
"""
_PREVIEW: Final = f"""
{_DIFFERENCE}
SELECT period, has_no_rule, fen, CAST(count(*) AS integer) AS people
  FROM difference
 WHERE fen <> 0 OR has_no_rule
 GROUP BY period, has_no_rule, fen
 ORDER BY period, fen
"""
_POST: Final = f"""
{_DIFFERENCE}, applied AS (
    UPDATE injection_run
       SET rules_digest = rules.digest
      FROM rules
     WHERE injection_run.id = :id
), given AS (
    INSERT INTO personal_credit (person_id, fund, kind, period, source, amount_fen, credited_on)
    SELECT person_id, CAST(:fund AS text), 'injection', period, CAST(:source AS text), fen,
           CAST(:day AS date)
      FROM difference
     WHERE fen <> 0
    RETURNING amount_fen
)
SELECT CAST(count(*) AS integer) AS people, CAST(COALESCE(SUM(amount_fen), 0) AS bigint) AS fen
  FROM given
"""


async def insert_retirees(tx: AsyncConnection, people: Sequence[RetiredPerson]) -> int:
    """Store the latest word about people, also one that repeats the last; return for how many it was
    news."""
    instant = await tx.scalar(text("SELECT clock_timestamp()"))
    rows = await tx.execute(
        text("""
            INSERT INTO retiree (person_id, born, since, until, version, changed_at)
            SELECT person_id, born, since, until, version, CAST(:instant AS timestamptz)
              FROM unnest(CAST(:persons AS bigint[]), CAST(:born AS date[]),
                          CAST(:since AS text[]), CAST(:until AS text[]),
                          CAST(:versions AS text[]))
                AS named (person_id, born, since, until, version)
             ORDER BY person_id
            ON CONFLICT (person_id) DO UPDATE
                  SET born = excluded.born, since = excluded.since, until = excluded.until,
                      version = excluded.version,
                      changed_at = CASE
                          WHEN (excluded.born, excluded.since, excluded.until)
                               IS DISTINCT FROM (retiree.born, retiree.since, retiree.until)
                          THEN excluded.changed_at ELSE retiree.changed_at END
                WHERE excluded.version > retiree.version
            RETURNING changed_at
        """),
        {
            "persons": [one.person_id for one in people],
            "born": [one.born for one in people],
            "since": [str(one.since) for one in people],
            "until": [None if one.until is None else str(one.until) for one in people],
            "versions": [one.version for one in people],
            "instant": instant,
        },
    )
    return sum(row.changed_at == instant for row in rows)


async def preview(tx: AsyncConnection, fund: str, period: Period) -> tuple[list[RunGroup], int]:
    """Compute the groups of a run, and how many retirees have no rule."""
    await patient(tx, _PATIENCE_SECONDS)
    rows = (await tx.execute(text(_PREVIEW), {"fund": fund, "period": str(period)})).all()
    groups = [
        RunGroup(period=row.period, amount_fen=row.fen, people=row.people)
        for row in rows
        if row.fen
    ]
    return groups, sum(row.people for row in rows if row.has_no_rule)


async def post(tx: AsyncConnection, run: InjectionRun) -> tuple[int, int]:
    """Credit a run, with a digest of the rules it applies; return how many credits there are, and
    their sum."""
    await patient(tx, _PATIENCE_SECONDS)
    row = (
        await tx.execute(
            text(_POST),
            {
                "id": run.id,
                "fund": run.fund,
                "period": str(run.period),
                "source": run.source,
                "day": run.day,
            },
        )
    ).one()
    return row.people, row.fen


def _run(*, period: str, status: str, id: UUID, **columns: Any) -> InjectionRun:
    return InjectionRun(
        id=UUID(int=id.int), period=Period.parse(period), status=RunStatus(status), **columns
    )


async def insert(tx: AsyncConnection, run: InjectionRun) -> None:
    """Store a proposed run in the place of an earlier proposal of its fund."""
    await tx.execute(
        text("""
            UPDATE injection_run SET status = 'replaced'
             WHERE fund = :fund AND status = 'proposed'
        """),
        {"fund": run.fund},
    )
    await tx.execute(
        text("""
            INSERT INTO injection_run (id, fund, period, day, status, people, total_fen,
                                       proposed_by)
            VALUES (:id, :fund, :period, :day, :status, :people, :total_fen, :proposed_by)
        """),
        {
            "id": run.id,
            "fund": run.fund,
            "period": str(run.period),
            "day": run.day,
            "status": run.status.value,
            "people": run.people,
            "total_fen": run.total_fen,
            "proposed_by": run.proposed_by,
        },
    )


async def load(tx: AsyncConnection, id: UUID) -> InjectionRun | None:
    """Load a run without its groups."""
    row = (
        await tx.execute(text(f"SELECT {_COLUMNS} FROM injection_run WHERE id = :id"), {"id": id})
    ).first()
    return _run(**row._mapping) if row else None


async def last_month(tx: AsyncConnection, fund: str) -> Period | None:
    """Load the latest month that has a posted run."""
    found = await tx.scalar(
        text("SELECT max(period) FROM injection_run WHERE fund = :fund AND status = 'posted'"),
        {"fund": fund},
    )
    return None if found is None else Period.parse(found)


async def mark_posted(tx: AsyncConnection, run: InjectionRun, by: str) -> None:
    """Store who approved a run.

    Raises:
        RunExists: the month has another one.
    """
    # After the lock of the fund: words about people that come later have a later instant.
    instant = await tx.scalar(text("SELECT clock_timestamp()"))
    try:
        async with tx.begin_nested():
            await tx.execute(
                text("""
                    UPDATE injection_run
                       SET status = 'posted', approved_by = :by,
                           posted_at = CAST(:instant AS timestamptz)
                     WHERE id = :id AND status = 'proposed'
                """),
                {"id": run.id, "by": by, "instant": instant},
            )
    except IntegrityError as error:
        raise RunExists(fund=run.fund, period=str(run.period)) from error


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[InjectionRun]:
    """Read runs by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM injection_run",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_run,
        equal=filters,
    )
