"""Statements of our accounts, the books' movements on them, and the differences as work items.

The bank's words are facts: the service's role may add them and never change them. A learned payer
account is a proposal's ground only; a person confirms every match.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.evidence.tables import EVENTS, Watched

revision = "collection_0038"
down_revision = "collection_0037"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"

TABLES: Final = (
    # Accounts of ours that statements are expected of, from a day on. Small.
    """
    CREATE TABLE statement_account (
        account      text        NOT NULL,
        expected_from date       NOT NULL,
        expected_to  date        CHECK (expected_to >= expected_from),
        arrives_within integer   NOT NULL DEFAULT 1 CHECK (arrives_within BETWEEN 0 AND 31),
        note         text        NOT NULL,
        set_by       text        NOT NULL,
        set_at       timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account, expected_from)
    )
    """,
    # The earliest day to which something came in since an account was last reconciled.
    """
    CREATE TABLE reconciliation_state (
        account       text        PRIMARY KEY,
        dirty_from    date,
        reconciled_at timestamptz
    )
    """,
    """
    CREATE TABLE bank_statement (
        account_key bigint      NOT NULL,
        account     text        NOT NULL,
        day         date        NOT NULL,
        opening_fen bigint      NOT NULL,
        closing_fen bigint      NOT NULL,
        lines       integer     NOT NULL CHECK (lines >= 0),
        file_hash   bytea       NOT NULL,
        taken_by    text        NOT NULL,
        taken_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_key, day)
    )
    """,
    """
    CREATE TABLE bank_statement_line (
        account_key     bigint  NOT NULL,
        day             date    NOT NULL,
        line_no         integer NOT NULL,
        serial          text    NOT NULL,
        reference       text    NOT NULL,
        amount_fen      bigint  NOT NULL,
        counter_account bytea,
        counter_mark    bigint,
        counter_name    bytea,
        bank_code       text,
        summary         text    NOT NULL,
        PRIMARY KEY (account_key, day, line_no)
    )
    """,
    # What the ledger's vouchers do to our accounts, as its feed tells: zero effects are left out.
    """
    CREATE TABLE book_movement (
        account_key bigint  NOT NULL,
        account     text    NOT NULL,
        slot        integer NOT NULL,
        seq         bigint  NOT NULL,
        day         date    NOT NULL,
        value_day   date    NOT NULL,
        amount_fen  bigint  NOT NULL CHECK (amount_fen <> 0),
        mark        text    NOT NULL,
        paper       text,
        of_receipt  boolean NOT NULL,
        kind        text    NOT NULL,
        summary     text    NOT NULL,
        PRIMARY KEY (account_key, slot, seq)
    )
    """,
    "CREATE INDEX book_movement_by_day ON book_movement (account_key, day)",
    "CREATE INDEX book_movement_of_mark ON book_movement (account_key, mark)",
    """
    CREATE TABLE book_feed (
        name    text        PRIMARY KEY CHECK (name = 'ledger'),
        reached text        NOT NULL,
        read_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE reconciliation_item (
        account_key   bigint      NOT NULL,
        id            uuid        NOT NULL,
        account       text        NOT NULL,
        subject       text        NOT NULL,
        kind          text        NOT NULL,
        day           date        NOT NULL,
        statement_fen bigint      NOT NULL,
        list_fen      bigint      NOT NULL,
        book_fen      bigint      NOT NULL,
        receipt_key   bigint,
        receipt_id    uuid,
        district      text        NOT NULL,
        facts         text        NOT NULL,
        status        text        NOT NULL
                      CHECK (status IN ('in_transit', 'open', 'proposed', 'settled', 'cleared')),
        owner         text,
        reason        text,
        note          text,
        round         integer     NOT NULL DEFAULT 1,
        opened_on     date        NOT NULL,
        proposed_by   text,
        settled_by    text,
        settled_on    date,
        cleared_on    date,
        PRIMARY KEY (account_key, id),
        UNIQUE (account_key, subject),
        CHECK ((status IN ('proposed', 'settled')) <= (reason IS NOT NULL)),
        CHECK ((status = 'settled') <= (settled_on IS NOT NULL)),
        CHECK ((status = 'cleared') = (cleared_on IS NOT NULL))
    )
    """,
    """
    CREATE INDEX reconciliation_item_open ON reconciliation_item (account_key, day)
        WHERE status <> 'cleared'
    """,
    "CREATE INDEX reconciliation_item_by_id ON reconciliation_item (id)",
    "CREATE INDEX receipt_by_book_date ON receipt USING brin (book_date)",
    # Accounts that paid for a unit before, learned from matches that people confirmed. The key is a
    # hash of the number that only the installation can compute; it is equal for equal numbers.
    """
    CREATE TABLE payer_account (
        payer_key    bigint      NOT NULL,
        unit_id      bigint      NOT NULL,
        credit_code  text        NOT NULL,
        confirmed_by text        NOT NULL,
        confirmed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (payer_key, unit_id)
    )
    """,
    # Who finds out whose money in suspense it is.
    """
    CREATE TABLE suspense_owner (
        receipt_key bigint      NOT NULL,
        receipt_id  uuid        NOT NULL,
        owner       text        NOT NULL,
        assigned_by text        NOT NULL,
        assigned_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (receipt_key, receipt_id),
        FOREIGN KEY (receipt_key, receipt_id) REFERENCES suspense (receipt_key, receipt_id)
    )
    """,
    """
    CREATE TABLE reconciliation_letter (
        letter_key  bigint NOT NULL,
        id          uuid   NOT NULL,
        party       text   NOT NULL
                    CHECK (party IN ('bank', 'treasury', 'finance_bureau', 'district')),
        period      text   NOT NULL,
        district    text   NOT NULL,
        figures     jsonb  NOT NULL,
        status      text   NOT NULL
                    CHECK (status IN ('drafted', 'signed', 'agreed', 'disputed')),
        drafted_by  text   NOT NULL,
        drafted_on  date   NOT NULL,
        signed_by   text,
        signed_on   date,
        answered_by text,
        answered_on date,
        note        text,
        PRIMARY KEY (letter_key, id),
        CHECK ((status = 'drafted') = (signed_by IS NULL)),
        CHECK ((status IN ('agreed', 'disputed')) = (answered_by IS NOT NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX reconciliation_letter_one_a_month
        ON reconciliation_letter (letter_key, period) WHERE status <> 'disputed'
    """,
    "CREATE INDEX reconciliation_letter_by_id ON reconciliation_letter (id)",
)
WATCHED: Final = {
    "statement_account": Watched(("account", "expected_from")),
    "reconciliation_item": Watched(("account_key", "id")),
    "reconciliation_letter": Watched(("letter_key", "id")),
}
GRANTS: Final = {
    "statement_account": "SELECT, INSERT, UPDATE (expected_to)",
    "reconciliation_state": "SELECT, INSERT, UPDATE",
    "bank_statement": "SELECT, INSERT",
    "bank_statement_line": "SELECT, INSERT",
    "book_movement": "SELECT, INSERT",
    "book_feed": "SELECT, INSERT, UPDATE",
    "reconciliation_item": "SELECT, INSERT, UPDATE",
    "payer_account": "SELECT, INSERT",
    "suspense_owner": "SELECT, INSERT, UPDATE (owner, assigned_by, assigned_at)",
    "reconciliation_letter": "SELECT, INSERT, UPDATE (status, figures, signed_by, signed_on,"
    " answered_by, answered_on, note)",
}
NAMES: Final = (
    "reconciliation_letter",
    "suspense_owner",
    "payer_account",
    "reconciliation_item",
    "book_feed",
    "book_movement",
    "bank_statement_line",
    "bank_statement",
    "reconciliation_state",
    "statement_account",
)


def upgrade() -> None:
    """Make the tables, and record the changes of settings and items."""
    for statement in TABLES:
        op.execute(statement)
    for table, how in WATCHED.items():
        for statement in how.ddl(table):
            op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Drop what the bank said and what was worked out from it."""
    for table in WATCHED:
        for event in EVENTS:
            op.execute(f"DROP TRIGGER {table}_{event.lower()}_recorded ON {table}")
    op.execute("DROP INDEX receipt_by_book_date")
    for table in NAMES:
        op.execute(f"DROP TABLE {table}")
