"""Closing a month needs three totals: business, books and statistics; an index of charges and refunds."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services

revision = "ledger_0015"
down_revision = "ledger_0014"
branch_labels = None
depends_on = None

RULES: Final = Path(services.__file__ or "").resolve().parent / "ledger/data"
RULE = "ALTER TABLE closing_rule DROP CONSTRAINT closing_rule_rule_check"
KNOWN = (
    "'receipts_matched', 'income_account_empty', 'business_ties', 'personal_ties', 'benefits_tie'"
)


def _known(rules: str) -> str:
    return f"""
        ALTER TABLE closing_rule ADD CONSTRAINT closing_rule_rule_check CHECK (rule IN ({rules}))
    """


def upgrade() -> None:
    """Add the rule, and find the vouchers of charges and refunds without reading all the others."""
    op.execute(RULE)
    op.execute(_known(f"{KNOWN}, 'totals_tie'"))
    op.execute("""
        CREATE INDEX voucher_of_rare_kinds ON voucher (slot, seq)
         WHERE kind IN ('late_fee', 'interest', 'waiver', 'reallocation', 'receipt_return',
                        'refund', 'refund_return')
    """)
    with (RULES / "closing_rules_totals.csv").open(encoding="utf-8", newline="") as file:
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
    """Drop what the upgrade made."""
    op.execute("DELETE FROM closing_rule WHERE rule = 'totals_tie'")
    op.execute("DROP INDEX voucher_of_rare_kinds")
    op.execute(RULE)
    op.execute(_known(KNOWN))


def _dated(row: dict[str, str]) -> dict[str, object]:
    to = row["in_force_to"]
    return row | {
        "in_force_from": date.fromisoformat(row["in_force_from"]),
        "in_force_to": date.fromisoformat(to) if to else None,
    }
