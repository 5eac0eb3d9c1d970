"""The operator may seal units' accounts with another key: nothing else, and nobody else."""

from __future__ import annotations

from typing import Final

from alembic import op

from shared.security import key_check, resealing

revision = "collection_0035"
down_revision = "collection_0034"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"
CHANGED: Final = {
    "register_change": (
        "before, after",
        """
        OLD.before #- '{bank,number}' IS DISTINCT FROM NEW.before #- '{bank,number}'
        OR OLD.after #- '{bank,number}' IS DISTINCT FROM NEW.after #- '{bank,number}'
        OR (OLD.before <> NEW.before AND OLD.before -> 'bank' ->> 'number' LIKE 'sealed:%')
        OR (OLD.after <> NEW.after AND OLD.after -> 'bank' ->> 'number' LIKE 'sealed:%')
        """,
        "'{bank,number}', 'before', 'after'",
    ),
    "debit_line": (
        "bank",
        """
        OLD.bank - 'number' <> NEW.bank - 'number'
        OR (OLD.bank <> NEW.bank AND OLD.bank ->> 'number' LIKE 'sealed:%')
        """,
        "'{number}', 'bank'",
    ),
}

RESEALED: Final = """
CREATE FUNCTION is_resealed(before text, after text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT after LIKE 'sealed:%'
       AND (before NOT LIKE 'sealed:%'
            OR moved_to_key(decode(substring(before FROM 8), 'base64'),
                            decode(substring(after FROM 8), 'base64')))
$$
"""

REFUSE: Final = f"""
CREATE OR REPLACE FUNCTION refuse_sealed_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    path   text[];
    sealed text[];
    before jsonb;
    after  jsonb;
BEGIN
    -- The operator's command seals with another key: every other column and member stays, and each
    -- number stays or moves from one noted key to another. The service itself may not.
    IF TG_NARGS > 0 AND current_user <> '{ROLE}' THEN
        path := CAST(TG_ARGV[0] AS text[]);
        sealed := TG_ARGV[1:];
        before := to_jsonb(OLD);
        after := to_jsonb(NEW);
        IF before - sealed = after - sealed AND NOT EXISTS (
               SELECT
                 FROM unnest(sealed) AS name
                WHERE before -> name IS DISTINCT FROM after -> name
                  AND (before -> name #- path = after -> name #- path
                       AND is_resealed(before -> name #>> path, after -> name #>> path))
                      IS NOT TRUE)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'a sealed account of % never changes', TG_TABLE_NAME
          USING ERRCODE = 'restrict_violation';
END
$$
"""

REFUSE_ALL: Final = """
CREATE OR REPLACE FUNCTION refuse_sealed_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a sealed account of % never changes', TG_TABLE_NAME
          USING ERRCODE = 'restrict_violation';
END
$$
"""


def upgrade() -> None:
    """Let a number move to another key, and note which keys are retired."""
    op.execute(key_check.RETIRED_DDL)
    for statement in (*resealing.MOVED_DDL, RESEALED, REFUSE):
        op.execute(statement)
    for table, (columns, changed, names) in CHANGED.items():
        _guard(table, columns, changed, names)


def _guard(table: str, columns: str, changed: str, names: str) -> None:
    op.execute(f"DROP TRIGGER {table}_sealed_once ON {table}")
    op.execute(f"""
        CREATE TRIGGER {table}_sealed_once BEFORE UPDATE OF {columns} ON {table}
           FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION refuse_sealed_change({names})
    """)


def downgrade() -> None:
    """Refuse every change again."""
    for table, (columns, changed, _) in CHANGED.items():
        _guard(table, columns, changed, "")
    op.execute(REFUSE_ALL)
    op.execute("DROP FUNCTION is_resealed(text, text)")
    op.execute("DROP FUNCTION moved_to_key(bytea, bytea)")
    op.execute("DROP FUNCTION sealed_with(bytea)")
    op.execute("ALTER TABLE key_fingerprint DROP COLUMN retired_at")
