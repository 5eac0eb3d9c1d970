"""Receipts, their allocation to bills, what is in suspense, and debit batches with their lines.

Receipts, allocations and matches are facts: the service's role may add them and never change them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.collection.common.store import shipped

revision = "collection_0002"
down_revision = "collection_0001"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

RECEIPTS = (
    # The unique key is what makes a receipt happen once, for ever.
    """
    CREATE TABLE receipt (
        receipt_key bigint      NOT NULL,
        id          uuid        NOT NULL,
        source      text        NOT NULL,
        serial      text        NOT NULL,
        body_hash   bytea       NOT NULL,
        channel     text        NOT NULL CHECK (channel IN ('bank_debit', 'tax')),
        paper       text        NOT NULL,
        credit_code text        NOT NULL,
        unit_id     bigint,
        district    text        NOT NULL,
        period      text        NOT NULL,
        amount_fen  bigint      NOT NULL CHECK (amount_fen > 0),
        paid_on     date        NOT NULL,
        book_date   date        NOT NULL,
        taken_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (receipt_key, id),
        UNIQUE (receipt_key, source, serial)
    )
    """,
    "CREATE INDEX receipt_by_id ON receipt (id)",
    "CREATE INDEX receipt_of_period ON receipt (period, district, channel)",
    # Where the money was booked is kept: a later policy may name other accounts.
    """
    CREATE TABLE suspense (
        receipt_key bigint NOT NULL,
        receipt_id  uuid   NOT NULL,
        account     text   NOT NULL,
        fund        text   NOT NULL,
        district    text   NOT NULL,
        amount_fen  bigint NOT NULL CHECK (amount_fen > 0),
        matched_fen bigint NOT NULL DEFAULT 0 CHECK (matched_fen BETWEEN 0 AND amount_fen),
        PRIMARY KEY (receipt_key, receipt_id),
        FOREIGN KEY (receipt_key, receipt_id) REFERENCES receipt (receipt_key, id)
    )
    """,
    "CREATE INDEX suspense_open ON suspense (receipt_id) WHERE matched_fen < amount_fen",
    """
    CREATE TABLE receipt_match (
        receipt_key bigint      NOT NULL,
        id          uuid        NOT NULL,
        receipt_id  uuid        NOT NULL,
        unit_id     bigint      NOT NULL,
        bill_id     uuid        NOT NULL,
        amount_fen  bigint      NOT NULL CHECK (amount_fen > 0),
        matched_on  date        NOT NULL,
        person      text        NOT NULL,
        matched_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (receipt_key, id),
        FOREIGN KEY (receipt_key, receipt_id) REFERENCES suspense (receipt_key, receipt_id)
    )
    """,
    # `event_id` is the receipt's id, or the match's. No foreign key to the bill's lines: its check
    # would cost more than the row.
    """
    CREATE TABLE allocation (
        unit_id     bigint   NOT NULL,
        event_id    uuid     NOT NULL,
        bill_id     uuid     NOT NULL,
        line_no     smallint NOT NULL,
        receipt_key bigint   NOT NULL,
        receipt_id  uuid     NOT NULL,
        amount_fen  bigint   NOT NULL CHECK (amount_fen > 0),
        book_date   date     NOT NULL,
        PRIMARY KEY (unit_id, event_id, bill_id, line_no)
    )
    """,
    "CREATE INDEX allocation_of_bill ON allocation (unit_id, bill_id, book_date)",
)

DEBITS = (
    """
    CREATE TABLE debit_reason_class (
        class  text    PRIMARY KEY,
        name   text    NOT NULL,
        remedy text    NOT NULL,
        retry  boolean NOT NULL
    )
    """,
    """
    CREATE TABLE debit_reason (
        code    text    PRIMARY KEY,
        class   text    NOT NULL REFERENCES debit_reason_class (class),
        meaning text    NOT NULL,
        source  text    NOT NULL,
        certain boolean NOT NULL
    )
    """,
    """
    CREATE TABLE debit_batch (
        id            uuid        PRIMARY KEY,
        period        text        NOT NULL,
        debit_date    date        NOT NULL,
        status        text        NOT NULL CHECK (status IN ('created', 'closed')),
        lines         bigint      NOT NULL CHECK (lines > 0),
        total_fen     bigint      NOT NULL,
        settled_lines bigint      NOT NULL DEFAULT 0,
        settled_fen   bigint      NOT NULL DEFAULT 0,
        refused_lines bigint      NOT NULL DEFAULT 0,
        refused_fen   bigint      NOT NULL DEFAULT 0,
        created_by    text        NOT NULL,
        created_at    timestamptz NOT NULL DEFAULT now(),
        closed_at     timestamptz,
        CHECK (settled_lines + refused_lines <= lines),
        CHECK ((status = 'closed') = (settled_lines + refused_lines = lines)),
        CHECK (status = 'created' OR settled_fen + refused_fen = total_fen)
    )
    """,
    # Name and account are what the bank was asked with. Keyed by the unit, not by the batch: that
    # no bill is debited twice at once is a law of the database, and such a law needs the bill's key.
    """
    CREATE TABLE debit_line (
        unit_id      bigint  NOT NULL,
        batch_id     uuid    NOT NULL,
        line_no      integer NOT NULL,
        bill_id      uuid    NOT NULL,
        credit_code  text    NOT NULL,
        period       text    NOT NULL,
        name         text    NOT NULL,
        bank         jsonb   NOT NULL,
        amount_fen   bigint  NOT NULL CHECK (amount_fen > 0),
        status       text    NOT NULL DEFAULT 'waiting'
            CHECK (status IN ('waiting', 'unknown', 'settled', 'refused')),
        serial       text,
        value_date   date,
        reason_code  text,
        reason       text,
        reason_class text    REFERENCES debit_reason_class (class),
        heard_at     timestamptz,
        PRIMARY KEY (unit_id, batch_id, line_no)
    )
    """,
    """
    CREATE UNIQUE INDEX debit_line_one_live_a_bill
        ON debit_line (unit_id, bill_id) WHERE status IN ('waiting', 'unknown')
    """,
    "CREATE INDEX debit_line_of_batch ON debit_line (batch_id, line_no)",
)

GRANTS = {
    "receipt": "SELECT, INSERT",
    "suspense": "SELECT, INSERT, UPDATE (matched_fen)",
    "receipt_match": "SELECT, INSERT",
    "allocation": "SELECT, INSERT",
    "debit_reason_class": "SELECT",
    "debit_reason": "SELECT",
    "debit_batch": "SELECT, INSERT, UPDATE (status, settled_lines, settled_fen, refused_lines,"
    " refused_fen, closed_at)",
    "debit_line": "SELECT, INSERT, UPDATE (status, serial, value_date, reason_code, reason,"
    " reason_class, heard_at)",
}


def upgrade() -> None:
    """Make the tables, grant what the service needs, install the shipped reasons."""
    for statement in (*RECEIPTS, *DEBITS):
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")
    reasons = shipped.debit_reasons()
    op.get_bind().execute(
        sa.text("""
            INSERT INTO debit_reason_class (class, name, remedy, retry)
            VALUES (:class, :name, :remedy, :retry)
        """),
        reasons["classes"],
    )
    op.get_bind().execute(
        sa.text("""
            INSERT INTO debit_reason (code, class, meaning, source, certain)
            VALUES (:code, :class, :meaning, :source, :certain)
        """),
        reasons["codes"],
    )


def downgrade() -> None:
    """Drop what the upgrade made."""
    for table in (
        "debit_line",
        "debit_batch",
        "debit_reason",
        "debit_reason_class",
        "allocation",
        "receipt_match",
        "suspense",
        "receipt",
    ):
        op.execute(f"DROP TABLE {table}")
