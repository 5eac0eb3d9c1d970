"""Receipts that are the money of a transfer from another city: their orders, and the flows."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services

revision = "ledger_0042"
down_revision = "ledger_0041"
branch_labels = None
depends_on = None

FLOWS: Final = Path(services.__file__ or "").resolve().parent / "ledger/data/flow_matrix.csv"
SETTLED: Final = """(settlement_id IS NOT NULL AND settled_on IS NOT NULL AND paid_from IS NOT NULL
                AND seq IS NOT NULL)"""


def _order(*changes: str) -> tuple[str, ...]:
    """Build the statements that change the table of orders."""
    return tuple(f"ALTER TABLE refund_order {change}" for change in changes)


def _checks(statuses: str, settled: str, sources: str) -> tuple[str, ...]:
    """Build the statements that write the checks of an order's status and source anew."""
    return _order(
        "DROP CONSTRAINT refund_order_status_check",
        "DROP CONSTRAINT refund_order_source_check",
        "DROP CONSTRAINT refund_order_check",
        f"ADD CONSTRAINT refund_order_status_check CHECK (status IN ({statuses}))",
        f"ADD CONSTRAINT refund_order_source_check CHECK (source IN ({sources}))",
        f"ADD CONSTRAINT refund_order_check CHECK ((status IN ({settled})) = {SETTLED})",
    )


UP: Final = (
    *_order(
        "ADD COLUMN transfer jsonb",
        'ADD COLUMN paper text COLLATE "C"',
        "ADD COLUMN reversed_on date",
    ),
    *_checks(
        "'open', 'settled', 'withdrawn', 'reversed'",
        "'settled', 'reversed'",
        "'suspense', 'credits', 'transfer'",
    ),
    *_order(
        """ADD CONSTRAINT refund_order_transfer CHECK (
            (source = 'transfer') = (transfer IS NOT NULL)
            AND (source = 'transfer') = (paper IS NOT NULL)
            AND (source <> 'transfer' OR receipt IS NOT NULL))""",
        """ADD CONSTRAINT refund_order_reversed CHECK (
            (status = 'reversed') = (reversed_on IS NOT NULL)
            AND (status <> 'reversed' OR source = 'transfer'))""",
    ),
    """
    CREATE INDEX refund_order_of_paper ON refund_order (slot, paper) WHERE status = 'open'
    """,
    "GRANT UPDATE (reversed_on) ON refund_order TO wuxian_ledger",
)
DOWN: Final = (
    "DROP INDEX refund_order_of_paper",
    *_order("DROP CONSTRAINT refund_order_reversed", "DROP CONSTRAINT refund_order_transfer"),
    *_checks("'open', 'settled', 'withdrawn'", "'settled'", "'suspense', 'credits'"),
    *_order("DROP COLUMN reversed_on", "DROP COLUMN paper", "DROP COLUMN transfer"),
)


def upgrade() -> None:
    """Add the letter to orders, and the shipped flows; one that is there already stays as it is."""
    for statement in UP:
        op.execute(statement)
    with FLOWS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "transfer_in"]
    op.get_bind().execute(
        sa.text("""
            INSERT INTO flow_matrix (kind, book, debit, credit, by, in_force_from, in_force_to,
                                     source, certainty)
            SELECT :kind, :book, :debit, :credit, :by, CAST(:in_force_from AS date), NULL, :source,
                   :certainty
             WHERE NOT EXISTS (SELECT 1 FROM flow_matrix
                                WHERE kind = :kind AND book = :book AND debit = :debit
                                  AND credit = :credit)
        """),
        [row | {"in_force_from": date.fromisoformat(row["in_force_from"])} for row in rows],
    )


def downgrade() -> None:
    """Take the letter away; refuses by itself where an order has one. Flows stay, they harm nobody."""
    for statement in DOWN:
        op.execute(statement)
