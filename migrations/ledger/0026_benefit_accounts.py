"""Accounts and flows of benefits that could not be paid: care, personal accounts, advances, returns."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

import services

revision = "ledger_0026"
down_revision = "ledger_0025"
branch_labels = None
depends_on = None

DATA: Final = Path(services.__file__ or "").resolve().parent / "ledger/data"
ACCOUNTS: Final = frozenset({"benefit.personal_medical", "benefit.long_term_care"})
KINDS: Final = frozenset({"payment", "payment_return", "advance_settlement"})
FUNDS: Final = (
    ("benefit.hospital", "supplementary_medical"),
    ("major_illness", "serious_illness"),
)
FLAGS: Final = ("postable", "floored")


def upgrade() -> None:
    """Add what is missing; rows that are there already stay as they are."""
    known = set(op.get_bind().execute(sa.text("SELECT DISTINCT key FROM chart_account")).scalars())
    missing = ACCOUNTS - known  # an operator may have added one of them
    accounts = [row for row in _rows("accounts") if row["key"] in missing]
    if accounts:
        _insert("chart_account", accounts)
    flows = [row | {"by": "payout_service"} for row in _rows("flow_matrix") if row["kind"] in KINDS]
    _insert("flow_matrix", flows)
    for account, fund in FUNDS:
        op.get_bind().execute(
            sa.text("""
                UPDATE chart_account
                   SET funds = funds || ' ' || :fund
                 WHERE key = :account AND funds <> '*'
                   AND NOT CAST(:fund AS text) = ANY (string_to_array(funds, ' '))
            """),
            {"account": account, "fund": fund},
        )


def _insert(table: str, rows: list[dict[str, Any]]) -> None:
    columns = ", ".join(rows[0])
    values = ", ".join(f":{column}" for column in rows[0])
    op.get_bind().execute(
        sa.text(f"INSERT INTO {table} ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING"), rows
    )


def _rows(name: str) -> list[dict[str, Any]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [_typed(row) for row in csv.DictReader(file)]


def _typed(row: dict[str, str]) -> dict[str, Any]:
    days = {
        name: date.fromisoformat(row[name]) if row[name] else None
        for name in ("in_force_from", "in_force_to")
    }
    flags = {name: row[name] == "true" for name in FLAGS if name in row}
    parent = {"parent": row["parent"] or None} if "parent" in row else {}
    return dict(row) | days | flags | parent


def downgrade() -> None:
    """Accounts and flows that were added stay, they harm nobody."""
