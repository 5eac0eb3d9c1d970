"""District inboxes, numbered summaries and their cut-off, who did what in time.

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

GRANTS = {
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
    for statement in HANDLING:
        op.execute(statement)
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    """Take away what the upgrade made; a summary that was sent back goes with it."""
    for statement in HANDLING_UNDONE:
        op.execute(statement)
