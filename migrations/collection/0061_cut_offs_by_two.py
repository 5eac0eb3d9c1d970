"""Two people set a period's cut-off and the database writes it; days set before stay."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "collection_0061"
down_revision = "collection_0060"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"

UP: Final = (
    """
    CREATE FUNCTION write_cut_off(key bigint, change uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = collection, pg_temp AS $$
    DECLARE
        paper signed_change := sign_off(key, change, 'cut_off');
    BEGIN
        INSERT INTO cut_off (region, period, cut_off_on, source, set_by)
        VALUES (paper.content ->> 'region', paper.content ->> 'period',
                CAST(paper.content ->> 'cut_off_on' AS date), paper.reason,
                paper.filed_by || ' / ' || paper.decided_by)
        ON CONFLICT (region, period) DO UPDATE
           SET cut_off_on = excluded.cut_off_on, source = excluded.source,
               set_by = excluded.set_by, set_at = excluded.set_at;
    END
    $$
    """,
    "REVOKE EXECUTE ON FUNCTION write_cut_off(bigint, uuid) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION write_cut_off(bigint, uuid) TO {ROLE}",
    f"REVOKE INSERT ON cut_off FROM {ROLE}",
    f"REVOKE UPDATE (cut_off_on, source, set_by, set_at) ON cut_off FROM {ROLE}",
)
DOWN: Final = (
    f"GRANT INSERT, UPDATE (cut_off_on, source, set_by, set_at) ON cut_off TO {ROLE}",
    "DROP FUNCTION write_cut_off(bigint, uuid)",
)


def upgrade() -> None:
    """Take the right to write from the service, and make the function."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Let one person set a cut-off again."""
    for statement in DOWN:
        op.execute(statement)
