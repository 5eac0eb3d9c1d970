"""Refund orders of collection, and the flows of refunds that the bank returns.

From now on a refund is settled under its order, and no other voucher may be a refund: its flows
belong to the ledger alone. What was refunded before stays as it is.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services
from shared.db import role_of

revision = "ledger_0014"
down_revision = "ledger_0013"
branch_labels = None
depends_on = None

ROLE = role_of("ledger")
FLOWS: Final = Path(services.__file__ or "").resolve().parent / "ledger/data/flow_matrix.csv"

UP = (
    """
    CREATE TABLE refund_order (
        slot          integer          NOT NULL,
        id            uuid             NOT NULL,
        refund        text COLLATE "C" NOT NULL,
        source        text COLLATE "C" NOT NULL CHECK (source IN ('suspense', 'credits')),
        payee         text             NOT NULL,
        receipt       text COLLATE "C",
        deposit       text COLLATE "C" NOT NULL,
        reason        text             NOT NULL CHECK (reason <> ''),
        ordered_on    date             NOT NULL,
        parts         jsonb            NOT NULL CHECK (jsonb_array_length(parts) > 0),
        status        text COLLATE "C" NOT NULL CHECK (status IN ('open', 'settled')),
        settlement_id uuid,
        settled_on    date,
        paid_from     text COLLATE "C",
        seq           bigint,
        received_at   timestamptz      NOT NULL DEFAULT now(),
        PRIMARY KEY (slot, id),
        UNIQUE (slot, refund),
        UNIQUE (slot, settlement_id),
        UNIQUE (slot, seq),
        FOREIGN KEY (slot, settlement_id) REFERENCES settlement (slot, id),
        CHECK ((status = 'settled') = (settlement_id IS NOT NULL AND settled_on IS NOT NULL
                                       AND paid_from IS NOT NULL AND seq IS NOT NULL))
    )
    """,
    """
    CREATE INDEX refund_order_open ON refund_order (slot, receipt) WHERE status = 'open'
    """,
    # Whoever takes from a receipt's suspense takes a turn: entries of one receipt lie in several slots.
    """
    CREATE TABLE suspense_turn (
        receipt text COLLATE "C" NOT NULL PRIMARY KEY,
        turn    bigint           NOT NULL
    )
    """,
    f"GRANT SELECT, INSERT, UPDATE (turn) ON suspense_turn TO {ROLE}",
    f"""
    GRANT SELECT, INSERT, UPDATE (status, settlement_id, settled_on, paid_from, seq)
       ON refund_order TO {ROLE}
    """,
    "UPDATE flow_matrix SET by = 'ledger' WHERE kind = 'refund' AND book = 'statutory'",
    "DROP INDEX settlement_refund_of",
)


def upgrade() -> None:
    """Make the table; bring the shipped flows up to date."""
    for statement in UP:
        op.execute(statement)
    with FLOWS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] in {"refund", "refund_return"}]
    op.get_bind().execute(
        sa.text("""
            INSERT INTO flow_matrix (kind, book, debit, credit, by, in_force_from, in_force_to,
                                     source, certainty)
            SELECT :kind, :book, :debit, :credit, :by, CAST(:in_force_from AS date),
                   CAST(:in_force_to AS date), :source, :certainty
             WHERE NOT EXISTS (SELECT 1 FROM flow_matrix
                                WHERE kind = :kind AND book = :book AND debit = :debit
                                  AND credit = :credit)
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
    """Drop the table; flows that were added stay, they harm nobody."""
    op.execute("DROP TABLE refund_order")
    op.execute("DROP TABLE suspense_turn")
    op.execute("""
        CREATE INDEX settlement_refund_of ON settlement (slot, (terms ->> 'voucher'))
         WHERE kind = 'refund' AND status = 'posted'
    """)
