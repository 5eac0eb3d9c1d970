"""The workdays of a year with the notice that sets them, which two people change.

Years that the calendar has already stay as they are.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.collection.common.store import shipped

revision = "collection_0060"
down_revision = "collection_0059"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"

UP: Final = (
    """
    CREATE TABLE workday_year (
        year   integer     PRIMARY KEY CHECK (year BETWEEN 1990 AND 2100),
        source text        NOT NULL,
        reason text        NOT NULL,
        set_by text        NOT NULL,
        set_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    # The days of a year are replaced as a whole; only those that differ are written.
    """
    CREATE FUNCTION write_workdays(key bigint, change uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = collection, pg_temp AS $$
    DECLARE
        paper signed_change := sign_off(key, change, 'workdays');
        named integer := CAST(paper.content ->> 'year' AS integer);
    BEGIN
        INSERT INTO workday_year (year, source, reason, set_by)
        VALUES (named, paper.content ->> 'source', paper.reason,
                paper.filed_by || ' / ' || paper.decided_by)
        ON CONFLICT (year) DO UPDATE
           SET source = excluded.source, reason = excluded.reason, set_by = excluded.set_by,
               set_at = excluded.set_at;
        INSERT INTO calendar_day AS known (day, workday)
        SELECT CAST(day AS date),
               paper.content -> 'workdays' ? to_char(day, 'YYYY-MM-DD')
               OR (extract(isodow FROM day) < 6
                   AND NOT paper.content -> 'days_off' ? to_char(day, 'YYYY-MM-DD'))
          FROM generate_series(CAST(make_date(named, 1, 1) AS timestamp),
                               CAST(make_date(named, 12, 31) AS timestamp), '1 day') AS day
        ON CONFLICT (day) DO UPDATE
           SET workday = excluded.workday WHERE known.workday <> excluded.workday;
    END
    $$
    """,
    "REVOKE EXECUTE ON FUNCTION write_workdays(bigint, uuid) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION write_workdays(bigint, uuid) TO {ROLE}",
    f"GRANT SELECT ON workday_year TO {ROLE}",
)


def upgrade() -> None:
    """Make the table with the years of the calendar, and the function that writes one."""
    for statement in UP:
        op.execute(statement)
    op.get_bind().execute(
        sa.text("""
            INSERT INTO workday_year (year, source, reason, set_by)
            SELECT DISTINCT CAST(extract(year FROM day) AS integer), CAST(:source AS text), '',
                   'shipped'
              FROM calendar_day
        """),
        {"source": shipped.read("workdays.json")["source"]},
    )


def downgrade() -> None:
    """Keep the days, without their notices."""
    op.execute("DROP FUNCTION write_workdays(bigint, uuid)")
    op.execute("DROP TABLE workday_year")
