"""Let a declaration change its status without a new entry in any index.

A declaration takes five steps in its month. PostgreSQL writes the changed row onto its page and leaves the
indexes alone as long as no column of an index changes and the page has room: so no index names the
status, and pages are filled by half. Whether a paper is void (superseded or withdrawn), which two
rules of uniqueness ask, stands in a column of its own that the database computes.
"""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "collection_0062"
down_revision = "collection_0061"
branch_labels = None
depends_on = None

FIRST: Final = """
    CREATE UNIQUE INDEX declaration_first
        ON declaration (unit_id, period)
     WHERE corrects IS NULL AND kind NOT IN ('project', 'extension') AND {0}
"""
CHAIN: Final = """
    CREATE UNIQUE INDEX declaration_chain
        ON declaration (unit_id, corrects)
     WHERE corrects IS NOT NULL AND {0}
"""
NOT_VOID: Final = "status NOT IN ('superseded', 'withdrawn')"
NAMING_THE_STATUS: Final = ("first", "chain", "of_district", "of_summary", "waiting", "returned")

UP: Final = (
    """
    ALTER TABLE declaration
      ADD COLUMN void boolean
          GENERATED ALWAYS AS (status IN ('superseded', 'withdrawn')) STORED
    """,
    "ALTER TABLE declaration SET (fillfactor = 50)",
    *(f"DROP INDEX declaration_{name}" for name in NAMING_THE_STATUS),
    FIRST.format("NOT void"),
    CHAIN.format("NOT void"),
    "CREATE INDEX declaration_of_district ON declaration (district, period, unit_id, id)",
    """
    CREATE INDEX declaration_of_summary
        ON declaration (summary_id, unit_id, id) WHERE summary_id IS NOT NULL
    """,
    # What waits for a step of a district is in no summary; it is a small part of all declarations.
    """
    CREATE INDEX declaration_unsent
        ON declaration (district, period, unit_id, id) WHERE summary_id IS NULL
    """,
)
DOWN: Final = (
    *(
        f"DROP INDEX declaration_{name}"
        for name in ("first", "chain", "of_district", "of_summary", "unsent")
    ),
    "ALTER TABLE declaration DROP COLUMN void",
    "ALTER TABLE declaration RESET (fillfactor)",
    FIRST.format(NOT_VOID),
    CHAIN.format(NOT_VOID),
    "CREATE INDEX declaration_of_district ON declaration (district, period, status, unit_id, id)",
    """
    CREATE INDEX declaration_of_summary
        ON declaration (summary_id, status, unit_id, id) WHERE summary_id IS NOT NULL
    """,
    """
    CREATE INDEX declaration_waiting
        ON declaration (district, status, stands_since, unit_id, id)
     WHERE status IN ('submitted', 'accepted', 'reviewed', 'returned')
    """,
    "CREATE INDEX declaration_returned ON declaration (period) WHERE status = 'returned'",
)


def upgrade() -> None:
    """Compute the column, and make the indexes without the status."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Make the indexes with the status again."""
    for statement in DOWN:
        op.execute(statement)
