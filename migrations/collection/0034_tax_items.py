"""Entries of the treasury by ticket, and work items of tax mode."""

from __future__ import annotations

from alembic import op

revision = "collection_0034"
down_revision = "collection_0033"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

UP = (
    # Under the key of the ticket, so that a ticket and its way are read together.
    """
    CREATE TABLE treasury_entry (
        line_key   bigint      NOT NULL,
        authority  text        NOT NULL,
        ticket     text        NOT NULL,
        treasury   text        NOT NULL,
        entry_no   text        NOT NULL,
        step       text        NOT NULL CHECK (step IN ('received', 'transferred')),
        amount_fen bigint      NOT NULL CHECK (amount_fen <> 0),
        on_day     date        NOT NULL,
        list_no    text        NOT NULL,
        taken_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (line_key, authority, ticket, treasury, entry_no, step)
    )
    """,
    """
    CREATE TABLE tax_item (
        unit_id     bigint      NOT NULL,
        id          uuid        NOT NULL,
        subject     text        NOT NULL,
        kind        text        NOT NULL CHECK (kind IN ('only_here', 'only_at_tax',
                                                         'amount_differs', 'unit_in_agency_mode')),
        credit_code text        NOT NULL,
        owner       text        NOT NULL,
        period      text        NOT NULL,
        insurance   text        NOT NULL,
        ours_fen    bigint      NOT NULL,
        theirs_fen  bigint      NOT NULL,
        receipt     text,
        status      text        NOT NULL CHECK (status IN ('open', 'proposed', 'closed')),
        opened_on   date        NOT NULL,
        remedy      text,
        reason      text,
        proposed_by text,
        closed_by   text,
        closed_at   timestamptz,
        closed_as   text        CHECK (closed_as IN ('settled', 'equal')),
        PRIMARY KEY (unit_id, id),
        CHECK ((status = 'closed') = (closed_as IS NOT NULL)),
        CHECK (closed_as IS DISTINCT FROM 'settled'
               OR (proposed_by IS NOT NULL AND closed_by IS NOT NULL AND closed_by <> proposed_by
                   AND reason IS NOT NULL AND remedy IS NOT NULL))
    )
    """,
    "CREATE UNIQUE INDEX tax_item_one_open ON tax_item (unit_id, subject) WHERE status <> 'closed'",
    "CREATE INDEX tax_item_by_id ON tax_item (id)",
    f"GRANT SELECT, INSERT ON treasury_entry TO {ROLE}",
    "GRANT SELECT, INSERT, UPDATE (kind, ours_fen, theirs_fen, status, remedy, reason, proposed_by,"
    f" closed_by, closed_at, closed_as) ON tax_item TO {ROLE}",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.execute("DROP TABLE tax_item")
    op.execute("DROP TABLE treasury_entry")
