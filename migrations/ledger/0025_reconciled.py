"""Closing a month needs reconciled accounts: the counts that collection gives stand with the closing."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services

revision = "ledger_0025"
down_revision = "ledger_0024"
branch_labels = None
depends_on = None

RULES: Final = Path(services.__file__ or "").resolve().parent / "ledger/data"
RULE: Final = "ALTER TABLE closing_rule DROP CONSTRAINT closing_rule_rule_check"
KNOWN: Final = (
    "'receipts_matched', 'income_account_empty', 'business_ties', 'personal_ties',"
    " 'benefits_tie', 'totals_tie'"
)


def _known(rules: str) -> str:
    return f"""
        ALTER TABLE closing_rule ADD CONSTRAINT closing_rule_rule_check CHECK (rule IN ({rules}))
    """


def upgrade() -> None:
    """Add the rule, and a column for what a closing was told of reconciliation."""
    op.execute(RULE)
    op.execute(_known(f"{KNOWN}, 'reconciled'"))
    op.execute("ALTER TABLE closing ADD COLUMN reconciliation jsonb NOT NULL DEFAULT '[]'")
    with (RULES / "closing_rules_reconciled.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            row | {"in_force_from": date.fromisoformat(row["in_force_from"]), "in_force_to": None}
            for row in csv.DictReader(file)
        ]
    op.get_bind().execute(
        sa.text("""
            INSERT INTO closing_rule (level, rule, in_force_from, in_force_to, source, certainty)
            VALUES (:level, :rule, :in_force_from, CAST(:in_force_to AS date), :source, :certainty)
        """),
        rows,
    )


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.execute("DELETE FROM closing_rule WHERE rule = 'reconciled'")
    op.execute("ALTER TABLE closing DROP COLUMN reconciliation")
    op.execute(RULE)
    op.execute(_known(KNOWN))
