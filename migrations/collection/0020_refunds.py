"""Refunds of money in suspense, of credits and of paid charges, reserved from their request on.

Refunds of credits that were requested or decided before become refunds of the new kind. One that is
not decided yet reserves its credits now; where a bill has used them meanwhile, it is refused.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0020"
down_revision = "collection_0019"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

TABLES = (
    # `refund_key` is the unit's key, or the receipt's: money in suspense may be nobody's yet.
    """
    CREATE TABLE refund (
        refund_key       bigint      NOT NULL,
        id               uuid        NOT NULL,
        source           text        NOT NULL CHECK (source IN ('receipt', 'credits', 'charge')),
        credit_code      text        NOT NULL,
        district         text        NOT NULL,
        unit_id          bigint,
        receipt_key      bigint,
        receipt_id       uuid,
        bill_id          uuid,
        deposit          text        NOT NULL,
        amount_fen       bigint      NOT NULL CHECK (amount_fen > 0),
        reason           text        NOT NULL,
        status           text        NOT NULL
                         CHECK (status IN ('requested', 'approved', 'refused', 'paid', 'returning',
                                           'returned')),
        requested_on     date        NOT NULL,
        decided_on       date        CHECK (decided_on >= requested_on),
        settlement       text,
        settled_on       date,
        paid_from        text,
        settled_seq      bigint,
        round            integer     NOT NULL DEFAULT 1,
        returned_on      date,
        return_serial    text,
        return_reason    text,
        return_booked_on date,
        requested_at     timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (refund_key, id),
        CHECK ((status = 'requested') = (decided_on IS NULL)),
        CHECK ((status IN ('paid', 'returning', 'returned')) = (settled_on IS NOT NULL)),
        CHECK ((status IN ('returning', 'returned')) = (return_serial IS NOT NULL)),
        CHECK ((status = 'returned') = (return_booked_on IS NOT NULL)),
        CHECK ((source = 'credits') = (receipt_id IS NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX refund_one_pending_of_a_charge
        ON refund (refund_key, bill_id) WHERE source = 'charge' AND status = 'requested'
    """,
    "CREATE INDEX refund_by_id ON refund (id)",
    "CREATE INDEX refund_settled ON refund (settled_seq) WHERE settled_seq IS NOT NULL",
    # A serial number of the bank's counts once, whichever refund it names.
    """
    CREATE TABLE refund_return_serial (
        serial_key bigint NOT NULL,
        serial     text   NOT NULL,
        PRIMARY KEY (serial_key, serial)
    )
    """,
    """
    CREATE TABLE refund_part (
        refund_key bigint  NOT NULL,
        refund_id  uuid    NOT NULL,
        part_no    integer NOT NULL,
        fund       text    NOT NULL,
        account    text    NOT NULL,
        district   text    NOT NULL,
        amount_fen bigint  NOT NULL CHECK (amount_fen > 0),
        unit_id    bigint,
        credit_id  uuid,
        event_id   uuid,
        PRIMARY KEY (refund_key, refund_id, part_no),
        FOREIGN KEY (refund_key, refund_id) REFERENCES refund (refund_key, id)
    )
    """,
    "CREATE INDEX refund_part_of_credit ON refund_part (refund_key, credit_id)",
    # What of a late charge was refunded after it was paid: as if it had never been asked for.
    """
    CREATE TABLE charge_remission (
        unit_id    bigint NOT NULL,
        refund_id  uuid   NOT NULL,
        bill_id    uuid   NOT NULL,
        of_bill    uuid   NOT NULL,
        event_id   uuid   NOT NULL,
        insurance  text   NOT NULL,
        fund       text   NOT NULL,
        kind       text   NOT NULL,
        amount_fen bigint NOT NULL CHECK (amount_fen > 0),
        on_day     date   NOT NULL,
        PRIMARY KEY (unit_id, refund_id, of_bill, event_id, insurance, fund, kind)
    )
    """,
)

MOVED = (
    """
    INSERT INTO refund (refund_key, id, source, credit_code, district, unit_id, deposit, amount_fen,
                        reason, status, requested_on, decided_on, settled_on, requested_at)
    SELECT old.unit_id, old.id, 'credits', old.credit_code, old.district, old.unit_id,
           CASE (SELECT receipt.channel
                   FROM allocation AS paid
                   JOIN receipt ON receipt.receipt_key = paid.receipt_key
                               AND receipt.id = paid.receipt_id
                  WHERE paid.unit_id = old.unit_id
                  ORDER BY paid.paid_on DESC
                  LIMIT 1)
           WHEN 'bank_debit' THEN 'income_deposit' ELSE 'treasury_deposit' END,
           old.amount_fen, old.note,
           CASE WHEN old.status = 'approved' THEN 'paid'
                WHEN old.status = 'requested' AND EXISTS (
                     SELECT 1
                       FROM credit_refund_line AS line
                       JOIN credit ON credit.unit_id = line.unit_id AND credit.id = line.credit_id
                      WHERE line.unit_id = old.unit_id AND line.refund_id = old.id
                        AND credit.used_fen + line.amount_fen > credit.amount_fen) THEN 'refused'
                ELSE old.status END,
           old.requested_on,
           CASE WHEN old.status = 'requested' AND EXISTS (
                     SELECT 1
                       FROM credit_refund_line AS line
                       JOIN credit ON credit.unit_id = line.unit_id AND credit.id = line.credit_id
                      WHERE line.unit_id = old.unit_id AND line.refund_id = old.id
                        AND credit.used_fen + line.amount_fen > credit.amount_fen)
                THEN old.requested_on ELSE old.decided_on END,
           CASE WHEN old.status = 'approved' THEN old.decided_on END, old.requested_at
      FROM credit_refund AS old
    """,
    """
    INSERT INTO refund_part (refund_key, refund_id, part_no, fund, account, district, amount_fen,
                             unit_id, credit_id)
    SELECT line.unit_id, line.refund_id,
           row_number() OVER (PARTITION BY line.unit_id, line.refund_id ORDER BY line.credit_id),
           credit.fund, 'contribution_income.' || credit.account, credit.district,
           line.amount_fen, line.unit_id, line.credit_id
      FROM credit_refund_line AS line
      JOIN credit ON credit.unit_id = line.unit_id AND credit.id = line.credit_id
    """,
    """
    UPDATE credit
       SET used_fen = credit.used_fen + part.amount_fen
      FROM refund
      JOIN refund_part AS part
        ON part.refund_key = refund.refund_key AND part.refund_id = refund.id
     WHERE refund.status = 'requested' AND credit.unit_id = part.unit_id
       AND credit.id = part.credit_id
    """,
    "UPDATE trail SET paper = 'refund' WHERE paper = 'credit_refund'",
    "DROP TABLE credit_refund_line",
    "DROP TABLE credit_refund",
)

GRANTS = {
    "refund": "SELECT, INSERT, UPDATE (status, decided_on, settlement, settled_on, paid_from,"
    " settled_seq, round, returned_on, return_serial, return_reason, return_booked_on)",
    "refund_part": "SELECT, INSERT",
    "charge_remission": "SELECT, INSERT",
    "refund_return_serial": "SELECT, INSERT, DELETE",
}


def upgrade() -> None:
    """Make the tables and move the refunds of credits."""
    for statement in (*TABLES, *MOVED):
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Put refunds of credits back where they were; other refunds cannot be kept."""
    op.execute("""
        CREATE TABLE credit_refund (
            unit_id      bigint      NOT NULL REFERENCES unit (unit_id),
            id           uuid        NOT NULL,
            credit_code  text        NOT NULL,
            district     text        NOT NULL,
            status       text        NOT NULL CHECK (status IN ('requested', 'approved', 'refused')),
            amount_fen   bigint      NOT NULL CHECK (amount_fen > 0),
            requested_on date        NOT NULL,
            decided_on   date        CHECK (decided_on >= requested_on),
            note         text        NOT NULL,
            requested_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (unit_id, id),
            CHECK ((status = 'requested') = (decided_on IS NULL))
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX credit_refund_one_waiting
            ON credit_refund (unit_id) WHERE status = 'requested'
    """)
    op.execute("""
        CREATE TABLE credit_refund_line (
            unit_id    bigint NOT NULL,
            refund_id  uuid   NOT NULL,
            credit_id  uuid   NOT NULL,
            amount_fen bigint NOT NULL CHECK (amount_fen > 0),
            PRIMARY KEY (unit_id, refund_id, credit_id),
            FOREIGN KEY (unit_id, refund_id) REFERENCES credit_refund (unit_id, id),
            FOREIGN KEY (unit_id, credit_id) REFERENCES credit (unit_id, id)
        )
    """)
    op.execute("""
        INSERT INTO credit_refund (unit_id, id, credit_code, district, status, amount_fen,
                                   requested_on, decided_on, note, requested_at)
        SELECT unit_id, id, credit_code, district,
               CASE status WHEN 'refused' THEN 'refused' ELSE 'approved' END,
               amount_fen, requested_on, coalesce(decided_on, requested_on), reason, requested_at
          FROM refund
         WHERE source = 'credits' AND status <> 'returned'
    """)
    op.execute("""
        INSERT INTO credit_refund_line (unit_id, refund_id, credit_id, amount_fen)
        SELECT part.unit_id, part.refund_id, part.credit_id, part.amount_fen
          FROM refund_part AS part
          JOIN credit_refund AS old ON old.unit_id = part.refund_key AND old.id = part.refund_id
    """)
    op.execute(f"GRANT SELECT, INSERT, UPDATE (status, decided_on) ON credit_refund TO {ROLE}")
    op.execute(f"GRANT SELECT, INSERT ON credit_refund_line TO {ROLE}")
    op.execute("DROP TABLE refund_return_serial")
    op.execute("DROP TABLE charge_remission")
    op.execute("DROP TABLE refund_part")
    op.execute("DROP TABLE refund")
