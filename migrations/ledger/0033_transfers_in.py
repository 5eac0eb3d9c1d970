"""Transfers from another city (关系转入): their flow, and the years that come along."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

import services

revision = "ledger_0033"
down_revision = "ledger_0032"
branch_labels = None
depends_on = None

FLOWS: Final = Path(services.__file__ or "").resolve().parent / "ledger/data/flow_matrix.csv"


def _sign(either: str) -> tuple[str, str]:
    """Build the statements that name the kinds whose credits may have either sign."""
    return (
        "ALTER TABLE personal_credit DROP CONSTRAINT personal_credit_sign",
        f"""
        ALTER TABLE personal_credit ADD CONSTRAINT personal_credit_sign
            CHECK (amount_fen <> 0
                   AND ({either} OR (kind IN ('transfer_out', 'withdrawal')) = (amount_fen < 0)))
        """,
    )


UP: Final = (
    """
    CREATE TABLE personal_brought (
        person_id bigint           NOT NULL,
        fund      text COLLATE "C" NOT NULL,
        paper     text COLLATE "C" NOT NULL,
        year      integer          NOT NULL,
        months    integer          NOT NULL CHECK (months BETWEEN 1 AND 12),
        base_fen  bigint           NOT NULL CHECK (base_fen >= 0),
        PRIMARY KEY (person_id, fund, paper, year)
    )
    """,
    """
    CREATE TRIGGER personal_brought_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON personal_brought
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # Letters whose voucher was reversed, for instance because they named the wrong person.
    """
    CREATE TABLE personal_brought_void (
        person_id bigint           NOT NULL,
        fund      text COLLATE "C" NOT NULL,
        paper     text COLLATE "C" NOT NULL,
        PRIMARY KEY (person_id, fund, paper)
    )
    """,
    """
    CREATE TRIGGER personal_brought_void_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON personal_brought_void
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    "GRANT SELECT, INSERT ON personal_brought, personal_brought_void TO wuxian_ledger",
    *_sign("kind IN ('contribution', 'transfer_in')"),
)


def upgrade() -> None:
    """Make the table and add the shipped flow; one that is there already stays as it is."""
    for statement in UP:
        op.execute(statement)
    with FLOWS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "transfer_in"]
    op.get_bind().execute(
        sa.text("""
            INSERT INTO flow_matrix (kind, book, debit, credit, by, in_force_from, in_force_to,
                                     source, certainty)
            VALUES (:kind, :book, :debit, :credit, :by, :in_force_from, NULL, :source, :certainty)
            ON CONFLICT DO NOTHING
        """),
        [row | {"in_force_from": date.fromisoformat(row["in_force_from"])} for row in rows],
    )


def downgrade() -> None:
    """Drop the tables; flows that were added stay, they harm nobody. No reversal may be there."""
    for statement in _sign("kind = 'contribution'"):
        op.execute(statement)
    op.execute("DROP TABLE personal_brought_void")
    op.execute("DROP TABLE personal_brought")
