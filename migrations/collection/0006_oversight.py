"""District inboxes, numbered summaries and their cut-off, who did what; dated changes of the register.

Since when a declaration stands where it stands is kept, so that an inbox can show the oldest first.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0006"
down_revision = "collection_0005"
branch_labels = None
depends_on = None

ROLE = "wuxian_collection"

HANDLING = (
    "ALTER TABLE declaration ADD COLUMN stands_since timestamptz",
    "UPDATE declaration SET stands_since = submitted_at",
    "ALTER TABLE declaration ALTER COLUMN stands_since SET DEFAULT now()",
    "ALTER TABLE declaration ALTER COLUMN stands_since SET NOT NULL",
    """
    CREATE INDEX declaration_waiting
        ON declaration (district, status, stands_since, unit_id, id)
     WHERE status IN ('submitted', 'accepted', 'reviewed', 'returned')
    """,
    "ALTER TABLE summary ADD COLUMN number integer",
    "ALTER TABLE summary ADD COLUMN sent_on date",
    "ALTER TABLE summary ADD COLUMN cut_off_on date",
    "ALTER TABLE summary ADD COLUMN late boolean NOT NULL DEFAULT false",
    """
    UPDATE summary
       SET number = counted.number,
           sent_on = CAST(summary.sent_at AT TIME ZONE 'Asia/Shanghai' AS date)
      FROM (SELECT district_key, id,
                   row_number() OVER (PARTITION BY district_key, period
                                      ORDER BY sent_at, id) AS number
              FROM summary) AS counted
     WHERE counted.district_key = summary.district_key AND counted.id = summary.id
    """,
    "ALTER TABLE summary ALTER COLUMN number SET NOT NULL",
    "ALTER TABLE summary ALTER COLUMN sent_on SET NOT NULL",
    "CREATE UNIQUE INDEX summary_numbered ON summary (district_key, period, number)",
    "ALTER TABLE summary DROP CONSTRAINT summary_status_check",
    "ALTER TABLE summary DROP CONSTRAINT summary_check",
    """
    ALTER TABLE summary ADD CONSTRAINT summary_status_check
        CHECK (status IN ('sent', 'audited', 'billed', 'returned'))
    """,
    """
    ALTER TABLE summary ADD CONSTRAINT summary_check
        CHECK (status IN ('sent', 'returned') OR bill_date IS NOT NULL)
    """,
    # What the centre says of one period; without a row the shipped rule holds.
    """
    CREATE TABLE cut_off (
        region     text        NOT NULL,
        period     text        NOT NULL CHECK (period ~ '^[0-9]{4}-[0-9]{2}$'),
        cut_off_on date        NOT NULL,
        source     text        NOT NULL,
        set_by     text        NOT NULL,
        set_at     timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (region, period)
    )
    """,
    "CREATE INDEX trail_of_person ON trail (person, at, id)",
    "CREATE INDEX trail_in_time ON trail (at, id)",
)

REGISTER = (
    # What sort of document the sealed number is of.
    """
    ALTER TABLE enrolment ADD COLUMN document text NOT NULL DEFAULT 'citizen'
        CHECK (document IN ('citizen', 'hk_macau_taiwan', 'permanent_resident', 'foreigner'))
    """,
    # Facts of units and the units of people, changed from a day on. `before` and `after` hold the
    # facts that change and no others, so a fact on an earlier day is read from the next change.
    """
    CREATE TABLE register_change (
        unit_id         bigint      NOT NULL REFERENCES unit (unit_id),
        id              uuid        NOT NULL,
        kind            text        NOT NULL CHECK (kind IN ('facts', 'block_transfer')),
        credit_code     text        NOT NULL,
        district        text        NOT NULL,
        decided_in      text        NOT NULL,
        status          text        NOT NULL CHECK (status IN ('proposed', 'in_force', 'refused')),
        effective_on    date        NOT NULL,
        before          jsonb       NOT NULL DEFAULT '{}',
        after           jsonb       NOT NULL DEFAULT '{}',
        to_unit_id      bigint,
        to_credit_code  text,
        people          integer     NOT NULL DEFAULT 0,
        reason          text        NOT NULL,
        proposed_at     timestamptz NOT NULL DEFAULT now(),
        decided_at      timestamptz,
        PRIMARY KEY (unit_id, id),
        CHECK ((kind = 'block_transfer') = (to_unit_id IS NOT NULL)),
        CHECK ((status = 'proposed') = (decided_at IS NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX register_change_one_proposed
        ON register_change (unit_id, kind) WHERE status = 'proposed'
    """,
    """
    CREATE INDEX register_change_waiting
        ON register_change (decided_in, proposed_at, unit_id, id) WHERE status = 'proposed'
    """,
    """
    CREATE TABLE register_change_person (
        unit_id   bigint  NOT NULL,
        change_id uuid    NOT NULL,
        line_no   integer NOT NULL,
        person_id bigint  NOT NULL,
        PRIMARY KEY (unit_id, change_id, line_no),
        FOREIGN KEY (unit_id, change_id) REFERENCES register_change (unit_id, id)
    )
    """,
    # Where a person may be enrolled: written before the enrolment itself, which alone is the truth.
    """
    CREATE TABLE person_unit (
        person_id bigint NOT NULL,
        unit_id   bigint NOT NULL,
        PRIMARY KEY (person_id, unit_id)
    )
    """,
    """
    INSERT INTO person_unit (person_id, unit_id)
    SELECT DISTINCT person_id, unit_id
      FROM enrolment
    """,
)

GRANTS = {
    "register_change": "SELECT, INSERT, UPDATE (status, decided_at)",
    "register_change_person": "SELECT, INSERT",
    "person_unit": "SELECT, INSERT",
    "summary": "UPDATE (status, bill_date, declarations, people, total_fen, funds)",
    "cut_off": "SELECT, INSERT, UPDATE (cut_off_on, source, set_by, set_at)",
}

HANDLING_UNDONE = (
    "DROP INDEX trail_in_time",
    "DROP INDEX trail_of_person",
    "DROP TABLE cut_off",
    "DELETE FROM summary WHERE status = 'returned'",
    "ALTER TABLE summary DROP CONSTRAINT summary_check",
    "ALTER TABLE summary DROP CONSTRAINT summary_status_check",
    """
    ALTER TABLE summary ADD CONSTRAINT summary_status_check
        CHECK (status IN ('sent', 'audited', 'billed'))
    """,
    """
    ALTER TABLE summary ADD CONSTRAINT summary_check
        CHECK (status = 'sent' OR bill_date IS NOT NULL)
    """,
    "DROP INDEX summary_numbered",
    "ALTER TABLE summary DROP COLUMN late",
    "ALTER TABLE summary DROP COLUMN cut_off_on",
    "ALTER TABLE summary DROP COLUMN sent_on",
    "ALTER TABLE summary DROP COLUMN number",
    f"REVOKE UPDATE (declarations, people, total_fen, funds) ON summary FROM {ROLE}",
    "DROP INDEX declaration_waiting",
    "ALTER TABLE declaration DROP COLUMN stands_since",
)


def upgrade() -> None:
    """Add columns and tables, grant what the service needs."""
    for statement in (*HANDLING, *REGISTER):
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Take away what the upgrade made; a summary that was sent back goes with it."""
    op.execute("ALTER TABLE enrolment DROP COLUMN document")
    for table in ("person_unit", "register_change_person", "register_change"):
        op.execute(f"DROP TABLE {table}")
    for statement in HANDLING_UNDONE:
        op.execute(statement)
