"""Closed days, months and years; carry-over; the operator's corrections of the chart.

How far the books are closed stands in every slot's head, the row that each batch names by its
revision. So a closing and a posting meet in that row, and one of them comes after the other.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from alembic import op

import services
from shared.db import role_of

revision = "ledger_0002"
down_revision = "ledger_0001"
branch_labels = None
depends_on = None

ROLE = role_of("ledger")
RULES = Path(services.__file__ or "").resolve().parent / "ledger" / "data" / "closing_rules.csv"

UP = (
    "ALTER TABLE slot_head ADD COLUMN closed_until date",
    """
    CREATE TABLE closing_rule (
        level         text COLLATE "C" NOT NULL CHECK (level IN ('day', 'month', 'year')),
        rule          text COLLATE "C" NOT NULL
                      CHECK (rule IN ('receipts_matched', 'income_account_empty',
                                      'business_ties')),
        in_force_from date NOT NULL,
        in_force_to   date,
        source        text NOT NULL,
        certainty     text NOT NULL,
        PRIMARY KEY (level, rule, in_force_from)
    )
    """,
    # A closing's `day` is its last day, a reopening's the first day that is open again.
    """
    CREATE TABLE closing (
        slot          integer          NOT NULL,
        id            uuid             NOT NULL,
        region        text COLLATE "C" NOT NULL,
        action        text COLLATE "C" NOT NULL CHECK (action IN ('close', 'reopen')),
        level         text COLLATE "C" NOT NULL CHECK (level IN ('day', 'month', 'year')),
        day           date             NOT NULL,
        reason        text             NOT NULL,
        control       jsonb            NOT NULL,
        status        text COLLATE "C" NOT NULL CHECK (status IN ('proposed', 'done')),
        proposed_by   text COLLATE "C" NOT NULL,
        proposed_at   timestamptz      NOT NULL DEFAULT now(),
        approved_by   text COLLATE "C",
        done_at       timestamptz,
        closed_before date,
        closed_after  date,
        heads         jsonb,
        carried       jsonb            NOT NULL DEFAULT '[]',
        reopened_by   uuid,
        PRIMARY KEY (slot, id),
        CHECK (approved_by <> proposed_by),
        CHECK ((status = 'done') = (approved_by IS NOT NULL AND heads IS NOT NULL)),
        CHECK (action = 'close' OR reason <> '')
    )
    """,
    """
    CREATE UNIQUE INDEX closing_once
        ON closing (slot, region, level, day)
     WHERE action = 'close' AND status = 'done' AND reopened_by IS NULL
    """,
    "CREATE INDEX closing_of_day ON closing (slot, day, id)",
    # Whoever keeps the books' buckets, be it an older release, keeps closed days closed.
    """
    CREATE FUNCTION refuse_closed_day() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        broken record;
    BEGIN
        SELECT fresh.slot, fresh.day
          INTO broken
          FROM fresh
          JOIN slot_head ON slot_head.slot = fresh.slot
         WHERE fresh.day <= slot_head.closed_until
         LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'day % of slot % is closed', broken.day, broken.slot
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bucket_day_open';
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER bucket_day_open_on_insert AFTER INSERT ON bucket
        REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_day()
    """,
    """
    CREATE TRIGGER bucket_day_open_on_update AFTER UPDATE ON bucket
        REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_day()
    """,
    # Reference data may be corrected; what it was, who corrected it and why stays.
    """
    CREATE TABLE rule_correction (
        id            uuid        NOT NULL PRIMARY KEY,
        table_name    text        NOT NULL,
        row_key       text        NOT NULL,
        before        jsonb,
        after         jsonb       NOT NULL,
        why           text        NOT NULL CHECK (why <> ''),
        corrected_by  text        NOT NULL,
        at            timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TRIGGER rule_correction_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_correction
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    f"GRANT SELECT ON closing_rule, rule_correction TO {ROLE}",
    "GRANT SELECT, INSERT, UPDATE (status, approved_by, done_at, closed_before, closed_after,"
    f" heads, carried, reopened_by) ON closing TO {ROLE}",
)
DOWN = (
    "DROP TABLE rule_correction",
    "DROP TRIGGER bucket_day_open_on_update ON bucket",
    "DROP TRIGGER bucket_day_open_on_insert ON bucket",
    "DROP FUNCTION refuse_closed_day()",
    "DROP TABLE closing",
    "DROP TABLE closing_rule",
    "ALTER TABLE slot_head DROP COLUMN closed_until",
)


def upgrade() -> None:
    """Let days be closed, and fill in what a closing must satisfy."""
    for statement in UP:
        op.execute(statement)
    with RULES.open(encoding="utf-8", newline="") as file:
        rows = [_dated(row) for row in csv.DictReader(file)]
    op.get_bind().execute(
        sa.text("""
            INSERT INTO closing_rule (level, rule, in_force_from, in_force_to, source, certainty)
            VALUES (:level, :rule, CAST(:in_force_from AS date), CAST(:in_force_to AS date),
                    :source, :certainty)
        """),
        rows,
    )


def downgrade() -> None:
    """Drop everything of this revision."""
    for statement in DOWN:
        op.execute(statement)


def _dated(row: dict[str, str]) -> dict[str, object]:
    to = row["in_force_to"]
    return row | {
        "in_force_from": date.fromisoformat(row["in_force_from"]),
        "in_force_to": date.fromisoformat(to) if to else None,
    }
