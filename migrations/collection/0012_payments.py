"""Payments entrusted to units, and reallocations (重新分账) of what they settle.

A payment is money of a receipt that is entrusted to a unit: the receipt's own payer, or the unit
that a person named. What was returned by the bank, moved to another unit or refunded is `taken_fen`.
A unit's account follows from its facts in the order of their own days; where a fact becomes known
late, the difference is written as further rows, and nothing that was written is changed.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0012"
down_revision = "collection_0011"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

PAYMENT = (
    # No foreign key to the receipt: it lies under another key, and the check would cost more than
    # the row.
    """
    CREATE TABLE payment (
        unit_id     bigint NOT NULL,
        event_id    uuid   NOT NULL,
        receipt_key bigint NOT NULL,
        receipt_id  uuid   NOT NULL,
        kind        text   NOT NULL CHECK (kind IN ('receipt', 'match', 'move')),
        amount_fen  bigint NOT NULL CHECK (amount_fen > 0),
        taken_fen   bigint NOT NULL DEFAULT 0 CHECK (taken_fen BETWEEN 0 AND amount_fen),
        period      text   NOT NULL,
        bill_id     uuid,
        paid_on     date   NOT NULL,
        booked_on   date   NOT NULL,
        source      text   NOT NULL,
        serial      text   NOT NULL,
        PRIMARY KEY (unit_id, event_id)
    )
    """,
    "CREATE INDEX payment_in_order ON payment (unit_id, paid_on DESC, source, serial)",
    "CREATE INDEX payment_of_receipt ON payment (receipt_key, receipt_id)",
    # A debit named its bill; what a person matched was taken from the receipt's own payment.
    """
    INSERT INTO payment (unit_id, event_id, receipt_key, receipt_id, kind, amount_fen, taken_fen,
                         period, bill_id, paid_on, booked_on, source, serial)
    SELECT receipt.unit_id, receipt.id, receipt.receipt_key, receipt.id, 'receipt',
           receipt.amount_fen, coalesce(suspense.matched_fen, 0), receipt.period,
           (SELECT line.bill_id
              FROM debit_line AS line
             WHERE line.unit_id = receipt.unit_id AND line.serial = receipt.serial
               AND line.status = 'settled' AND receipt.channel = 'bank_debit'
             LIMIT 1),
           receipt.paid_on, receipt.book_date, receipt.source, receipt.serial
      FROM receipt
      LEFT JOIN suspense ON suspense.receipt_key = receipt.receipt_key
                        AND suspense.receipt_id = receipt.id
     WHERE receipt.unit_id IS NOT NULL
    """,
    """
    INSERT INTO payment (unit_id, event_id, receipt_key, receipt_id, kind, amount_fen, period,
                         bill_id, paid_on, booked_on, source, serial)
    SELECT found.unit_id, found.id, found.receipt_key, found.receipt_id, 'match',
           found.amount_fen, bill.period, found.bill_id, receipt.paid_on, found.matched_on,
           receipt.source, receipt.serial
      FROM receipt_match AS found
      JOIN bill ON bill.unit_id = found.unit_id AND bill.id = found.bill_id
      JOIN receipt ON receipt.receipt_key = found.receipt_key AND receipt.id = found.receipt_id
    """,
    # A match entrusts money to a unit and a period; which bills it settles is for allocation to say.
    "ALTER TABLE receipt_match ALTER COLUMN bill_id DROP NOT NULL",
)

REALLOCATION = (
    """
    CREATE TABLE reallocation (
        unit_id   bigint      NOT NULL,
        id        uuid        NOT NULL,
        cause     text        NOT NULL,
        paper     text,
        on_day    date        NOT NULL,
        made_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, id)
    )
    """,
    # By how much a bill's line was issued over, or waived, more (less) than was written before.
    """
    CREATE TABLE reallocation_line (
        unit_id         bigint   NOT NULL,
        reallocation_id uuid     NOT NULL,
        bill_id         uuid     NOT NULL,
        line_no         smallint NOT NULL,
        issued_fen      bigint   NOT NULL,
        waived_fen      bigint   NOT NULL,
        on_day          date     NOT NULL,
        made_by         xid8     NOT NULL DEFAULT pg_current_xact_id(),
        PRIMARY KEY (unit_id, reallocation_id, bill_id, line_no),
        FOREIGN KEY (unit_id, reallocation_id) REFERENCES reallocation (unit_id, id)
    )
    """,
    "CREATE INDEX reallocation_line_of_bill ON reallocation_line (unit_id, bill_id, line_no)",
    "CREATE INDEX reallocation_line_by_day ON reallocation_line (on_day)",
    # Units whose account may have changed by something else than money.
    """
    CREATE TABLE reallocation_due (
        unit_id bigint NOT NULL,
        cause   text   NOT NULL,
        on_day  date   NOT NULL,
        due_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (unit_id, cause)
    )
    """,
    # Rows of one payment and line add up: what it settled first, and every later difference.
    """
    ALTER TABLE allocation
        DROP CONSTRAINT allocation_amount_fen_check,
        DROP CONSTRAINT allocation_pkey,
        ADD COLUMN reallocation_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
        ADD CONSTRAINT allocation_amount_fen_check CHECK (amount_fen <> 0),
        ADD PRIMARY KEY (unit_id, event_id, bill_id, line_no, reallocation_id)
    """,
    """
    ALTER TABLE credit_use
        DROP CONSTRAINT credit_use_amount_fen_check,
        DROP CONSTRAINT credit_use_pkey,
        ADD COLUMN reallocation_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
        ADD CONSTRAINT credit_use_amount_fen_check CHECK (amount_fen <> 0),
        ADD PRIMARY KEY (unit_id, credit_id, bill_id, line_no, reallocation_id)
    """,
    """
    ALTER TABLE charge
        DROP CONSTRAINT charge_amount_fen_check,
        DROP CONSTRAINT charge_parts_check,
        DROP CONSTRAINT charge_principal_fen_check,
        DROP CONSTRAINT charge_unit_id_event_id_bill_id_line_no_kind_key,
        ADD COLUMN reallocation_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
        ADD UNIQUE (unit_id, event_id, bill_id, line_no, kind, reallocation_id)
    """,
)


def _issued_stands(table: str, asked: str, line: str) -> str:
    """Keep the amount that a bill was issued over, except for lateness that turns out not to be one:
    it is charged no longer, by as much as the same transaction writes down as reallocated."""
    name = f"{table}_issued_stands"
    after, before = (
        f"{row}.{asked} + {row}.credited_fen + {row}.waived_fen" for row in ("NEW", "OLD")
    )
    return f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {after} <> {before} AND {after} - ({before}) IS DISTINCT FROM (
                   SELECT sum(issued_fen)
                     FROM reallocation_line
                    WHERE unit_id = NEW.unit_id AND {line} AND made_by = pg_current_xact_id()) THEN
                RAISE EXCEPTION 'what a bill or a line of it was issued over never changes'
                    USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
            END IF;
            RETURN NEW;
        END $$
    """


STANDS = (
    _issued_stands("bill", "total_fen", "bill_id = NEW.id"),
    _issued_stands("bill_line", "amount_fen", "bill_id = NEW.bill_id AND line_no = NEW.line_no"),
)

GRANTS = {
    "payment": "SELECT, INSERT, UPDATE (taken_fen)",
    "reallocation": "SELECT, INSERT",
    "reallocation_line": "SELECT, INSERT",
    "reallocation_due": "SELECT, INSERT, UPDATE (on_day), DELETE",
    "suspense": "UPDATE (amount_fen)",
}


def upgrade() -> None:
    """Make the tables, and write down the payments of receipts and matches taken before."""
    for statement in (*PAYMENT, *REALLOCATION, *STANDS):
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Drop what the upgrade made. Refuses by itself where accounts were reallocated."""
    op.execute("DROP TABLE reallocation_due")
    op.execute("DROP TABLE reallocation_line")
    op.execute("DROP TABLE reallocation")
    op.execute("DROP TABLE payment")
    op.execute("ALTER TABLE receipt_match ALTER COLUMN bill_id SET NOT NULL")
    op.execute(f"REVOKE UPDATE (amount_fen) ON suspense FROM {ROLE}")
    op.execute("""
        ALTER TABLE allocation
            DROP CONSTRAINT allocation_pkey,
            DROP CONSTRAINT allocation_amount_fen_check,
            DROP COLUMN reallocation_id,
            ADD CONSTRAINT allocation_amount_fen_check CHECK (amount_fen > 0),
            ADD PRIMARY KEY (unit_id, event_id, bill_id, line_no)
    """)
    op.execute("""
        ALTER TABLE credit_use
            DROP CONSTRAINT credit_use_pkey,
            DROP CONSTRAINT credit_use_amount_fen_check,
            DROP COLUMN reallocation_id,
            ADD CONSTRAINT credit_use_amount_fen_check CHECK (amount_fen > 0),
            ADD PRIMARY KEY (unit_id, credit_id, bill_id, line_no)
    """)
    op.execute("""
        ALTER TABLE charge
            DROP COLUMN reallocation_id,
            ADD CONSTRAINT charge_amount_fen_check CHECK (amount_fen >= 0),
            ADD CONSTRAINT charge_parts_check CHECK (parts >= 0),
            ADD CONSTRAINT charge_principal_fen_check CHECK (principal_fen > 0),
            ADD UNIQUE (unit_id, event_id, bill_id, line_no, kind)
    """)
