"""Flags on units and persons, and the rules of inspections, which two people change.

Only the database's functions write them, after two people have signed.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from services.collection.common.store import shipped

revision = "collection_0052"
down_revision = "collection_0051"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"

UP: Final = (
    """
    CREATE TABLE inspection_rule (
        topic         text    NOT NULL,
        code          text    NOT NULL,
        value         integer NOT NULL CHECK (value BETWEEN 0 AND 120),
        basis         text    NOT NULL,
        in_force_from date    NOT NULL,
        in_force_to   date    CHECK (in_force_to >= in_force_from),
        reason        text    NOT NULL,
        set_by        text    NOT NULL,
        PRIMARY KEY (topic, code, in_force_from)
    )
    """,
    """
    CREATE TABLE credit_flag (
        shard_key  bigint NOT NULL,
        id         uuid   NOT NULL,
        target     text   NOT NULL,
        basis      text   NOT NULL,
        document   text   NOT NULL,
        since      date   NOT NULL,
        until      date   CHECK (until >= since),
        inspection text,
        set_by     text   NOT NULL,
        lifted_on  date,
        lifted_by  text,
        PRIMARY KEY (shard_key, id),
        CHECK ((lifted_on IS NULL) = (lifted_by IS NULL))
    )
    """,
    "CREATE INDEX credit_flag_of_target ON credit_flag (shard_key, target)",
    # An earlier row ends the day before; a row of the same day is replaced; a later one stays.
    """
    CREATE FUNCTION write_inspection_rule(key bigint, change uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = collection, pg_temp AS $$
    DECLARE
        paper signed_change := sign_off(key, change, 'inspection_rule');
        about text := paper.content ->> 'topic';
        named text := paper.content ->> 'code';
        begins date := CAST(paper.content ->> 'in_force_from' AS date);
    BEGIN
        UPDATE inspection_rule
           SET in_force_to = begins - 1
         WHERE topic = about AND code = named AND in_force_from < begins
           AND (in_force_to IS NULL OR in_force_to >= begins);
        INSERT INTO inspection_rule (topic, code, value, basis, in_force_from, in_force_to,
                                     reason, set_by)
        SELECT about, named, CAST(paper.content ->> 'value' AS integer), paper.content ->> 'basis',
               begins, (SELECT min(in_force_from) - 1 FROM inspection_rule
                         WHERE topic = about AND code = named AND in_force_from > begins),
               paper.reason, paper.filed_by || ' / ' || paper.decided_by
        ON CONFLICT (topic, code, in_force_from) DO UPDATE
           SET value = excluded.value, basis = excluded.basis, in_force_to = excluded.in_force_to,
               reason = excluded.reason, set_by = excluded.set_by;
    END
    $$
    """,
    # A lifting ends the flags that count on its day.
    """
    CREATE FUNCTION write_credit_flag(key bigint, change uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = collection, pg_temp AS $$
    DECLARE
        paper  signed_change := sign_off(key, change, 'credit_flag');
        begins date := CAST(paper.content ->> 'since' AS date);
        people text := paper.filed_by || ' / ' || paper.decided_by;
    BEGIN
        IF paper.content ->> 'action' = 'set' THEN
            INSERT INTO credit_flag (shard_key, id, target, basis, document, since, until,
                                     inspection, set_by)
            VALUES (key, change, paper.target, paper.content ->> 'basis',
                    paper.content ->> 'document', begins,
                    CAST(paper.content ->> 'until' AS date), paper.content ->> 'inspection',
                    people);
        ELSE
            UPDATE credit_flag
               SET lifted_on = begins, lifted_by = people
             WHERE shard_key = key AND target = paper.target AND since <= begins
               AND (until IS NULL OR until >= begins) AND lifted_on IS NULL;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'no flag of % counts', paper.target
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_flag_current';
            END IF;
        END IF;
    END
    $$
    """,
    "REVOKE EXECUTE ON FUNCTION write_inspection_rule(bigint, uuid),"
    " write_credit_flag(bigint, uuid) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION write_inspection_rule(bigint, uuid),"
    f" write_credit_flag(bigint, uuid) TO {ROLE}",
    f"GRANT SELECT ON inspection_rule, credit_flag TO {ROLE}",
)


def upgrade() -> None:
    """Make the tables with the shipped rules, and the functions."""
    for statement in UP:
        op.execute(statement)
    op.get_bind().execute(
        sa.text("""
            INSERT INTO inspection_rule (topic, code, value, basis, in_force_from, in_force_to,
                                         reason, set_by)
            VALUES (:topic, :code, :value, :basis, CAST(CAST(:in_force_from AS text) AS date),
                    CAST(CAST(:in_force_to AS text) AS date), '', 'shipped')
        """),
        shipped.read("inspection_rules.json")["rules"],
    )


def downgrade() -> None:
    """Go back to the shipped rules, without flags."""
    op.execute("DROP FUNCTION write_credit_flag(bigint, uuid)")
    op.execute("DROP FUNCTION write_inspection_rule(bigint, uuid)")
    op.execute("DROP TABLE credit_flag")
    op.execute("DROP TABLE inspection_rule")
