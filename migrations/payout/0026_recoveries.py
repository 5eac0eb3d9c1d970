"""Recovery of overpaid benefits: cases, their lines, what settles them, and money that comes back.

A month's recovery is a part below zero, so the net of its parts is what the person has of it.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence.tables import EVENTS, Watched
from shared.trail import folded_sql

revision = "payout_0026"
down_revision = "payout_0025"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_payout"


def _two_people(table: str, first: str) -> str:
    return f"""CONSTRAINT {table}_two_people
            CHECK (decided_by IS NULL OR {folded_sql("decided_by")} <> {folded_sql(first)})"""


CASE: Final = f"""
    CREATE TABLE recovery_case (
        case_key       bigint      NOT NULL,
        id             uuid        NOT NULL,
        cause          text        NOT NULL CHECK (cause IN ('overpaid', 'claim')),
        kind           text        NOT NULL,
        district       text        NOT NULL,
        fund           text        NOT NULL,
        identity_blind bytea,
        sealed_number  bytea,
        name           bytea       NOT NULL,
        reason         text        NOT NULL CHECK (reason <> ''),
        document       text        NOT NULL CHECK (document <> ''),
        notice_no      text        NOT NULL,
        status         text        NOT NULL DEFAULT 'proposed'
                       CHECK (status IN ('proposed', 'confirmed', 'refused', 'closed')),
        opened_by      text        NOT NULL,
        opened_on      date        NOT NULL,
        decided_by     text,
        decided_at     timestamptz,
        PRIMARY KEY (case_key, id),
        CONSTRAINT recovery_case_person CHECK (cause = 'claim' OR identity_blind IS NOT NULL),
        CONSTRAINT recovery_case_decided
            CHECK ((decided_by IS NULL) = (decided_at IS NULL)
                   AND (status IN ('proposed', 'closed') OR decided_by IS NOT NULL)),
        {_two_people("recovery_case", "opened_by")}
    )
"""

# One payment that a case takes back: a person's month, or a line of a claim.
LINE: Final = """
    CREATE TABLE recovery_line (
        case_key        bigint  NOT NULL,
        case_id         uuid    NOT NULL,
        line_no         integer NOT NULL,
        period          text    NOT NULL,
        claim_key       bigint  NOT NULL,
        claim_id        uuid    NOT NULL,
        claim_line_no   integer NOT NULL,
        district        text    NOT NULL,
        account         text    NOT NULL,
        paid_year       integer NOT NULL,
        amount_fen      bigint  NOT NULL CHECK (amount_fen >= 0),
        recovered_fen   bigint  NOT NULL DEFAULT 0 CHECK (recovered_fen >= 0),
        written_off_fen bigint  NOT NULL DEFAULT 0 CHECK (written_off_fen >= 0),
        PRIMARY KEY (case_key, case_id, line_no),
        CONSTRAINT recovery_line_within CHECK (recovered_fen + written_off_fen <= amount_fen)
    )
"""

# What settles a case, and how it is divided over its lines. `expense_fen` is what the books of the
# benefit differ by from what the bank paid out.
ENTRY: Final = f"""
    CREATE TABLE recovery_entry (
        case_key    bigint      NOT NULL,
        id          uuid        NOT NULL,
        case_id     uuid        NOT NULL,
        way         text        NOT NULL CHECK (way IN ('repayment', 'deduction', 'write_off')),
        amount_fen  bigint      NOT NULL CHECK (amount_fen > 0),
        reason      text,
        document    text,
        receipt_key bigint,
        bank_serial text,
        claim_key   bigint,
        claim_id    uuid,
        status      text        NOT NULL DEFAULT 'proposed'
                    CHECK (status IN ('proposed', 'settled', 'refused', 'undone')),
        entered_by  text        NOT NULL,
        entered_at  timestamptz NOT NULL DEFAULT now(),
        decided_by  text,
        decided_at  timestamptz,
        booked_on   date,
        expense_fen bigint,
        PRIMARY KEY (case_key, id),
        CONSTRAINT recovery_entry_source
            CHECK ((way = 'repayment') = (bank_serial IS NOT NULL)
                   AND (way = 'deduction') = (claim_id IS NOT NULL)
                   AND num_nulls(claim_key, claim_id) IN (0, 2)
                   AND num_nulls(receipt_key, bank_serial) IN (0, 2)),
        CONSTRAINT recovery_entry_booked
            CHECK (status <> 'settled' OR way = 'write_off'
                   OR num_nulls(booked_on, expense_fen) = 0),
        CONSTRAINT recovery_entry_written_off
            CHECK (way <> 'write_off' OR status = 'proposed' OR decided_by IS NOT NULL),
        {_two_people("recovery_entry", "entered_by")}
    )
"""
SHARE: Final = """
    CREATE TABLE recovery_share (
        case_key  bigint  NOT NULL,
        entry_id  uuid    NOT NULL,
        line_no   integer NOT NULL,
        fen       bigint  NOT NULL CHECK (fen > 0),
        is_income boolean NOT NULL,
        PRIMARY KEY (case_key, entry_id, line_no)
    )
"""

# Money that the bank reported, or that a person entered: once by the bank's serial.
RECEIPT: Final = """
    CREATE TABLE recovery_receipt (
        receipt_key bigint      NOT NULL,
        bank_serial text        NOT NULL,
        amount_fen  bigint      NOT NULL CHECK (amount_fen > 0),
        used_fen    bigint      NOT NULL DEFAULT 0 CHECK (used_fen BETWEEN 0 AND amount_fen),
        value_date  date        NOT NULL,
        payer       bytea       NOT NULL,
        notice_no   text,
        source      text        NOT NULL CHECK (source IN ('bank', 'entered')),
        entered_by  text        NOT NULL,
        entered_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (receipt_key, bank_serial)
    )
"""

STATEMENTS: Final = (
    CASE,
    "CREATE INDEX recovery_case_by_id ON recovery_case (id)",
    "CREATE INDEX recovery_case_of_notice ON recovery_case (notice_no)",
    """
    CREATE INDEX recovery_case_of_district ON recovery_case (district, kind)
     WHERE status <> 'refused'
    """,
    LINE,
    "CREATE INDEX recovery_line_of_claim ON recovery_line (claim_id, claim_line_no)",
    ENTRY,
    "CREATE INDEX recovery_entry_of_case ON recovery_entry (case_key, case_id)",
    "CREATE INDEX recovery_entry_of_claim ON recovery_entry (claim_id) WHERE claim_id IS NOT NULL",
    "CREATE INDEX recovery_entry_by_id ON recovery_entry (id)",
    SHARE,
    RECEIPT,
    """
    CREATE INDEX recovery_receipt_waiting ON recovery_receipt (bank_serial)
     WHERE used_fen < amount_fen
    """,
    "ALTER TABLE pension_month DROP CONSTRAINT pension_month_amount_fen_check",
    """
    ALTER TABLE pension_month
      ADD COLUMN recovery_id uuid,
      ADD CONSTRAINT pension_month_recovered
          CHECK (amount_fen <> 0 AND (amount_fen < 0) = (recovery_id IS NOT NULL))
    """,
    """
    CREATE INDEX pension_month_of_recovery ON pension_month (recovery_id)
     WHERE recovery_id IS NOT NULL
    """,
)
TABLES: Final = (
    "recovery_receipt",
    "recovery_share",
    "recovery_entry",
    "recovery_line",
    "recovery_case",
)
WATCHED: Final = {
    "recovery_case": Watched(
        ("case_key", "id"), hidden=("identity_blind", "sealed_number", "name")
    ),
    "recovery_line": Watched(("case_key", "case_id", "line_no")),
    "recovery_entry": Watched(("case_key", "id")),
    "recovery_receipt": Watched(("receipt_key", "bank_serial"), hidden=("payer",)),
}


def upgrade() -> None:
    """Create the tables, and let a month have parts below zero."""
    for statement in STATEMENTS:
        op.execute(statement)
    for table, watched in WATCHED.items():
        for statement in watched.ddl(table):
            op.execute(statement)
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(TABLES)} TO {ROLE}")
    op.execute(f"GRANT UPDATE (status, decided_by, decided_at) ON recovery_case TO {ROLE}")
    op.execute(
        f"GRANT UPDATE (amount_fen, recovered_fen, written_off_fen) ON recovery_line TO {ROLE}"
    )
    op.execute(
        "GRANT UPDATE (status, decided_by, decided_at, booked_on, expense_fen) "
        f"ON recovery_entry TO {ROLE}"
    )
    op.execute(f"GRANT UPDATE (used_fen) ON recovery_receipt TO {ROLE}")


def downgrade() -> None:
    """Drop the tables; parts below zero are lost."""
    op.execute("DELETE FROM pension_month WHERE amount_fen < 0")
    op.execute("ALTER TABLE pension_month DROP COLUMN recovery_id")
    op.execute(
        "ALTER TABLE pension_month ADD CONSTRAINT pension_month_amount_fen_check "
        "CHECK (amount_fen > 0)"
    )
    for table in TABLES:
        for event in EVENTS if table in WATCHED else ():
            op.execute(f"DROP TRIGGER {table}_{event.lower()}_recorded ON {table}")
        op.execute(f"DROP TABLE {table}")
