"""Corrections of personal credits, rates approved by a second person, and two more ties at closings.

A restated month credits persons the difference, which may be below zero; it then names what it
corrects. A year's rate holds once somebody else has approved it. A closing compares personal
accounts and paid benefits too.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from alembic import op

import services
from shared.db import role_of

revision = "ledger_0009"
down_revision = "ledger_0008"
branch_labels = None
depends_on = None

ROLE = role_of("ledger")
RULES = Path(services.__file__ or "").resolve().parent / "ledger" / "data"

UP = (
    'ALTER TABLE personal_batch ADD COLUMN corrects text COLLATE "C"',
    # Below zero: a transfer out, or what a restated month takes back of a contribution.
    "ALTER TABLE personal_credit DROP CONSTRAINT personal_credit_check",
    """
    ALTER TABLE personal_credit ADD CONSTRAINT personal_credit_sign
        CHECK (amount_fen <> 0
               AND (kind = 'contribution' OR (kind = 'transfer_out') = (amount_fen < 0)))
    """,
    # The approval repeats who recorded the rate, so that the database itself can tell two persons.
    "CREATE UNIQUE INDEX personal_rate_recorded ON personal_rate (id, recorded_by)",
    """
    CREATE TABLE personal_rate_approval (
        id          uuid        NOT NULL PRIMARY KEY,
        recorded_by text        NOT NULL,
        approved_by text        NOT NULL,
        approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        FOREIGN KEY (id, recorded_by) REFERENCES personal_rate (id, recorded_by),
        CHECK (approved_by <> recorded_by)
    )
    """,
    # What was in force stays in force: rates recorded until now needed one person only.
    """
    INSERT INTO personal_rate_approval (id, recorded_by, approved_by, approved_at)
    SELECT id, recorded_by, 'before approvals', recorded_at
      FROM personal_rate
    """,
    """
    CREATE TRIGGER personal_rate_approval_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON personal_rate_approval
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    f"GRANT SELECT, INSERT ON personal_rate_approval TO {ROLE}",
    "ALTER TABLE closing_rule DROP CONSTRAINT closing_rule_rule_check",
    """
    ALTER TABLE closing_rule ADD CONSTRAINT closing_rule_rule_check
        CHECK (rule IN ('receipts_matched', 'income_account_empty', 'business_ties',
                        'personal_ties', 'benefits_tie'))
    """,
)
DOWN = (
    "DELETE FROM closing_rule WHERE rule IN ('personal_ties', 'benefits_tie')",
    "ALTER TABLE closing_rule DROP CONSTRAINT closing_rule_rule_check",
    """
    ALTER TABLE closing_rule ADD CONSTRAINT closing_rule_rule_check
        CHECK (rule IN ('receipts_matched', 'income_account_empty', 'business_ties'))
    """,
    "DROP TABLE personal_rate_approval",
    "DROP INDEX personal_rate_recorded",
    "ALTER TABLE personal_credit DROP CONSTRAINT personal_credit_sign",
    """
    ALTER TABLE personal_credit ADD CONSTRAINT personal_credit_check
        CHECK ((kind = 'transfer_out') = (amount_fen < 0))
    """,
    "ALTER TABLE personal_batch DROP COLUMN corrects",
)


def upgrade() -> None:
    """Let credits be corrected and rates be approved; add the two ties to what a closing needs."""
    for statement in UP:
        op.execute(statement)
    with (RULES / "closing_rules_personal.csv").open(encoding="utf-8", newline="") as file:
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
    """Drop what the upgrade made. Refuses by itself while a credit below zero stands: it is money."""
    for statement in DOWN:
        op.execute(statement)


def _dated(row: dict[str, str]) -> dict[str, object]:
    to = row["in_force_to"]
    return row | {
        "in_force_from": date.fromisoformat(row["in_force_from"]),
        "in_force_to": date.fromisoformat(to) if to else None,
    }
