"""Lines of the tax bureau's tickets, by insurance and party.

A payment may name the parts that it is for. Tickets that were reported whole before are line 0 of
theirs, so that their lines cannot be reported a second time.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0031"
down_revision = "collection_0030"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

UP = (
    "ALTER TABLE payment ADD COLUMN parts jsonb, ADD COLUMN taken_parts jsonb",
    # A push asks whether a serial is known from any authority.
    "CREATE INDEX receipt_by_serial ON receipt (serial)",
    """
    CREATE TABLE tax_authority (
        authority_key bigint NOT NULL,
        authority     text   NOT NULL,
        PRIMARY KEY (authority_key, authority)
    )
    """,
    """
    CREATE TABLE tax_line (
        line_key      bigint      NOT NULL,
        authority     text        NOT NULL,
        ticket        text        NOT NULL,
        line_no       integer     NOT NULL CHECK (line_no >= 0),
        body_hash     bytea       NOT NULL,
        push_no       text        NOT NULL,
        origin        text        NOT NULL CHECK (origin IN ('declared_to_tax', 'assessed_by_us')),
        levy_item     text        NOT NULL,
        insurance     text        NOT NULL,
        party         text        NOT NULL,
        period        text        NOT NULL,
        payer         text        NOT NULL,
        person_id     bigint,
        unit_id       bigint,
        district      text        NOT NULL,
        amount_fen    bigint      NOT NULL CHECK (amount_fen <> 0),
        paid_on       date        NOT NULL,
        receipt_id    uuid,
        refund_ticket text,
        refund_line   integer,
        reason        text        NOT NULL,
        taken_at      timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (line_key, authority, ticket, line_no),
        CHECK ((amount_fen < 0) = (refund_ticket IS NOT NULL))
    )
    """,
    "CREATE INDEX tax_line_of_period ON tax_line (period, unit_id)",
    # Money of a ticket that found no bill: why, and the district that looks at it.
    """
    CREATE TABLE tax_hold (
        receipt_key bigint      NOT NULL,
        receipt_id  uuid        NOT NULL,
        reason      text        NOT NULL,
        owner       text        NOT NULL,
        period      text        NOT NULL,
        held_at     timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (receipt_key, receipt_id)
    )
    """,
    # What the tax bureau gives back (退库), under the key of the ticket that it gives back of. It waits
    # until that ticket is known.
    """
    CREATE TABLE tax_refund (
        line_key      bigint NOT NULL,
        authority     text   NOT NULL,
        ticket        text   NOT NULL,
        line_no       integer NOT NULL,
        refund_ticket text   NOT NULL,
        refund_line   integer NOT NULL,
        amount_fen    bigint NOT NULL CHECK (amount_fen > 0),
        on_day        date   NOT NULL,
        reason        text   NOT NULL,
        push_no       text   NOT NULL,
        status        text   NOT NULL DEFAULT 'ticket_unknown'
            CHECK (status IN ('ticket_unknown', 'refund_exceeds', 'booked')),
        taken_at      timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (line_key, authority, refund_ticket, refund_line)
    )
    """,
    "CREATE INDEX tax_refund_waiting ON tax_refund (taken_at) WHERE status <> 'booked'",
    # The tax bureau may give back several lines of a receipt on one day.
    "DROP INDEX receipt_change_said_once_by_the_bank",
    """
    CREATE UNIQUE INDEX receipt_change_said_once_by_the_bank
        ON receipt_change (receipt_key, receipt_id, on_day, serial) WHERE by_bank
    """,
    """
    INSERT INTO tax_line (line_key, authority, ticket, line_no, body_hash, push_no, origin,
                          levy_item, insurance, party, period, payer, unit_id, district,
                          amount_fen, paid_on, receipt_id, reason)
    SELECT receipt_key, source, serial, 0, body_hash, paper, 'assessed_by_us', '', '', '', period,
           credit_code, unit_id, district, amount_fen, paid_on, id, ''
      FROM receipt
     WHERE channel = 'tax'
    """,
    """
    INSERT INTO tax_hold (receipt_key, receipt_id, reason, owner, period, held_at)
    SELECT receipt.receipt_key, receipt.id,
           CASE WHEN receipt.unit_id IS NULL THEN 'payer_unknown'
                WHEN suspense.amount_fen = receipt.amount_fen THEN 'no_open_bill'
                ELSE 'more_than_open' END,
           receipt.district, receipt.period, receipt.taken_at
      FROM receipt
      JOIN suspense ON suspense.receipt_key = receipt.receipt_key
                   AND suspense.receipt_id = receipt.id
                   AND suspense.matched_fen < suspense.amount_fen
     WHERE receipt.channel = 'tax'
    """,
)

GRANTS = {
    "payment": "UPDATE (taken_parts)",
    "tax_authority": "SELECT, INSERT, UPDATE",
    "tax_line": "SELECT, INSERT",
    "tax_hold": "SELECT, INSERT",
    "tax_refund": "SELECT, INSERT, UPDATE (status)",
}


def upgrade() -> None:
    """Make the tables, and write down the tickets taken before."""
    for statement in UP:
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.execute("DROP INDEX receipt_change_said_once_by_the_bank")
    op.execute("""
        CREATE UNIQUE INDEX receipt_change_said_once_by_the_bank
            ON receipt_change (receipt_key, receipt_id, on_day) WHERE by_bank
    """)
    for table in ("tax_refund", "tax_hold", "tax_line", "tax_authority"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP INDEX receipt_by_serial")
    op.execute("ALTER TABLE payment DROP COLUMN parts, DROP COLUMN taken_parts")
