"""Budgets by two people, spending plans named by settlements, and holds that a closing names."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services
from shared.db import role_of
from shared.evidence.tables import EVENTS, Watched
from shared.trail import folded_sql

revision = "ledger_0032"
down_revision = "ledger_0031"
branch_labels = None
depends_on = None

ROLE: Final = role_of("ledger")
RULES: Final = (
    Path(services.__file__ or "").resolve().parent / "ledger/data/closing_rules_holds.csv"
)
KNOWN: Final = (
    "'receipts_matched', 'income_account_empty', 'business_ties', 'personal_ties',"
    " 'benefits_tie', 'totals_tie', 'reconciled'"
)
TABLES: Final = ("budget_approval", "budget_paper")
WATCHED: Final = dict.fromkeys(TABLES, Watched(("id",)))

UP: Final = (
    """
    CREATE TABLE budget_paper (
        id          uuid        NOT NULL PRIMARY KEY,
        source      text        NOT NULL CHECK (source <> ''),
        recorded_by text        NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        UNIQUE (id, recorded_by)
    )
    """,
    # The approval repeats who recorded the paper, so that the database itself can tell two persons.
    f"""
    CREATE TABLE budget_approval (
        id          uuid        NOT NULL PRIMARY KEY,
        recorded_by text        NOT NULL,
        approved_by text        NOT NULL,
        approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        FOREIGN KEY (id, recorded_by) REFERENCES budget_paper (id, recorded_by),
        CONSTRAINT budget_approval_two_people
            CHECK ({folded_sql("approved_by")} <> {folded_sql("recorded_by")})
    )
    """,
    # What was in force stays in force: a row recorded until now needed one person only.
    """
    INSERT INTO budget_paper (id, source, recorded_by, recorded_at)
    SELECT id, source, recorded_by, recorded_at
      FROM budget
     WHERE source <> ''
    """,
    """
    INSERT INTO budget_approval (id, recorded_by, approved_by, approved_at)
    SELECT id, recorded_by, 'before approvals', recorded_at
      FROM budget_paper
    """,
    "ALTER TABLE budget ADD COLUMN paper uuid",
    # Nobody adds a row to the paper of another, who could then be asked to approve it.
    """
    ALTER TABLE budget ADD CONSTRAINT budget_of_recorder
        FOREIGN KEY (paper, recorded_by) REFERENCES budget_paper (id, recorded_by)
    """,
    # Rows of before have no paper; each is the paper of its own id.
    "ALTER TABLE budget ADD CONSTRAINT budget_of_paper CHECK (paper IS NOT NULL) NOT VALID",
    """
    CREATE FUNCTION budget_paper_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM budget_approval WHERE id = NEW.paper) THEN
            RAISE EXCEPTION 'the budget paper is approved: record another one'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER budget_paper_open BEFORE INSERT ON budget
        FOR EACH ROW EXECUTE FUNCTION budget_paper_is_open()
    """,
    *[
        f"""
        CREATE TRIGGER {table}_append_only
            BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """
        for table in TABLES
    ],
    f"GRANT SELECT, INSERT ON {', '.join(TABLES)} TO {ROLE}",
    """
    CREATE INDEX settlement_of_plan ON settlement (slot, (terms ->> 'plan'))
     WHERE terms ? 'plan'
    """,
    "ALTER TABLE closing_rule DROP CONSTRAINT closing_rule_rule_check",
    f"""
    ALTER TABLE closing_rule ADD CONSTRAINT closing_rule_rule_check
        CHECK (rule IN ({KNOWN}, 'holds_released'))
    """,
)
DOWN: Final = (
    "DELETE FROM closing_rule WHERE rule = 'holds_released'",
    "ALTER TABLE closing_rule DROP CONSTRAINT closing_rule_rule_check",
    f"ALTER TABLE closing_rule ADD CONSTRAINT closing_rule_rule_check CHECK (rule IN ({KNOWN}))",
    "DROP INDEX settlement_of_plan",
    "DROP TRIGGER budget_paper_open ON budget",
    "DROP FUNCTION budget_paper_is_open()",
    "ALTER TABLE budget DROP COLUMN paper",
    *[f"DROP TABLE {table}" for table in TABLES],
)


def upgrade() -> None:
    """Keep the budgets in force, ask two people for later ones, and add the rule about holds."""
    for statement in UP:
        op.execute(statement)
    for table, watched in WATCHED.items():
        for statement in watched.ddl(table):
            op.execute(statement)
    with RULES.open(encoding="utf-8", newline="") as file:
        rows = [
            row | {"in_force_from": date.fromisoformat(row["in_force_from"]), "in_force_to": None}
            for row in csv.DictReader(file)
        ]
    op.get_bind().execute(
        sa.text("""
            INSERT INTO closing_rule (level, rule, in_force_from, in_force_to, source, certainty)
            VALUES (:level, :rule, :in_force_from, CAST(:in_force_to AS date), :source, :certainty)
            ON CONFLICT DO NOTHING
        """),
        rows,
    )


def downgrade() -> None:
    """Drop what the upgrade made; budgets that nobody approved count again."""
    for table in WATCHED:
        for event in EVENTS:
            op.execute(f"DROP TRIGGER {table}_{event.lower()}_recorded ON {table}")
    for statement in DOWN:
        op.execute(statement)
