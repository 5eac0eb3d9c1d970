"""Receipts that the bank takes back (退回), or that are moved to the unit they belong to (改入).

A receipt is a fact and does not change. What became of it later is a paper of its own: a return says
that the bank has (part of) the money again, a move that it belongs to another unit or period. Two
people make one; the bank's own later word on a debit needs no person.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0014"
down_revision = "collection_0013"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

UP = (
    """
    CREATE TABLE receipt_change (
        receipt_key bigint      NOT NULL,
        id          uuid        NOT NULL,
        receipt_id  uuid        NOT NULL,
        kind        text        NOT NULL CHECK (kind IN ('return', 'move')),
        status      text        NOT NULL CHECK (status IN ('filed', 'approved', 'refused')),
        amount_fen  bigint      NOT NULL CHECK (amount_fen > 0),
        on_day      date        NOT NULL,
        reason      text        NOT NULL,
        document    text        NOT NULL,
        serial      text,
        unit_id     bigint,
        credit_code text,
        period      text,
        by_bank     boolean     NOT NULL DEFAULT false,
        filed_by    text        NOT NULL,
        filed_at    timestamptz NOT NULL DEFAULT now(),
        decided_by  text,
        decided_on  date,
        PRIMARY KEY (receipt_key, id),
        FOREIGN KEY (receipt_key, receipt_id) REFERENCES receipt (receipt_key, id),
        CHECK ((kind = 'return') = (serial IS NOT NULL)),
        CHECK ((kind = 'move') = (unit_id IS NOT NULL)),
        CHECK ((unit_id IS NULL) = (credit_code IS NULL) AND (unit_id IS NULL) = (period IS NULL)),
        CHECK ((status = 'filed') = (decided_by IS NULL)),
        CHECK ((decided_by IS NULL) = (decided_on IS NULL)),
        CHECK (by_bank OR decided_by IS DISTINCT FROM filed_by)
    )
    """,
    "CREATE INDEX receipt_change_by_id ON receipt_change (id)",
    """
    CREATE UNIQUE INDEX receipt_change_one_undecided
        ON receipt_change (receipt_key, receipt_id) WHERE status = 'filed'
    """,
    """
    CREATE UNIQUE INDEX receipt_change_said_once_by_the_bank
        ON receipt_change (receipt_key, receipt_id, on_day) WHERE by_bank
    """,
    "CREATE INDEX receipt_change_of_receipt ON receipt_change (receipt_key, receipt_id)",
    # A serial number of the bank stands for one return, whichever receipt it is about.
    """
    CREATE TABLE return_serial (
        serial_key  bigint NOT NULL,
        serial      text   NOT NULL,
        receipt_key bigint NOT NULL,
        change_id   uuid   NOT NULL,
        PRIMARY KEY (serial_key, serial)
    )
    """,
    # A line that was settled and taken back in full is `returned`.
    """
    ALTER TABLE debit_line
        ADD COLUMN returned_fen bigint NOT NULL DEFAULT 0
            CHECK (returned_fen BETWEEN 0 AND amount_fen),
        DROP CONSTRAINT debit_line_status_check,
        ADD CONSTRAINT debit_line_status_check
            CHECK (status IN ('waiting', 'unknown', 'settled', 'refused', 'returned')),
        ADD CHECK ((status = 'returned') = (returned_fen = amount_fen)),
        ADD CHECK (returned_fen = 0 OR status IN ('settled', 'returned'))
    """,
    """
    ALTER TABLE debit_batch
        ADD COLUMN returned_lines bigint NOT NULL DEFAULT 0 CHECK (returned_lines >= 0),
        ADD COLUMN returned_fen bigint NOT NULL DEFAULT 0 CHECK (returned_fen >= 0),
        DROP CONSTRAINT debit_batch_check,
        DROP CONSTRAINT debit_batch_check1,
        DROP CONSTRAINT debit_batch_check2,
        ADD CHECK (settled_lines + refused_lines + returned_lines <= lines),
        ADD CHECK ((status = 'closed') = (settled_lines + refused_lines + returned_lines = lines)),
        ADD CHECK (status = 'created' OR settled_fen + refused_fen + returned_fen = total_fen)
    """,
)

GRANTS = {
    "receipt_change": "SELECT, INSERT, UPDATE (status, decided_by, decided_on)",
    "return_serial": "SELECT, INSERT",
    "debit_line": "UPDATE (returned_fen)",
    "debit_batch": "UPDATE (returned_lines, returned_fen)",
}

DOWN = (
    "DROP TABLE return_serial",
    "DROP TABLE receipt_change",
    """
    ALTER TABLE debit_line
        DROP COLUMN returned_fen,
        DROP CONSTRAINT debit_line_status_check,
        ADD CONSTRAINT debit_line_status_check
            CHECK (status IN ('waiting', 'unknown', 'settled', 'refused'))
    """,
    """
    ALTER TABLE debit_batch
        DROP COLUMN returned_lines,
        DROP COLUMN returned_fen,
        ADD CHECK (settled_lines + refused_lines <= lines),
        ADD CHECK ((status = 'closed') = (settled_lines + refused_lines = lines)),
        ADD CHECK (status = 'created' OR settled_fen + refused_fen = total_fen)
    """,
)


def upgrade() -> None:
    """Make the tables, and let lines and batches count what was returned."""
    for statement in UP:
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Drop what the upgrade made. Refuses by itself where a debit was returned."""
    for statement in DOWN:
        op.execute(statement)
