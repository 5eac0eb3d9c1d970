"""The flow matrix says which senders may post each kind of voucher.

Until now a row of the matrix was for any sender or for the ledger alone. The shipped rows now name the
services that post them; rows that operators have corrected stay as they are.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services

revision = "ledger_0021"
down_revision = "ledger_0020"
branch_labels = None
depends_on = None

DATA: Final = Path(services.__file__ or "").resolve().parent / "ledger/data"
DROP_CHECK: Final = "ALTER TABLE flow_matrix DROP CONSTRAINT flow_matrix_by_check"
ANY_DEBIT: Final = "*"


def upgrade() -> None:
    """Let a row name several senders, and name them in the shipped rows."""
    op.execute(DROP_CHECK)
    op.execute("""
        ALTER TABLE flow_matrix ADD CONSTRAINT flow_matrix_by_check
        CHECK (by ~ '^[a-z][a-z_]*( [a-z][a-z_]*)*$')
    """)
    senders = {
        (row["kind"], row["book"], row["debit"]): row["senders"] for row in _rows("kind_senders")
    }
    shipped = [
        {
            "kind": row["kind"],
            "book": row["book"],
            "debit": row["debit"],
            "credit": row["credit"],
            "since": date.fromisoformat(row["in_force_from"]),
            "by": named,
        }
        for row in _rows("flow_matrix")
        if row["by"] == "any" and (named := _senders_of(row, senders))
    ]
    op.get_bind().execute(
        sa.text("""
            UPDATE flow_matrix AS flow
               SET by = :by
             WHERE kind = :kind AND book = :book AND debit = :debit AND credit = :credit
               AND in_force_from = :since AND by = 'any'
               AND NOT EXISTS (SELECT
                                 FROM rule_correction AS corrected
                                WHERE corrected.table_name = 'flow_matrix'
                                  AND corrected.after = to_jsonb(flow))
        """),
        shipped,
    )


def downgrade() -> None:
    """Let every row that names services be for any sender again."""
    op.execute("UPDATE flow_matrix SET by = 'any' WHERE by <> 'ledger'")
    op.execute(DROP_CHECK)
    op.execute("""
        ALTER TABLE flow_matrix ADD CONSTRAINT flow_matrix_by_check CHECK (by IN ('any', 'ledger'))
    """)


def _senders_of(flow: dict[str, str], senders: dict[tuple[str, str, str], str]) -> str | None:
    for debit in (flow["debit"], ANY_DEBIT):
        if found := senders.get((flow["kind"], flow["book"], debit)):
            return found
    return None


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
