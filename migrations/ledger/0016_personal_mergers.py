"""Personal accounts of two records of one person are merged.

A row says that an account ended in another one. Credits and closed years stay as they are; the view
follows the chain to the person for whom they count.
"""

from __future__ import annotations

from alembic import op

revision = "ledger_0016"
down_revision = "ledger_0015"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE personal_merger (
        person_id    bigint           NOT NULL PRIMARY KEY,
        survivor_id  bigint           NOT NULL,
        survivor     text             NOT NULL,
        paper        text COLLATE "C" NOT NULL,
        balances_fen jsonb            NOT NULL,
        recorded_by  text             NOT NULL,
        recorded_at  timestamptz      NOT NULL DEFAULT clock_timestamp(),
        CHECK (person_id <> survivor_id)
    )
    """,
    "CREATE INDEX personal_merger_survivor ON personal_merger (survivor_id)",
    """
    CREATE VIEW personal_holder AS
    WITH RECURSIVE followed AS (
        SELECT person_id, survivor_id AS holder_id
          FROM personal_merger
         UNION
        SELECT followed.person_id, later.survivor_id
          FROM followed
          JOIN personal_merger AS later
            ON later.person_id = followed.holder_id
    )
    SELECT person_id, holder_id
      FROM followed
     WHERE NOT EXISTS (SELECT 1
                         FROM personal_merger AS later
                        WHERE later.person_id = followed.holder_id)
    """,
    """
    CREATE TRIGGER personal_merger_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON personal_merger
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    "GRANT SELECT, INSERT ON personal_merger TO wuxian_ledger",
    "GRANT SELECT ON personal_holder TO wuxian_ledger",
)


def upgrade() -> None:
    """Make the table and the view."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP VIEW personal_holder")
    op.execute("DROP TABLE personal_merger")
