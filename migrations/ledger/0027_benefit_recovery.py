"""Flows of recovered benefits: money that came back, and what later payments kept back."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services

revision = "ledger_0027"
down_revision = "ledger_0026"
branch_labels = None
depends_on = None

FLOWS: Final = Path(services.__file__ or "").resolve().parent / "ledger/data/flow_matrix.csv"
KIND: Final = "benefit_recovery"


def upgrade() -> None:
    """Add the shipped flows of this kind; those that are there already stay as they are."""
    with FLOWS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == KIND]
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
