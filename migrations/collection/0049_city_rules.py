"""The city's own rules as versions of documents, which two people correct and the database writes.

A document without a version is as it is shipped.
"""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "collection_0049"
down_revision = "collection_0048"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"

UP: Final = (
    """
    CREATE TABLE city_rule (
        rule    text        NOT NULL,
        version integer     NOT NULL CHECK (version > 0),
        content jsonb       NOT NULL,
        reason  text        NOT NULL,
        set_by  text        NOT NULL,
        set_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (rule, version)
    )
    """,
    """
    CREATE FUNCTION write_city_rule(key bigint, change uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = collection, pg_temp AS $$
    DECLARE
        paper signed_change := sign_off(key, change, 'city_rule');
    BEGIN
        INSERT INTO city_rule (rule, version, content, reason, set_by)
        SELECT paper.target,
               1 + coalesce((SELECT max(version) FROM city_rule WHERE rule = paper.target), 0),
               paper.content, paper.reason, paper.filed_by || ' / ' || paper.decided_by;
    END
    $$
    """,
    "REVOKE EXECUTE ON FUNCTION write_city_rule(bigint, uuid) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION write_city_rule(bigint, uuid) TO {ROLE}",
    f"GRANT SELECT ON city_rule TO {ROLE}",
)
DOWN: Final = (
    "DROP FUNCTION write_city_rule(bigint, uuid)",
    "DROP TABLE city_rule",
)


def upgrade() -> None:
    """Make the table of versions and the function that writes one."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Go back to the shipped documents."""
    for statement in DOWN:
        op.execute(statement)
