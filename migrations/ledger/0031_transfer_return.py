"""The flow of a transfer to another city that the bank returns (转移支出退回)."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services

revision = "ledger_0031"
down_revision = "ledger_0030"
branch_labels = None
depends_on = None

FLOWS: Final = Path(services.__file__ or "").resolve().parent / "ledger/data/flow_matrix.csv"
FLOW: Final = ("payment_return", "transfer_expense")


def upgrade() -> None:
    """Add the shipped flow; one that is there already stays as it is."""
    with FLOWS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["kind"], row["credit"]) == FLOW]
    op.get_bind().execute(
        sa.text("""
            INSERT INTO flow_matrix (kind, book, debit, credit, by, in_force_from, in_force_to,
                                     source, certainty)
            VALUES (:kind, :book, :debit, :credit, 'payout_service', :in_force_from, NULL, :source,
                    :certainty)
            ON CONFLICT DO NOTHING
        """),
        [row | {"in_force_from": date.fromisoformat(row["in_force_from"])} for row in rows],
    )


def downgrade() -> None:
    """Flows that were added stay, they harm nobody."""
