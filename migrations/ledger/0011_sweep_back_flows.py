"""Flows of funds that take back from their fiscal account, and of sweeps that move money back."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services

revision = "ledger_0011"
down_revision = "ledger_0010"
branch_labels = None
depends_on = None

FLOWS: Final = Path(services.__file__ or "").resolve().parent / "ledger/data/flow_matrix.csv"


def upgrade() -> None:
    """Bring the shipped flows up to date; those that are there already stay as they are."""
    with FLOWS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    op.get_bind().execute(
        sa.text("""
            INSERT INTO flow_matrix (kind, book, debit, credit, by, in_force_from, in_force_to,
                                     source, certainty)
            VALUES (:kind, :book, :debit, :credit, :by, CAST(:in_force_from AS date),
                    CAST(:in_force_to AS date), :source, :certainty)
            ON CONFLICT DO NOTHING
        """),
        [
            row
            | {
                "in_force_from": date.fromisoformat(row["in_force_from"]),
                "in_force_to": date.fromisoformat(to) if (to := row["in_force_to"]) else None,
            }
            for row in rows
        ],
    )


def downgrade() -> None:
    """Flows that were added stay, they harm nobody."""
