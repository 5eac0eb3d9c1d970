"""Corrections of the ledger's rules by two people, lines of the statements as data, flows that lack.

The service may read its rules and nothing more. A correction is a paper like any other; what it says
is written by a function of the administrator's, once two people have signed it, and kept for ever.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from alembic import op

import services
from shared.db import role_of

revision = "ledger_0006"
down_revision = "ledger_0005"
branch_labels = None
depends_on = None

ROLE = role_of("ledger")
DATA = Path(services.__file__ or "").resolve().parent / "ledger" / "data"

UP = (
    # How a line of a statement is called and where it stands; an account without a row has its own
    # name and its place by code.
    """
    CREATE TABLE report_line (
        report        text COLLATE "C" NOT NULL
                      CHECK (report IN ('balance_sheet', 'income_statement')),
        line          text COLLATE "C" NOT NULL,
        name          text             NOT NULL CHECK (name <> ''),
        place         integer          NOT NULL CHECK (place BETWEEN 1 AND 9999),
        in_force_from date             NOT NULL,
        in_force_to   date,
        source        text             NOT NULL,
        certainty     text             NOT NULL,
        PRIMARY KEY (report, line, in_force_from)
    )
    """,
    f"GRANT SELECT ON report_line TO {ROLE}",
    """
    CREATE TABLE correction (
        slot        integer          NOT NULL,
        id          uuid             NOT NULL,
        why         text             NOT NULL CHECK (why <> ''),
        changes     jsonb            NOT NULL CHECK (jsonb_array_length(changes) > 0),
        status      text COLLATE "C" NOT NULL CHECK (status IN ('proposed', 'done')),
        proposed_by text COLLATE "C" NOT NULL,
        proposed_at timestamptz      NOT NULL DEFAULT now(),
        approved_by text COLLATE "C",
        done_at     timestamptz,
        PRIMARY KEY (slot, id),
        CHECK (approved_by <> proposed_by),
        CHECK ((status = 'done') = (approved_by IS NOT NULL))
    )
    """,
    "CREATE INDEX correction_waiting ON correction (slot, id) WHERE status = 'proposed'",
    f"GRANT SELECT, INSERT, UPDATE (status, approved_by) ON correction TO {ROLE}",
    f"REVOKE INSERT ON warning_threshold FROM {ROLE}",
    """
    CREATE FUNCTION apply_correction(asked uuid) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
    DECLARE
        paper   correction%ROWTYPE;
        change  jsonb;
        place   text;
        fresh   jsonb;
        touched bigint;
        written integer := 0;
    BEGIN
        SELECT * INTO STRICT paper FROM correction WHERE slot = 0 AND id = asked FOR UPDATE;
        SELECT COUNT(DISTINCT person) INTO touched
          FROM trail WHERE shard_key = 0 AND paper_id = asked AND signs;
        IF paper.status <> 'done' OR paper.done_at IS NOT NULL OR touched < 2 THEN
            RAISE EXCEPTION 'correction % is not signed by two people, or was written', asked
                USING ERRCODE = 'check_violation', CONSTRAINT = 'correction_two_people';
        END IF;
        FOR change IN SELECT * FROM jsonb_array_elements(paper.changes) LOOP
            place := change ->> 'table';
            fresh := change -> 'after';
            IF place NOT IN ('fund', 'chart_account', 'flow_matrix', 'closing_rule',
                             'adjustment_rule', 'report_line', 'warning_threshold') THEN
                RAISE EXCEPTION '% holds no rules', place USING ERRCODE = 'check_violation';
            END IF;
            IF change -> 'before' <> 'null' THEN
                EXECUTE format('DELETE FROM %I AS t WHERE to_jsonb(t) = $1', place)
                  USING change -> 'before';
                GET DIAGNOSTICS touched = ROW_COUNT;
                IF touched <> 1 THEN
                    RAISE EXCEPTION 'what is to be corrected in % is no longer so', place
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'correction_current';
                END IF;
            END IF;
            IF place = 'warning_threshold' THEN
                fresh := fresh || jsonb_build_object('recorded_at', clock_timestamp());
            END IF;
            EXECUTE format('INSERT INTO %I SELECT * FROM jsonb_populate_record(NULL::%I, $1)',
                           place, place)
              USING fresh;
            INSERT INTO rule_correction (id, table_name, row_key, before, after, why,
                                         corrected_by, at)
            VALUES (gen_random_uuid(), place, change ->> 'name',
                    NULLIF(change -> 'before', 'null'), fresh, paper.why,
                    paper.proposed_by || ' / ' || paper.approved_by, clock_timestamp());
            written := written + 1;
        END LOOP;
        UPDATE correction SET done_at = clock_timestamp() WHERE slot = 0 AND id = asked;
        RETURN written;
    END
    $$
    """,
    "REVOKE EXECUTE ON FUNCTION apply_correction(uuid) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION apply_correction(uuid) TO {ROLE}",
)
DOWN = (
    "DROP FUNCTION apply_correction(uuid)",
    f"GRANT INSERT ON warning_threshold TO {ROLE}",
    "DROP TABLE correction",
    "DROP TABLE report_line",
)


def upgrade() -> None:
    """Let rules be corrected; name the statements' lines; add flows that an older database lacks."""
    for statement in UP:
        op.execute(statement)
    bind = op.get_bind()
    bind.execute(
        sa.text("""
            INSERT INTO report_line (report, line, name, place, in_force_from, in_force_to, source,
                                     certainty)
            VALUES (:report, :line, :name, :place, CAST(:in_force_from AS date),
                    CAST(:in_force_to AS date), :source, :certainty)
        """),
        [row | {"place": int(str(row["place"]))} for row in _rows("report_lines")],
    )
    # Late fees and interest came after the first books; what an operator has entered stays as it is.
    bind.execute(
        sa.text("""
            INSERT INTO flow_matrix (kind, book, debit, credit, by, in_force_from, in_force_to,
                                     source, certainty)
            SELECT kind, book, debit, credit, by, in_force_from, in_force_to, source, certainty
              FROM (SELECT CAST(:kind AS text) AS kind, CAST(:book AS text) AS book,
                           CAST(:debit AS text) AS debit, CAST(:credit AS text) AS credit,
                           CAST(:by AS text) AS by, CAST(:in_force_from AS date) AS in_force_from,
                           CAST(:in_force_to AS date) AS in_force_to,
                           CAST(:source AS text) AS source,
                           CAST(:certainty AS text) AS certainty) AS shipped
             WHERE NOT EXISTS (SELECT
                                 FROM flow_matrix AS known
                                WHERE known.kind = shipped.kind AND known.book = shipped.book
                                  AND known.debit = shipped.debit
                                  AND known.credit = shipped.credit)
        """),
        _rows("flow_matrix"),
    )


def downgrade() -> None:
    """Drop everything of this revision; flows that were added stay, they harm nobody."""
    for statement in DOWN:
        op.execute(statement)


def _rows(name: str) -> list[dict[str, object]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [
            row
            | {
                "in_force_from": date.fromisoformat(row["in_force_from"]),
                "in_force_to": date.fromisoformat(row["in_force_to"])
                if row["in_force_to"]
                else None,
            }
            for row in csv.DictReader(file)
        ]
