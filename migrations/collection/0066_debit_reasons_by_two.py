"""Two people set what a bank's code of a refusal means, and the database writes it.

Codes that a database has already stay as they are.
"""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "collection_0066"
down_revision = "collection_0065"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"

UP: Final = (
    "ALTER TABLE debit_reason ADD COLUMN set_by text NOT NULL DEFAULT 'shipped'",
    """
    CREATE FUNCTION write_debit_reason(key bigint, change uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = collection, pg_temp AS $$
    DECLARE
        paper signed_change := sign_off(key, change, 'debit_reason');
    BEGIN
        INSERT INTO debit_reason (code, class, meaning, source, certain, set_by)
        VALUES (paper.content ->> 'code', paper.content ->> 'reason_class',
                paper.content ->> 'meaning', paper.content ->> 'source',
                CAST(paper.content ->> 'certain' AS boolean),
                paper.filed_by || ' / ' || paper.decided_by)
        ON CONFLICT (code) DO UPDATE
           SET class = excluded.class, meaning = excluded.meaning, source = excluded.source,
               certain = excluded.certain, set_by = excluded.set_by;
    END
    $$
    """,
    "REVOKE EXECUTE ON FUNCTION write_debit_reason(bigint, uuid) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION write_debit_reason(bigint, uuid) TO {ROLE}",
)
DOWN: Final = (
    "DROP FUNCTION write_debit_reason(bigint, uuid)",
    "ALTER TABLE debit_reason DROP COLUMN set_by",
)


def upgrade() -> None:
    """Say who set each code, and make the function."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Keep the codes, without who set them."""
    for statement in DOWN:
        op.execute(statement)
