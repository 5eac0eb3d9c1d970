"""The rules of retries as dated rows, which two people change and the database writes."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.collection.common.store import shipped

revision = "collection_0048"
down_revision = "collection_0047"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"

UP: Final = (
    """
    CREATE TABLE retry_rule (
        reason_class   text    NOT NULL,
        retries        integer NOT NULL CHECK (retries BETWEEN 0 AND 30),
        after_workdays integer NOT NULL CHECK (after_workdays BETWEEN 0 AND 20),
        in_force_from  date    NOT NULL,
        in_force_to    date    CHECK (in_force_to >= in_force_from),
        reason         text    NOT NULL,
        set_by         text    NOT NULL,
        PRIMARY KEY (reason_class, in_force_from)
    )
    """,
    # An earlier row ends the day before; a row of the same day is replaced; a later one stays.
    """
    CREATE FUNCTION write_retry_rule(key bigint, change uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = collection, pg_temp AS $$
    DECLARE
        paper signed_change := sign_off(key, change, 'retry_rule');
        named text := paper.content ->> 'reason_class';
        since date := CAST(paper.content ->> 'in_force_from' AS date);
    BEGIN
        UPDATE retry_rule
           SET in_force_to = since - 1
         WHERE reason_class = named AND in_force_from < since
           AND (in_force_to IS NULL OR in_force_to >= since);
        INSERT INTO retry_rule (reason_class, retries, after_workdays, in_force_from, in_force_to,
                                reason, set_by)
        SELECT named, CAST(paper.content ->> 'retries' AS integer),
               CAST(paper.content ->> 'after_workdays' AS integer), since,
               least(CAST(paper.content ->> 'in_force_to' AS date),
                     (SELECT min(in_force_from) - 1 FROM retry_rule
                       WHERE reason_class = named AND in_force_from > since)),
               paper.reason, paper.filed_by || ' / ' || paper.decided_by
        ON CONFLICT (reason_class, in_force_from) DO UPDATE
           SET retries = excluded.retries, after_workdays = excluded.after_workdays,
               in_force_to = excluded.in_force_to, reason = excluded.reason,
               set_by = excluded.set_by;
    END
    $$
    """,
    "REVOKE EXECUTE ON FUNCTION write_retry_rule(bigint, uuid) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION write_retry_rule(bigint, uuid) TO {ROLE}",
    f"GRANT SELECT ON retry_rule TO {ROLE}",
)


def upgrade() -> None:
    """Make the table with the shipped rules, and the function."""
    for statement in UP:
        op.execute(statement)
    op.get_bind().execute(
        sa.text("""
            INSERT INTO retry_rule (reason_class, retries, after_workdays, in_force_from,
                                    in_force_to, reason, set_by)
            VALUES (:class, :retries, :after_workdays, CAST(CAST(:in_force_from AS text) AS date),
                    CAST(CAST(:in_force_to AS text) AS date), '', 'shipped')
        """),
        shipped.read("debit_retries.json")["rules"],
    )


def downgrade() -> None:
    """Go back to the shipped rules."""
    op.execute("DROP FUNCTION write_retry_rule(bigint, uuid)")
    op.execute("DROP TABLE retry_rule")
