"""A provisional due day is settled once, when the workdays of its year are known; others never change."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "collection_0064"
down_revision = "collection_0063"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"

UP: Final = (
    "CREATE INDEX bill_provisional ON bill (period, policy_id, unit_id, id) WHERE due_estimated",
    """
    CREATE FUNCTION bill_due_day_stands() RETURNS trigger LANGUAGE plpgsql
    SET search_path = collection, pg_temp AS $$
    BEGIN
        IF NOT OLD.due_estimated OR NEW.due_estimated OR NEW.due_on < OLD.issued_on THEN
            RAISE EXCEPTION 'a due day is settled once, where it was provisional'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bill_due_day_stands';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER bill_due_day_stands BEFORE UPDATE OF due_on, due_estimated ON bill
        FOR EACH ROW EXECUTE FUNCTION bill_due_day_stands()
    """,
    f"GRANT UPDATE (due_on, due_estimated) ON bill TO {ROLE}",
)
DOWN: Final = (
    f"REVOKE UPDATE (due_on, due_estimated) ON bill FROM {ROLE}",
    "DROP TRIGGER bill_due_day_stands ON bill",
    "DROP FUNCTION bill_due_day_stands()",
    "DROP INDEX bill_provisional",
)


def upgrade() -> None:
    """Let the service settle a provisional due day, and nothing else of it."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Keep due days as they were settled."""
    for statement in DOWN:
        op.execute(statement)
